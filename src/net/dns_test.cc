#include "net/dns.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "net/address_order.h"
#include "net/name_server_test_support.h"

namespace bia::net {
namespace {

using Texts = std::vector<std::string>;

std::vector<std::string> texts(const Result<std::vector<Endpoint>>& found) {
  if (!found) return {found.error().reason() + ": " + found.error().message()};
  std::vector<std::string> out;
  for (const Endpoint& each : *found) out.push_back(each.text());
  std::sort(out.begin(), out.end());  // How they are ordered depends on the machine's routes.
  return out;
}

const std::vector<std::string> kBoth = {"127.0.0.1:80", "[::1]:80"};

TEST(Dns, AsksForBothKindsOnceForAllAskers) {
  in_scheduler([] {
    NameServer server(300);
    Dns dns({.servers = server.address()});
    std::vector<fiber::Fiber> askers;
    for (int i = 0; i < 5; ++i)
      askers.push_back(start(
          [&] { EXPECT_EQ(texts(dns.look_up("a.example", 80, Deadline::after(kSoon))), kBoth); }));
    for (auto& each : askers) EXPECT_TRUE(each.join(Deadline::after(kSoon)).ok());
    EXPECT_EQ(dns.queries(), 1u);
    EXPECT_EQ(server.asked(), 2) << "A and AAAA";
    EXPECT_EQ(texts(dns.look_up("a.example", 443, Deadline::after(kSoon))).at(0), "127.0.0.1:443");
    EXPECT_EQ(dns.queries(), 1u) << "it is kept";
    EXPECT_EQ(texts(dns.look_up("b.example", 80, Deadline::after(kSoon))), kBoth);
    EXPECT_EQ(dns.queries(), 2u);
    EXPECT_EQ(texts(dns.look_up("b.example", 80, Deadline::after(kSoon), Freshness::kNew)), kBoth);
    EXPECT_EQ(dns.queries(), 3u) << "asked for";
  });
}

TEST(Dns, KeepsAnswersAsLongAsTheySay) {
  in_scheduler([] {
    NameServer none(0);
    Dns dns({.servers = none.address()});
    for (uint64_t i = 1; i <= 2; ++i) {
      EXPECT_EQ(texts(dns.look_up("a.example", 80, Deadline::after(kSoon))), kBoth);
      EXPECT_EQ(dns.queries(), i) << "a TTL of 0 is not kept";
    }
    NameServer server(300);
    Dns bounded({.servers = server.address(), .ttl_max = std::chrono::milliseconds(1)});
    for (uint64_t i = 1; i <= 2; ++i) {
      EXPECT_EQ(texts(bounded.look_up("a.example", 80, Deadline::after(kSoon))), kBoth);
      EXPECT_EQ(bounded.queries(), i);
      fiber::sleep_for(std::chrono::milliseconds(3)).ignore("test");
    }
  });
}

TEST(Dns, ForgetsNamesAboveItsLimit) {
  in_scheduler([] {
    NameServer server(300);
    Dns dns({.servers = server.address(), .names_max = 2});
    for (const char* name : {"a.example", "b.example", "a.example", "b.example"})
      EXPECT_TRUE(dns.look_up(name, 80, Deadline::after(kSoon)).ok());
    EXPECT_EQ(dns.queries(), 2u) << "at the limit";
    for (const char* name : {"c.example", "a.example"})
      EXPECT_TRUE(dns.look_up(name, 80, Deadline::after(kSoon)).ok());
    EXPECT_EQ(dns.queries(), 4u) << "above it";
  });
}

TEST(Dns, FailuresAreNotKept) {
  in_scheduler([] {
    NameServer server(300);
    Dns dns({.servers = server.address()});
    for (uint64_t i = 1; i <= 2; ++i) {
      EXPECT_EQ(texts(dns.look_up("missing.example", 80, Deadline::after(kSoon))),
                std::vector<std::string>{"NO_SUCH_HOST: lookup missing.example: no such host"});
      EXPECT_EQ(dns.queries(), i);
    }
  });
}

TEST(Dns, AsksByTcpWhereAnAnswerIsTooLongForUdp) {
  in_scheduler([] {
    NameServer server(300);
    Dns dns({.servers = server.address()});
    EXPECT_EQ(texts(dns.look_up("large.example", 80, Deadline::after(kSoon))), kBoth);
    EXPECT_EQ(server.asked_by_tcp(), 2);
  });
}

TEST(Dns, AFamilyThatStaysSilentIsNotWaitedFor) {
  in_scheduler([] {
    NameServer server(300);
    Dns dns({.servers = server.address()});
    // Less than what c-ares takes for one try.
    const Deadline soon = Deadline::after(std::chrono::milliseconds(1900));
    EXPECT_EQ(texts(dns.look_up("half.example", 80, soon)), Texts{"127.0.0.1:80"});
    EXPECT_EQ(texts(dns.look_up("half.missing.example", 80, soon)),
              Texts{"NO_SUCH_HOST: lookup half.missing.example: no such host"});
    fiber::yield();
    EXPECT_EQ(fiber::Scheduler::current().fiber_count(), 3u) << "this one and the server's";
    if (!source_for(Endpoint::parse("[::1]:80").value())) return;  // A machine without IPv6.
    const Deadline sooner = Deadline::after(std::chrono::milliseconds(500));
    EXPECT_EQ(texts(dns.look_up("other.example", 80, sooner)), Texts{"[::1]:80"});
    EXPECT_FALSE(sooner.expired()) << "there is time to connect";
  });
}

TEST(Dns, ASlowARecordIsWaitedForBehindAaaa) {
  in_scheduler([] {
    NameServer server(300);
    Dns dns({.servers = server.address()});
    EXPECT_EQ(texts(dns.look_up("late4.example", 80, Deadline::after(kSoon))), kBoth);
    EXPECT_EQ(texts(dns.look_up("late4.example", 80, Deadline::after(kSoon))), kBoth);
    EXPECT_EQ(dns.queries(), 1u) << "a whole answer is kept";
  });
}

TEST(Dns, HalfAnAnswerIsNotKept) {
  in_scheduler([] {
    NameServer server(300);
    Dns dns({.servers = server.address()});
    uint64_t queries = 0;
    for (const char* name : {"half.example", "refused6.example"}) {
      for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(texts(dns.look_up(name, 80, Deadline::after(kSoon))), Texts{"127.0.0.1:80"});
        EXPECT_EQ(dns.queries(), ++queries) << name;
      }
    }
    // AAAA comes later than what it is given.
    EXPECT_EQ(texts(dns.look_up("late6.example", 80, Deadline::after(kSoon))).at(0),
              "127.0.0.1:80");
    EXPECT_EQ(texts(dns.look_up("late6.example", 80, Deadline::after(kSoon), Freshness::kNew)),
              kBoth);
    EXPECT_EQ(texts(dns.look_up("late6.example", 80, Deadline::after(kSoon))), kBoth) << "kept";
  });
}

TEST(Dns, ANewListIsWholeButForAFamilyThatStaysSilent) {
  in_scheduler([] {
    NameServer server(300);
    Dns dns({.servers = server.address()});
    const auto whole = [&](const char* name) {
      return texts(dns.look_up(name, 80, Deadline::after(kSoon), Freshness::kNew));
    };
    // Who is content with less at the same time has a query of his own.
    auto other = start([&] {
      EXPECT_EQ(texts(dns.look_up("late6.example", 80, Deadline::after(kSoon))).at(0),
                "127.0.0.1:80");
    });
    EXPECT_EQ(whole("late6.example"), kBoth);
    EXPECT_EQ(whole("late4.example"), kBoth);
    // c-ares' own tries end after kSoon.
    EXPECT_EQ(whole("half.example"), Texts{"127.0.0.1:80"});
    EXPECT_TRUE(other.join(Deadline::after(kSoon)).ok());
    // That there is no such name goes for both: a search list does not cost 2 s a name.
    const Deadline sooner = Deadline::after(std::chrono::milliseconds(1900));
    EXPECT_EQ(texts(dns.look_up("half.missing.example", 80, sooner, Freshness::kNew)),
              Texts{"NO_SUCH_HOST: lookup half.missing.example: no such host"});
  });
}

TEST(Dns, BothFamiliesAreAskedForEachNameOfTheSearchList) {
  in_scheduler([] {
    NameServer server(300);
    char path[] = "/tmp/bia_dns_XXXXXX";
    close(mkstemp(path));
    std::ofstream(path) << "search missing.example b.example c.example\noptions ndots:2\n";
    Dns dns({.servers = server.address(), .config = path});
    const Deadline soon = Deadline::after(kSoon);
    EXPECT_EQ(texts(dns.look_up("v4only", 80, soon)), Texts{"127.0.0.1:80"})
        << "not the next name's AAAA";
    EXPECT_EQ(server.names(), (Texts{"v4only.missing.example", "v4only.b.example"}));
    EXPECT_EQ(texts(dns.look_up("a.x.example", 80, soon)), kBoth);
    EXPECT_EQ(texts(dns.look_up("dot.", 80, soon)), kBoth);
    EXPECT_EQ(texts(dns.look_up("one.dot", 80, soon)), kBoth);
    EXPECT_EQ(server.names(), (Texts{"v4only.missing.example", "v4only.b.example", "a.x.example",
                                     "dot", "one.dot.missing.example", "one.dot.b.example"}));
    unlink(path);
  });
}

TEST(Dns, OneThatIsGivenUpLeavesNothingBehind) {
  in_scheduler([] {
    NameServer server(300);
    Dns dns({.servers = server.address()});
    const auto ask = [&](Duration patience) {
      return dns.look_up("silent.example", 80, Deadline::after(patience));
    };
    auto other = start([&] {
      EXPECT_EQ(ask(std::chrono::milliseconds(20)).error().code(), Code::kDeadlineExceeded);
    });
    EXPECT_EQ(ask(std::chrono::milliseconds(5)).error().code(), Code::kDeadlineExceeded);
    EXPECT_TRUE(other.join(Deadline::after(kSoon)).ok());
    EXPECT_EQ(dns.queries(), 1u);
    for (int i = 0; i < 3; ++i) fiber::yield();
    EXPECT_EQ(fiber::Scheduler::current().fiber_count(), 3u) << "this one and the server's";
    EXPECT_EQ(ask(std::chrono::milliseconds(5)).error().code(), Code::kDeadlineExceeded);
    EXPECT_EQ(dns.queries(), 2u);
    fiber::yield();
  });
}

}  // namespace
}  // namespace bia::net
