// Handshakes that a stop finds in progress, and records that do not end.
#include <gtest/gtest.h>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/threads.h"
#include "bia/http/router.h"
#include "bia/http/server.h"
#include "bia/net/socket.h"
#include "http/http2/http2_protocol.h"
#include "http/server/server_test_support.h"
#include "net/half_record_test_support.h"
#include "net/tls_test_support.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

void greet(ServerRequest& request, ServerResponse& response) {
  response.body() = "hello";
  if (auto body = request.body(); !body) write_error(response, body.error());
}

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

/// `body` beside a server that speaks TLS and says by on_refusal what it refuses.
void with_tls_server(ServerOptions options, const std::vector<std::string>& alpn,
                     const std::function<void(net::HalfRecords&, Server&)>& body) {
  net::TestAuthority authority;
  options.tls = net::test_tls_server(authority, alpn);
  auto client = net::test_tls_client(authority, alpn);
  test::with_server(
      greet,
      [&](Server& server) {
        net::HalfRecords peer(server.address(), *client);
        body(peer, server);
      },
      options);
}

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(ServerTls, AConnectionThatSentHalfARecordIsNotIdle) {
  ServerOptions options;
  options.idle_timeout = milliseconds(150);
  options.header_timeout = std::chrono::hours(1);
  for (const size_t cut : {size_t{3}, size_t{5}, size_t{30}}) {
    with_tls_server(options, {"http/1.1"}, [&](net::HalfRecords& peer, Server&) {
      const std::string record = peer.record(kGet);
      peer.send_raw(record.substr(0, cut));
      // Many looks of the sweeper, which takes an idle connection's buffers, and then ends it.
      fiber::sleep_for(milliseconds(600)).value();
      peer.send_raw(record.substr(cut));
      EXPECT_EQ(peer.until("hello").find("HTTP/1.1 200 OK\r\n"), 0u) << cut;
    });
  }
}

TEST(ServerTls, AnIdleConnectionIsClosedInTlsToo) {
  ServerOptions options;
  options.idle_timeout = milliseconds(150);
  options.header_timeout = std::chrono::hours(1);
  with_tls_server(options, {"http/1.1"}, [&](net::HalfRecords& peer, Server&) {
    peer.send(kGet);
    EXPECT_NE(peer.until("hello").find("hello"), std::string::npos);
    EXPECT_TRUE(peer.is_closed());
  });
}

TEST(ServerTls, ARecordThatDoesNotEndIsARequestThatDoesNot) {
  ServerOptions options;
  options.idle_timeout = std::chrono::hours(1);
  options.header_timeout = milliseconds(400);
  std::vector<std::string> told;
  options.on_refusal = [&](const Refusal& refusal) { told.emplace_back(refusal.reason); };
  with_tls_server(options, {"http/1.1"}, [&](net::HalfRecords& peer, Server&) {
    peer.send(kGet);
    EXPECT_NE(peer.until("hello").find("hello"), std::string::npos);
    const std::string record = peer.record(kGet);
    peer.send_raw(record.substr(0, record.size() / 2));
    EXPECT_EQ(peer.until("REQUEST_TIMEOUT").find("HTTP/1.1 408 Request Timeout\r\n"), 0u);
    EXPECT_EQ(told, std::vector<std::string>{"REQUEST_TIMEOUT"});
    peer.until("}");
    EXPECT_TRUE(peer.is_closed());
  });
}

TEST(ServerTls, TimeoutsOfHeadsAndBodiesAreAnswered) {
  ServerOptions options;
  options.idle_timeout = options.header_timeout = milliseconds(400);
  std::vector<std::string> told;
  options.on_refusal = [&](const Refusal& refusal) { told.emplace_back(refusal.reason); };
  for (const char* text :
       {"GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01"}) {
    with_tls_server(options, {"http/1.1"}, [&](net::HalfRecords& peer, Server&) {
      peer.send(text);
      EXPECT_EQ(peer.until("TIMEOUT").find("HTTP/1.1 408 Request Timeout\r\n"), 0u) << text;
    });
  }
  EXPECT_EQ(told, (std::vector<std::string>{"REQUEST_TIMEOUT", "BODY_TIMEOUT"}));
}

TEST(ServerTls, ARecordThatDoesNotEndEndsAnHttp2ConnectionWithoutRequests) {
  ServerOptions options;
  options.idle_timeout = std::chrono::hours(1);
  options.header_timeout = milliseconds(400);
  std::vector<std::string> told;
  options.on_refusal = [&](const Refusal& refusal) { told.emplace_back(refusal.reason); };
  with_tls_server(options, {"h2"}, [&](net::HalfRecords& peer, Server&) {
    peer.send(std::string(kHttp2Preface) + std::string("\0\0\0\4\0\0\0\0\0", 9));
    const std::string ping("\0\0\x8\6\0\0\0\0\0PINGPING", 17);
    peer.send(ping);
    EXPECT_NE(peer.until("PINGPING").find("PINGPING"), std::string::npos);
    peer.send_raw(peer.record(ping).substr(0, 20));
    const std::string goaway = peer.until("never");
    ASSERT_GE(goaway.size(), 17u);
    EXPECT_EQ(goaway[3], static_cast<char>(FrameType::kGoaway));
    EXPECT_EQ(told, std::vector<std::string>{"slow_frame"});
  });
}

}  // namespace
}  // namespace bia::http
