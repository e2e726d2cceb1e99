#include "http/client/client_socks.h"

#include <gtest/gtest.h>

#include "bia/fiber/threads.h"
#include "bia/net/socket.h"
#include "net/test_support.h"

namespace bia::http {
namespace {

using std::chrono::seconds;
using std::string_literals::operator""s;

/// What the proxy got, and what `open_socks` made of its answers: each is sent after so many bytes.
struct Talk {
  std::string got, outcome;
};
Talk talk(const Proxy& given, std::string_view host,
          const std::vector<std::pair<size_t, std::string>>& answers) {
  Talk out;
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    auto listener = net::Listener::bind(net::Endpoint::parse("127.0.0.1:0").value(), {}).value();
    auto server = fiber::Scheduler::current().spawn([&] {
      auto socket = net::Socket::adopt(listener.accept().value()).value();
      for (const auto& [bytes, answer] : answers) {
        char one = 0;
        for (size_t i = 0; i < bytes; ++i) {
          if (socket.read_some({&one, 1}, Deadline::after(seconds(5))).value() == 0) return;
          out.got += one;
        }
        socket.write_all(answer, Deadline::after(seconds(5))).value();
      }
    });
    auto socket = net::Socket::connect(listener.local(), Deadline::after(seconds(5))).value();
    Proxy proxy = given;
    proxy.kind = Proxy::Kind::kSocks5;
    proxy.host = "p";
    proxy.port = 1080;
    auto opened = open_socks(socket, proxy, host, 443, Deadline::after(seconds(5)));
    out.outcome = opened ? "open" : opened.error().message();
    server->join().value();
  });
  return out;
}

const std::string kGranted = "\x05\0\0\x01\0\0\0\0\0\0"s;

TEST(OpenSocks, AsksForNamesAndAddresses) {
  Talk name = talk({}, "a.example", {{3, "\x05\0"s}, {16, kGranted}});
  EXPECT_EQ(name.outcome, "open");
  EXPECT_EQ(name.got, "\x05\x01\0\x05\x01\0\x03\x09"s + "a.example\x01\xbb");
  Talk v4 = talk({}, "10.0.0.7", {{3, "\x05\0"s}, {10, "\x05\0\0\x03\x02xy\0\0"s}});
  EXPECT_EQ(v4.outcome, "open");
  EXPECT_EQ(v4.got.substr(6), "\x01\x0a\0\0\x07\x01\xbb"s);
  Talk v6 = talk({}, "::1", {{3, "\x05\0"s}, {22, "\x05\0\0\x04"s + std::string(18, 'x')}});
  EXPECT_EQ(v6.outcome, "open");
  EXPECT_EQ(v6.got.substr(6), "\x04"s + std::string(15, '\0') + "\x01\x01\xbb");
}

TEST(OpenSocks, LogsIn) {
  Proxy proxy;
  proxy.user = "me";
  proxy.password = "pw";
  Talk good = talk(proxy, "a", {{4, "\x05\x02"}, {7, "\x01\0"s}, {8, kGranted}});
  EXPECT_EQ(good.outcome, "open");
  EXPECT_EQ(good.got.substr(0, 11), "\x05\x02\0\x02\x01\x02me\x02pw"s);
  EXPECT_EQ(talk(proxy, "a", {{4, "\x05\x02"}, {7, "\x01\x01"}}).outcome,
            "socks connect tcp p:1080->a:443: username/password authentication failed");
}

TEST(OpenSocks, SaysWhyNot) {
  const std::string way = "socks connect tcp p:1080->a:443: ";
  EXPECT_EQ(talk({}, "a", {{3, "\x05\xff"}}).outcome, way + "no acceptable authentication methods");
  EXPECT_EQ(talk({}, "a", {{3, "\x04\0"s}}).outcome, way + "unexpected protocol version 4");
  EXPECT_EQ(talk({}, "a", {{3, "HTTP/1.1 400 no\r\n"}}).outcome,
            way + "unexpected protocol version 72");
  EXPECT_EQ(talk({}, "a", {{3, "\x05\0"s}, {8, "\x05\x05\0\x01"s}}).outcome,
            way + "unknown error connection refused");
  EXPECT_EQ(talk({}, "a", {{3, "\x05\0"s}, {8, "\x05\x63\0\x01"s}}).outcome,
            way + "unknown error unknown code: 99");
  EXPECT_EQ(talk({}, "a", {{3, "\x05\0"s}, {8, "\x05\0\0\x07"s}}).outcome,
            way + "unknown address type");
  EXPECT_EQ(talk({}, "a", {{3, "\x05"}}).outcome, way + "unexpected EOF");
  EXPECT_EQ(talk({}, "a", {{3, ""}}).outcome, way + "EOF");
  EXPECT_EQ(talk({}, std::string(256, 'a'), {}).outcome,
            "socks connect tcp p:1080->" + std::string(256, 'a') + ":443: FQDN too long");
}

}  // namespace
}  // namespace bia::http
