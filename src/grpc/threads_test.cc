// What threads share of servers, under ThreadSanitizer too (`make tsan`): one port for HTTP and
// gRPC over TLS, its counters read while it serves, its certificates loaded again, and its stop.
#include <gtest/gtest.h>

#include <atomic>

#include "bia/http/client.h"
#include "bia/http/server.h"
#include "grpc/test_support.h"
#include "net/tls_test_support.h"

namespace bia::grpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::call;
using test::echo;
using test::unary;

constexpr size_t kThreads = 3;
constexpr int kRounds = 30;

class Shared {
 public:
  Shared() {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    grpc = Server::create(*threads, options).value();
    grpc->add_method(unary("/t.S/Echo", echo)).value();
    http::ServerOptions http_options;
    http_options.address = "127.0.0.1:0";
    http_options.tls = tls;
    http_options.guest = &grpc->http_guest();
    http_options.connections_max = 5 * kThreads;
    http_options.on_refusal = [this](const http::Refusal&) { ++refused; };
    http = http::Server::create(*threads, http_options,
                                [](http::ServerRequest&, http::ServerResponse& response) {
                                  response.body() = "hello";
                                })
               .value();
  }
  /// Calls over both protocols on the shared port, and gRPC on its own; each on a new connection.
  void call_all() {
    for (int i = 0; i < kRounds; ++i) {
      Channel own(grpc->address());
      EXPECT_EQ(call(own, "/t.S/Echo", "x").message, "x");
      ChannelOptions channel_options;
      channel_options.tls = client_h2;
      Channel guest(http->address(), channel_options);
      if (call(guest, "/t.S/Echo", "x").message == "x") ++good;
      http::ClientOptions client_options;
      client_options.tls = i % 2 == 0 ? client_h2 : client_h1;
      http::Client client(client_options);
      http::ClientRequest request;
      request.scheme = http::ClientRequest::Scheme::kHttps;
      request.host = "127.0.0.1";
      request.port = net::Endpoint::parse(http->address())->port();
      request.target = "/";
      http::ClientResponse response;
      http::Timings timings;
      if (client.send(request, response, timings, Deadline::after(seconds(20)))) ++good;
    }
    ++done;
  }

  net::TestAuthority authority;
  std::shared_ptr<net::TlsServer> tls = net::test_tls_server(authority, {"h2", "http/1.1"});
  std::shared_ptr<const net::TlsClient> client_h2 = net::test_tls_client(authority, {"h2"});
  std::shared_ptr<const net::TlsClient> client_h1 = net::test_tls_client(authority, {"http/1.1"});
  std::unique_ptr<fiber::ThreadGroup> threads = fiber::ThreadGroup::create(kThreads).value();
  std::unique_ptr<Server> grpc;
  std::unique_ptr<http::Server> http;
  std::atomic<int> good{0}, refused{0};
  std::atomic<size_t> done{0};
  std::atomic<bool> started{false};
};

TEST(Threads, CountReloadAndStopWhileAllServe) {
  Shared shared;
  shared.threads->run([&](size_t thread) {
    if (thread == 0) {
      shared.grpc->start().value();
      shared.http->start().value();
      shared.started = true;
    }
    while (!shared.started) fiber::sleep_for(milliseconds(1)).ignore("test");
    if (thread != 0) return shared.call_all();
    uint64_t seen = 0;
    while (shared.done < kThreads - 1) {
      EXPECT_TRUE(shared.tls->reload().ok());
      const auto http = shared.http->counters();
      const auto grpc = shared.grpc->counters();
      EXPECT_GE(http.connections_accepted + grpc.connections_accepted, seen);
      seen = http.connections_accepted + grpc.connections_accepted;
      shared.grpc->set_health("t.S", Server::Health::kServing);
      fiber::sleep_for(milliseconds(1)).ignore("test");
    }
    shared.http->drain(http::Server::Listeners::kKeep);
    shared.http->stop(Deadline::after(seconds(5)));
    shared.grpc->stop(Deadline::after(seconds(5)));
  });
  EXPECT_GT(shared.good, 0);
  const auto counters = shared.http->counters();
  EXPECT_EQ(counters.connections_open, 0u);
  EXPECT_EQ(uint64_t(shared.refused.load()), counters.connections_refused + counters.tls_failed);
}

TEST(GrpcThreads, TheLimitOnConnectionsIsOfAllTogether) {
  ServerOptions options;
  options.connections_max = 4;
  test::with_server(
      {unary("/t.S/Echo", echo)},
      [](Server& server) {
        std::vector<std::unique_ptr<Channel>> channels;
        for (int i = 0; i < 5; ++i) {
          channels.push_back(std::make_unique<Channel>(server.address()));
          EXPECT_EQ(call(*channels.back(), "/t.S/Echo", "x").status.code,
                    i < 4 ? Code::kOk : Code::kUnavailable);
        }
        EXPECT_EQ(server.counters().connections_full, 1u);
      },
      options, kThreads);
}

}  // namespace
}  // namespace bia::grpc
