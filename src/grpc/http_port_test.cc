// gRPC on an HTTP server's port.
#include <gtest/gtest.h>

#include "bia/http/client.h"
#include "bia/http/server.h"
#include "grpc/test_support.h"
#include "net/tls_test_support.h"

namespace bia::grpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::call;
using test::streaming;
using test::unary;

Result<void> greet(ServerCall& call, std::string_view request, std::string& reply) {
  if (request == "slow") BIA_TRY(fiber::sleep_for(milliseconds(100)));
  reply = "Hello " + std::string(request) + " " + std::string(call.metadata(":authority"));
  return {};
}

Result<void> wait_for_ever(ServerCall& call) {
  std::string message;
  while (BIA_TRY(call.read(message))) BIA_TRY(call.write(message));
  return {};
}

/// `body(address, http, grpc)` beside an HTTP server that is gRPC's host.
void with_shared_port(std::shared_ptr<net::TlsServer> tls,
                      const std::function<void(const std::string&, http::Server&, Server&)>& body,
                      ServerOptions options = {}, size_t thread_count = 1) {
  auto threads = fiber::ThreadGroup::create(thread_count).value();
  options.address.clear();
  auto grpc = Server::create(*threads, options).value();
  grpc->add_method(unary("/t.S/Greet", greet)).value();
  grpc->add_method(streaming("/t.S/Wait", wait_for_ever)).value();
  http::ServerOptions http_options;
  http_options.address = "127.0.0.1:0";
  http_options.tls = std::move(tls);
  http_options.guest = &grpc->http_guest();
  auto http = http::Server::create(*threads, http_options,
                                   [](http::ServerRequest& request, http::ServerResponse& answer) {
                                     if (request.path() == "/slow")
                                       fiber::sleep_for(milliseconds(200)).ignore("test");
                                     answer.body() = std::to_string(request.version()) + " " +
                                                     std::string(request.path());
                                   })
                  .value();
  threads->run([&](size_t thread) {
    if (thread != 0) return;
    grpc->start().value();
    http->start().value();
    body(http->address(), *http, *grpc);
    http->stop(Deadline::after(seconds(5)));
    grpc->stop(Deadline::after(seconds(5)));
  });
}

std::string get(const std::string& address, std::shared_ptr<const net::TlsClient> tls) {
  http::ClientOptions options;
  options.tls = tls;
  http::Client client(options);
  const auto endpoint = net::Endpoint::parse(address).value();
  http::ClientRequest request;
  request.method = "GET";
  request.scheme = tls ? http::ClientRequest::Scheme::kHttps : http::ClientRequest::Scheme::kHttp;
  const std::string host = endpoint.host();
  request.host = host;
  request.port = endpoint.port();
  request.target = "/a";
  http::ClientResponse response;
  http::Timings timings;
  auto sent = client.send(request, response, timings, Deadline::after(seconds(5)));
  return sent ? response.body : sent.error().message();
}

