#include "net/dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "net/test_support.h"

namespace bia::net {
namespace {

/// A name server that has an A and an AAAA record for every name but those below "missing.example",
/// says nothing about "silent.example", about "half…" only A, about "other…" only AAAA, and about
/// "large.example" only by TCP. A name with "v4only" has no AAAA.
class NameServer {
 public:
  explicit NameServer(uint32_t ttl) : ttl_(ttl) {
    while (!bind_both()) {
    }
    serving_ = start([this] { serve(); });
    serving_tcp_ = start([this] { serve_tcp(); });
  }
  ~NameServer() {
    for (fiber::Fiber* each : {&serving_, &serving_tcp_}) {
      each->cancel();
      EXPECT_TRUE(each->join(Deadline::after(kSoon)).ok());
    }
    close(fd_);
    close(listener_);
  }
  int asked_by_tcp() const { return asked_by_tcp_; }
  const std::string& address() const { return address_; }
  int asked() const { return asked_; }
  /// In the order of their first question.
  const std::vector<std::string>& names() const { return names_; }

 private:
  /// False where UDP's port is taken for TCP.
  bool bind_both() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(bind(fd_, at, size), 0);
    getsockname(fd_, at, &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener_, at, size) == 0 && listen(listener_, 8) == 0) return true;
    close(fd_);
    close(listener_);
    return false;
  }

  void serve() {
    auto watch = fiber::FdWatch::create(fd_).value();
    while (watch.wait_readable(Deadline::never())) {
      unsigned char bytes[512];
      sockaddr_in peer{};
      socklen_t size = sizeof peer;
      const ssize_t count =
          recvfrom(fd_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&peer), &size);
      if (count < 0) {
        watch.clear_readable();
        continue;
      }
      ++asked_;
      const std::string_view question(reinterpret_cast<char*>(bytes), size_t(count));
      note(question.substr(12));
      std::string reply = answer(question);
      if (reply.find("large") != std::string::npos) {
        reply[2] = '\x83';  // TC: it did not fit
        reply[7] = '\0';
        reply.resize(reply.find('\0', 12) + 5);
      }
      if (!reply.empty())
        sendto(fd_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
    }
  }

  void serve_tcp() {
    auto watch = fiber::FdWatch::create(listener_).value();
    while (watch.wait_readable(Deadline::never())) {
      const int accepted = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (accepted < 0) {
        watch.clear_readable();
        continue;
      }
      auto socket = Socket::adopt(accepted).value();
      std::string in;
      char bytes[512];
      for (;;) {
        auto count = socket.read_some(bytes, Deadline::after(kSoon));
        if (!count || *count == 0) break;
        in.append(bytes, *count);
        while (in.size() > 2 && in.size() >= 2u + static_cast<unsigned char>(in[1])) {
          ++asked_by_tcp_;
          const std::string reply = answer(in.substr(2, static_cast<unsigned char>(in[1])));
          in.erase(0, 2u + static_cast<unsigned char>(in[1]));
          const std::string sized = std::string(1, '\0') + static_cast<char>(reply.size()) + reply;
          if (!socket.write_all(sized, Deadline::after(kSoon))) break;
        }
      }
    }
  }

  void note(std::string_view labels) {
    std::string name;
    while (labels[0] != '\0') {
      if (!name.empty()) name += '.';
      name += labels.substr(1, static_cast<size_t>(labels[0]));
      labels.remove_prefix(static_cast<size_t>(labels[0]) + 1);
    }
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) names_.push_back(name);
  }

  std::string answer(std::string_view question) const {
    if (question.find("silent") != std::string_view::npos) return {};
    const bool missing = question.find("missing") != std::string_view::npos;
    const size_t name_end = question.find('\0', 12);
    const char type = question[name_end + 2];
    if (question.find(type == 1 ? "other" : "half") != std::string_view::npos) return {};
    const bool none = missing || (type != 1 && question.find("v4only") != std::string_view::npos);
    std::string out(question.substr(0, 2));
    out.append(missing ? "\x81\x83" : "\x81\x80", 2);
    out.append("\0\1\0", 3).append(1, none ? '\0' : '\1').append("\0\0\0\0", 4);
    out.append(question.substr(12, name_end + 5 - 12));
    if (none) return out;
    out.append("\xc0\x0c\0", 3).append(1, type).append("\0\1", 2);
    for (int shift = 24; shift >= 0; shift -= 8) out.append(1, static_cast<char>(ttl_ >> shift));
    if (type == 1) return out.append("\0\4\xc0\0\2\1", 6);
    return out.append("\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 18);
  }

  uint32_t ttl_;
  int fd_ = -1;
  std::string address_;
  int asked_ = 0;
  std::vector<std::string> names_;
  int asked_by_tcp_ = 0;
  int listener_ = -1;
  fiber::Fiber serving_;
  fiber::Fiber serving_tcp_;
};

using Texts = std::vector<std::string>;

std::vector<std::string> texts(const Result<std::vector<Endpoint>>& found) {
  if (!found) return {found.error().reason() + ": " + found.error().message()};
  std::vector<std::string> out;
  for (const Endpoint& each : *found) out.push_back(each.text());
  std::sort(out.begin(), out.end());  // How they are ordered depends on the machine's routes.
  return out;
}

const std::vector<std::string> kBoth = {"192.0.2.1:80", "[2001:db8::1]:80"};

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
    EXPECT_EQ(texts(dns.look_up("a.example", 443, Deadline::after(kSoon))).at(0), "192.0.2.1:443");
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
    EXPECT_EQ(texts(dns.look_up("half.example", 80, soon)), Texts{"192.0.2.1:80"});
    EXPECT_EQ(texts(dns.look_up("half.missing.example", 80, soon)),
              Texts{"NO_SUCH_HOST: lookup half.missing.example: no such host"});
    fiber::yield();
    EXPECT_EQ(fiber::Scheduler::current().fiber_count(), 3u) << "this one and the server's";
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
    EXPECT_EQ(texts(dns.look_up("v4only", 80, soon)), Texts{"192.0.2.1:80"})
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
