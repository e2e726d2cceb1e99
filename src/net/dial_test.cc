// Connecting to a name while the answer to its look-up is still on the way (RFC 8305).
#include <netinet/in.h>
#include <unistd.h>

#include "net/address_order.h"
#include "net/dns.h"
#include "net/look_up.h"
#include "net/name_server_test_support.h"

namespace bia::net {
namespace {

using std::chrono::milliseconds;

/// One port of 127.0.0.1 and of ::1, which are what the name server answers.
class Ports {
 public:
  enum class V4 { kRefuses, kSilent };
  explicit Ports(V4 v4) {
    do {
      close(held_);
      held_ = socket(AF_INET, SOCK_STREAM, 0);
      const Endpoint any = Endpoint::parse("127.0.0.1:0").value();
      EXPECT_EQ(bind(held_, static_cast<const sockaddr*>(any.data()), any.size()), 0);
      sockaddr_in address{};
      socklen_t size = sizeof address;
      getsockname(held_, reinterpret_cast<sockaddr*>(&address), &size);
      at_ = Endpoint::from_sockaddr(&address, size);
      auto bound = Listener::bind(Endpoint::parse("[::1]:" + std::to_string(port())).value(), {});
      if (bound) v6 = std::move(*bound);
    } while (v6.fd() < 0);
    if (v4 == V4::kRefuses) return;
    // Its queue is full: the kernel drops what comes.
    EXPECT_EQ(listen(held_, 0), 0);
    for (int i = 0; i < 4; ++i) {
      auto one = Socket::connect(at_, Deadline::after(milliseconds(50)));
      if (one) fillers_.push_back(std::move(*one));
    }
  }
  ~Ports() { close(held_); }
  uint16_t port() const { return at_.port(); }

  Listener v6;

 private:
  int held_ = -1;
  Endpoint at_;
  std::vector<Socket> fillers_;
};

class Dial : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!source_for(Endpoint::parse("[::1]:80").value())) GTEST_SKIP() << "no IPv6 here";
  }
};

/// Lets the look-up's first half do, and then the rest come.
void release_late(NameServer& server, const Duration& looking_up) {
  while (looking_up == Duration::zero()) fiber::sleep_for(milliseconds(1)).ignore("test");
  for (int i = 0; i < 10; ++i) fiber::yield();
  server.release();
}

TEST_F(Dial, AnAddressThatComesLateJoinsTheAttempts) {
  for (const Ports::V4 v4 : {Ports::V4::kSilent, Ports::V4::kRefuses}) {
    in_scheduler([v4] {
      NameServer server(300);
      Ports ports(v4);
      Dns dns({.servers = server.address()});
      Duration looking_up{};
      auto late = start([&] { release_late(server, looking_up); });
      auto connected = dial_name(dns, "held6.example", ports.port(),
                                 Deadline::after(std::chrono::minutes(1)), looking_up);
      ASSERT_TRUE(connected.ok()) << connected.error().message();
      EXPECT_EQ(connected->endpoint.host(), "::1");
      EXPECT_EQ(connected->socket.peer().text(), connected->endpoint.text());
      EXPECT_TRUE(late.join(Deadline::after(kSoon)).ok());
    });
  }
}

TEST_F(Dial, BeginsWithAaaaWithoutA) {
  in_scheduler([] {
    NameServer server(300);
    Ports ports(Ports::V4::kRefuses);
    Dns dns({.servers = server.address()});
    Duration looking_up{};
    auto connected = dial_name(dns, "other.example", ports.port(),
                               Deadline::after(std::chrono::minutes(1)), looking_up);
    ASSERT_TRUE(connected.ok()) << connected.error().message();
    // What those get who want the list.
    EXPECT_LT(looking_up, std::chrono::seconds(1));
    for (int i = 0; i < 3; ++i) fiber::yield();
    EXPECT_EQ(fiber::Scheduler::current().fiber_count(), 3u) << "this one and the server's";
  });
}

TEST_F(Dial, AFamilyThatStaysSilentIsNotWaitedForWithoutEnd) {
  in_scheduler([] {
    NameServer server(300);
    Ports ports(Ports::V4::kRefuses);
    Dns dns({.servers = server.address()});
    Duration looking_up{};
    // c-ares' own tries end after kSoon.
    auto connected =
        dial_name(dns, "half.example", ports.port(), Deadline::after(kSoon), looking_up);
    ASSERT_FALSE(connected.ok());
    EXPECT_EQ(connected.error().reason(), "CONNECTION_REFUSED");
    EXPECT_EQ(dial_name(dns, "half.missing.example", 80, Deadline::after(kSoon), looking_up)
                  .error()
                  .reason(),
              "NO_SUCH_HOST");
    EXPECT_EQ(dial_name(dns, "silent.example", 80, Deadline::after(milliseconds(20)), looking_up)
                  .error()
                  .code(),
              Code::kDeadlineExceeded);
  });
}

TEST_F(Dial, AWholeAnswerIsKept) {
  in_scheduler([] {
    NameServer server(300);
    Ports ports(Ports::V4::kRefuses);
    Dns dns({.servers = server.address()});
    Duration looking_up{};
    for (int i = 0; i < 2; ++i) {
      // Whichever family comes first.
      EXPECT_TRUE(dns.look_up("a.example", 80, Deadline::after(kSoon)).ok());
      auto connected =
          dial_name(dns, "a.example", ports.port(), Deadline::after(kSoon), looking_up);
      ASSERT_TRUE(connected.ok()) << connected.error().message();
      EXPECT_EQ(connected->endpoint.host(), "::1");
    }
    EXPECT_EQ(dns.queries(), 1u);
  });
}

TEST_F(Dial, TakesNumbers) {
  in_scheduler([] {
    Ports ports(Ports::V4::kRefuses);
    Duration looking_up{};
    for (const char* host : {"::1", "[::1]"}) {
      auto connected = dial(host, ports.port(), Deadline::after(kSoon), looking_up);
      ASSERT_TRUE(connected.ok()) << host << ": " << connected.error().message();
      EXPECT_EQ(connected->endpoint.host(), "::1");
    }
    EXPECT_EQ(dial("127.0.0.1", ports.port(), Deadline::after(kSoon), looking_up).error().reason(),
              "CONNECTION_REFUSED");
    EXPECT_EQ(dial("", 80, Deadline::after(kSoon), looking_up).error().reason(), "NO_SUCH_HOST");
  });
}

}  // namespace
}  // namespace bia::net