TEST(GrpcOnTheHttpPort, ServesAllThree) {
  with_shared_port(nullptr, [](const std::string& address, http::Server& http, Server& grpc) {
    Channel channel(address);
    EXPECT_EQ(call(channel, "/t.S/Greet", "ann").message, "Hello ann " + address);
    EXPECT_EQ(get(address, nullptr), "1 /a");
    auto stream = channel.stream("/t.S/Wait", {}).value();
    std::string back;
    ASSERT_TRUE(stream.write(std::string(200'000, 'y')).ok());
    ASSERT_TRUE(stream.read(back).value());
    EXPECT_EQ(back.size(), 200'000u);
    stream.close_send();
    EXPECT_EQ(stream.finish().code, Code::kOk);
    EXPECT_EQ(call(channel, "/t.S/None", "x").status.code, Code::kUnimplemented);
    EXPECT_EQ(grpc.counters().calls_succeeded, 2u);
    EXPECT_EQ(grpc.counters().calls_failed, 1u);
    EXPECT_EQ(http.counters().requests, 1u) << "calls are gRPC's";
    EXPECT_EQ(http.counters().connections_accepted, 2u);
  });
}

TEST(GrpcOnTheHttpPort, ServesAllThreeOverTls) {
  const net::TestAuthority authority;
  with_shared_port(net::test_tls_server(authority, {"h2", "http/1.1"}),
                   [&](const std::string& address, http::Server&, Server&) {
                     ChannelOptions options;
                     options.tls = net::test_tls_client(authority, {"h2"});
                     Channel channel(address, options);
                     EXPECT_EQ(call(channel, "/t.S/Greet", "ann").message, "Hello ann " + address);
                     EXPECT_EQ(get(address, net::test_tls_client(authority, {"h2"})), "2 /a");
                     EXPECT_EQ(get(address, net::test_tls_client(authority, {"http/1.1"})), "1 /a");
                   });
}

/// A call whose head went in part would be answered as if that were all of it.
TEST(GrpcOnTheHttpPort, RefusesMetadataAboveTheHttpLimits) {
  with_shared_port(nullptr, [](const std::string& address, http::Server& http, Server& grpc) {
    Channel channel(address);
    const Metadata many(http::Limits().header_count_max + 1, {"x-many", "1"});
    CallOptions options;
    options.metadata = &many;
    const UnaryReply refused = call(channel, "/t.S/Greet", "ann", options);
    EXPECT_NE(refused.status.code, Code::kOk) << refused.message;
    EXPECT_EQ(grpc.counters().calls_succeeded, 0u);
    EXPECT_EQ(http.counters().requests, 1u);
    EXPECT_EQ(call(channel, "/t.S/Greet", "ann").status.code, Code::kOk);
  });
}

TEST(GrpcOnTheHttpPort, RefusesMetadataAboveItsOwnLimit) {
  ServerOptions options;
  options.metadata_bytes_max = 1000;
  with_shared_port(
      nullptr,
      [](const std::string& address, http::Server& http, Server&) {
        Channel channel(address);
        const Metadata many(20, {"x-many", "1"});
        CallOptions call_options;
        call_options.metadata = &many;
        EXPECT_EQ(call(channel, "/t.S/Greet", "ann", call_options).status.code,
                  Code::kResourceExhausted);
        EXPECT_EQ(call(channel, "/t.S/Greet", "ann").status.code, Code::kOk);
        EXPECT_EQ(http.counters().requests, 0u);
      },
      options);
}

TEST(GrpcOnTheHttpPort, AStopLetsCallsEnd) {
  with_shared_port(nullptr, [](const std::string& address, http::Server& http, Server&) {
    Channel channel(address);
    UnaryReply reply;
    auto caller =
        fiber::Scheduler::current().spawn([&] { reply = call(channel, "/t.S/Greet", "slow"); });
    fiber::sleep_for(milliseconds(30)).value();
    http.stop(Deadline::after(seconds(5)));
    caller->join().value();
    EXPECT_EQ(reply.message, "Hello slow " + address) << reply.status.message;
  });
}

TEST(GrpcOnTheHttpPort, AStopCancelsWhatDoesNotEnd) {
  with_shared_port(nullptr, [](const std::string& address, http::Server& http, Server& grpc) {
    Channel channel(address);
    auto stream = channel.stream("/t.S/Wait", {}).value();
    std::string back;
    ASSERT_TRUE(stream.write("x").ok());
    ASSERT_TRUE(stream.read(back).value());
    http.stop(Deadline::after(milliseconds(20)));
    EXPECT_EQ(http.counters().connections_open, 0u);
    EXPECT_EQ(grpc.counters().calls_failed, 1u);
    EXPECT_EQ(stream.finish().code, Code::kUnavailable);
  });
}

TEST(GrpcOnTheHttpPort, KeepsToItsLimitOfCalls) {
  ServerOptions options;
  options.streams_max = 2;
  with_shared_port(
      nullptr,
      [](const std::string& address, http::Server& http, Server&) {
        Channel channel(address);
        auto one = channel.stream("/t.S/Wait", {}).value();
        auto two = channel.stream("/t.S/Wait", {}).value();
        std::string back;
        for (auto* stream : {&one, &two}) {
          ASSERT_TRUE(stream->write("x").ok());
          ASSERT_TRUE(stream->read(back).value());
        }
        // The client was told of the limit, and waits.
        CallOptions waits;
        waits.deadline = Deadline::after(milliseconds(50));
        const UnaryReply third = call(channel, "/t.S/Greet", "x", waits);
        EXPECT_EQ(third.status.code, Code::kDeadlineExceeded) << third.status.message;
        EXPECT_EQ(get(address, nullptr), "1 /a");
        one.close_send();
        EXPECT_EQ(one.finish().code, Code::kOk);
        EXPECT_EQ(call(channel, "/t.S/Greet", "x").status.code, Code::kOk);
        EXPECT_EQ(http.counters().http2_abuses[0].second, 0u);
      },
      options);
}

TEST(GrpcOnTheHttpPort, TakesAsManyRequestsAsItSays) {
  with_shared_port(nullptr, [](const std::string& address, http::Server& http, Server&) {
    http::ClientOptions options;
    options.cleartext = http::ClientOptions::Cleartext::kPriorKnowledge;
    options.connections_per_host_max = 1;
    http::Client client(options);
    const auto endpoint = net::Endpoint::parse(address).value();
    std::vector<fiber::Fiber> fibers;
    int answers = 0;
    for (int i = 0; i < 300; ++i) {
      const auto ask = [&] {
        http::ClientRequest request;
        request.host = "127.0.0.1";
        request.port = endpoint.port();
        request.target = "/slow";
        http::ClientResponse response;
        http::Timings timings;
        answers += client.send(request, response, timings, Deadline::after(seconds(20))) ? 1 : 0;
      };
      fibers.push_back(fiber::Scheduler::current().spawn(ask).value());
      // The first tells the client what the server takes at once.
      if (i == 0) fibers[0].join().value();
    }
    for (size_t i = 1; i < fibers.size(); ++i) fibers[i].join().value();
    EXPECT_EQ(answers, 300);
    EXPECT_EQ(http.counters().requests, 300u);
    for (const auto& [name, count] : http.counters().http2_abuses) EXPECT_EQ(count, 0u) << name;
  });
}

}  // namespace
}  // namespace bia::grpc
