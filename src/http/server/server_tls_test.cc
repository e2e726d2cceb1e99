// Handshakes that a stop finds in progress.
#include <gtest/gtest.h>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/threads.h"
#include "bia/http/server.h"
#include "bia/net/socket.h"
#include "net/tls_test_support.h"

namespace bia::http {
namespace {

using std::chrono::seconds;

void greet(ServerRequest&, ServerResponse& response) { response.body() = "hello"; }

/// A stop begins while `body`'s connection is before its handshake.
void stop_before_handshake(const std::function<void(net::Socket&, net::TestAuthority&)>& body,
                           uint64_t expected_cut) {
  net::TestAuthority authority;
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.header_timeout = std::chrono::hours(1);
  options.tls = net::test_tls_server(authority, {"http/1.1"});
  auto threads = fiber::ThreadGroup::create(1).value();
  auto server = Server::create(*threads, options, greet).value();
  threads->run([&](size_t) {
    server->start().value();
    auto socket = net::Socket::connect(net::Endpoint::parse(server->address()).value(),
                                       Deadline::after(seconds(5)))
                      .value();
    while (server->counters().connections_open == 0) fiber::yield();
    auto stopping = fiber::Scheduler::current()
                        .spawn([&] { server->stop(Deadline::after(std::chrono::minutes(30))); })
                        .value();
    fiber::yield();
    body(socket, authority);
    stopping.join().value();
    EXPECT_EQ(server->counters().connections_open, 0u);
    EXPECT_EQ(server->counters().connections_stopped, expected_cut);
    EXPECT_EQ(server->counters().tls_failed, 0u);
  });
}

TEST(ServerTls, AStopLetsAHandshakeEndAndAnswersOnce) {
  const auto body = [](net::Socket& socket, net::TestAuthority& authority) {
    auto client = net::test_tls_client(authority, {"http/1.1"});
    ASSERT_TRUE(socket.start_tls(*client, "127.0.0.1", Deadline::after(seconds(5))).ok());
    ASSERT_TRUE(
        socket.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Deadline::after(seconds(5))).ok());
    std::string got;
    char bytes[1024];
    for (;;) {
      auto count = socket.read_some(bytes, Deadline::after(seconds(5)));
      ASSERT_TRUE(count.ok()) << count.error().text();
      if (*count == 0) break;
      got.append(bytes, *count);
    }
    EXPECT_EQ(got.find("HTTP/1.1 200 OK\r\n"), 0u) << got;
    EXPECT_NE(got.find("Connection: close\r\n"), std::string::npos) << got;
  };
  stop_before_handshake(body, 0);
}

TEST(ServerTls, AStopCutsAndCountsAHandshakeThatHangs) {
  stop_before_handshake([](net::Socket&, net::TestAuthority&) {}, 1);
}

TEST(ServerTls, AStopDoesNotWaitForARequestBehindAHandshake) {
  const auto body = [](net::Socket& socket, net::TestAuthority& authority) {
    auto client = net::test_tls_client(authority, {"http/1.1"});
    ASSERT_TRUE(socket.start_tls(*client, "127.0.0.1", Deadline::after(seconds(5))).ok());
    char bytes[16];
    auto count = socket.read_some(bytes, Deadline::after(seconds(20)));
    EXPECT_TRUE(!count.ok() || *count == 0);
  };
  stop_before_handshake(body, 0);
}

}  // namespace
}  // namespace bia::http
