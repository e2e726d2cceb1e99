#include "bia/bia/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>

#include "bia/bia/log.h"
#include "bia/client/balancer.h"
#include "bia/fiber/threads.h"
#include "bia/grpc/server.h"
#include "bia/http/redirect.h"
#include "bia/http/server.h"
#include "bia/registry/etcd.h"
#include "net/tls_test_support.h"

namespace bia {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Nodes = std::vector<std::shared_ptr<ServicePool::Node>>;

Nodes three() { return {node_of("10.0.0.1:1"), node_of("10.0.0.2:1"), node_of("10.0.0.3:1")}; }

std::map<std::string, int> picks(Balancer& balancer, const Nodes& nodes, int count) {
  std::map<std::string, int> seen;
  for (int i = 0; i < count; ++i)
    ++seen[balancer.pick(nodes, TimePoint(std::chrono::milliseconds(i)))->address];
  return seen;
}

TEST(ServiceInstance, IsKratosJson) {
  ServiceInstance instance{
      "id1", "demo", "v0", {}, {"http://127.0.0.1:8000", "grpc://127.0.0.1:9000"}};
  EXPECT_EQ(
      instance.json(),
      R"({"id":"id1","name":"demo","version":"v0","metadata":null,"endpoints":["http://127.0.0.1:8000","grpc://127.0.0.1:9000"]})");
  instance.metadata = {{"weight", "10"}};
  const ServiceInstance read = *ServiceInstance::parse(instance.json());
  EXPECT_EQ(read.json(), instance.json());
  EXPECT_EQ(ServiceInstance::parse(
                R"({"id":"a","name":"b","metadata":null,"endpoints":null,"later":[1]})")
                ->name,
            "b");
  const std::string zero =
      R"({"id":"a\u0000b","name":"n","version":"","metadata":{"k\u0000l":"v\u0000w"},"endpoints":["http://a\u0000b"]})";
  EXPECT_EQ(ServiceInstance::parse(zero)->json(), zero);
  for (const char* bad : {"", "[]", "{", R"({"id":1})", R"({"endpoints":[1]})",
                          R"({"metadata":{"a":1}})", R"({"endpoints":"x"})"})
    EXPECT_FALSE(ServiceInstance::parse(bad).ok()) << bad;
}

TEST(Nodes, ComeFromEndpointsOfTheScheme) {
  const std::vector<ServiceInstance> instances = {
      {"a", "n", "v1", {{"weight", "10"}}, {"http://10.0.0.1:80", "grpc://10.0.0.1:90"}},
      {"b", "n", "v2", {{"weight", "x"}}, {"grpc://[::1]:91"}},
      {"c",
       "n",
       "v1",
       {},
       {"grpcs://10.0.0.3:92", "grpc://10.0.0.3:93?isSecure=true", "grpc://nope", "grpc://"}}};
  const Nodes grpc = nodes_of(instances, "grpc", "");
  ASSERT_EQ(grpc.size(), 2u);
  EXPECT_EQ(grpc[0]->address, "10.0.0.1:90");
  EXPECT_EQ(grpc[0]->weight, 10);
  EXPECT_EQ(grpc[1]->host, "::1");
  EXPECT_EQ(grpc[1]->weight, 100);
  EXPECT_EQ(nodes_of(instances, "grpc", "v2").size(), 1u);
  EXPECT_EQ(nodes_of(instances, "http", "").size(), 1u);
  const Nodes secure = nodes_of(instances, "grpcs", "");
  ASSERT_EQ(secure.size(), 1u) << "one of an instance";
  EXPECT_EQ(secure[0]->address, "10.0.0.3:92");
  EXPECT_EQ(
      nodes_of({{"d", "n", "v1", {}, {"grpc://10.0.0.4:1?isSecure=true"}}}, "grpcs", "").size(),
      1u);
  const Nodes https = nodes_of({{"e", "n", "v1", {}, {"https://10.0.0.5:1"}},
                                {"f", "n", "v1", {}, {"http://10.0.0.6:1?isSecure=true"}},
                                {"g", "n", "v1", {}, {"http://10.0.0.7:1"}}},
                               "https", "");
  ASSERT_EQ(https.size(), 2u);
  EXPECT_EQ(https[0]->address, "10.0.0.5:1");
  EXPECT_EQ(https[1]->address, "10.0.0.6:1");
  for (const char* bad : {"", ":1", "a", "a:", "a:0", "a:65536", "a:1x"})
    EXPECT_EQ(node_of(bad), nullptr) << bad;
}

TEST(Balancer, WeighsSmoothly) {
  Balancer balancer(Balance::kWeightedRoundRobin, 1);
  Nodes nodes = three();
  nodes[0]->weight = 5;
  nodes[1]->weight = 1;
  nodes[2]->weight = 1;
  std::string order;
  for (int i = 0; i < 7; ++i) order += balancer.pick(nodes, TimePoint())->address[7];
  EXPECT_EQ(order, "1121311") << "nginx' example";
}

TEST(Balancer, RoundRobinAndRandomReachAll) {
  Balancer round(Balance::kRoundRobin, 1);
  EXPECT_THAT(picks(round, three(), 9),
              ElementsAre(Pair("10.0.0.1:1", 3), Pair("10.0.0.2:1", 3), Pair("10.0.0.3:1", 3)));
  Balancer random(Balance::kRandom, 1);
  for (const auto& [address, count] : picks(random, three(), 3000))
    EXPECT_NEAR(count, 1000, 150) << address;
}

TEST(Balancer, P2cPrefersTheFastTheIdleAndTheHealthy) {
  const auto share = [](auto&& worsen) {
    Balancer balancer(Balance::kP2c, 7);
    Nodes nodes = {node_of("10.0.0.1:1"), node_of("10.0.0.2:1")};
    for (auto& node : nodes) Balancer::measure(*node, TimePoint(1ms), 10ms, false);
    worsen(*nodes[1]);
    return picks(balancer, nodes, 1000)["10.0.0.2:1"];
  };
  EXPECT_LE(share([](auto& node) { Balancer::measure(node, TimePoint(10s), 500ms, false); }), 1);
  EXPECT_LE(share([](auto& node) { node.in_flight = 5; }), 1);
  EXPECT_LE(share([](auto& node) { Balancer::measure(node, TimePoint(10s), 10ms, true); }), 1);
  EXPECT_LE(share([](auto& node) { node.weight = 10; }), 1);
  EXPECT_GE(share([](auto& node) { node.weight = 200; }), 999);
}

TEST(Balancer, P2cTriesAForgottenNodeAfterThreeSeconds) {
  Balancer balancer(Balance::kP2c, 7);
  Nodes nodes = {node_of("10.0.0.1:1"), node_of("10.0.0.2:1")};
  Balancer::measure(*nodes[1], TimePoint(1s), 10s, true);
  int forced = 0;
  for (int i = 0; i < 100; ++i)
    forced += balancer.pick(nodes, TimePoint(1000s + i * 100ms))->address == "10.0.0.2:1";
  EXPECT_GE(forced, 3);
  EXPECT_LE(forced, 5);
}

TEST(Subset, IsStableAndSpreads) {
  std::map<std::string, int> chosen;
  for (uint64_t client = 0; client < 200; ++client) {
    Nodes nodes;
    for (int i = 0; i < 20; ++i) nodes.push_back(node_of("10.0.0." + std::to_string(i) + ":1"));
    Nodes again = nodes;
    take_subset(nodes, 5, client * 0x9E3779B97F4A7C15ull);
    ASSERT_EQ(nodes.size(), 5u);
    std::set<std::string> before;
    for (const auto& node : nodes) ++chosen[node->address], before.insert(node->address);
    std::erase_if(again, [&](const auto& node) { return node->address == nodes[0]->address; });
    take_subset(again, 5, client * 0x9E3779B97F4A7C15ull);
    int kept = 0;
    for (const auto& node : again) kept += before.contains(node->address);
    EXPECT_EQ(kept, 4) << "one node gone, one moved";
  }
  for (const auto& [address, count] : chosen) EXPECT_NEAR(count, 50, 25) << address;
}

TEST(SreBreaker, RefusesByTheShareThatFails) {
  SreBreaker breaker;
  TimePoint at(100s);
  for (int i = 0; i < 99; ++i) breaker.mark(at, false);
  EXPECT_TRUE(breaker.allow(at, 0)) << "too few calls to judge by";
  breaker.mark(at, false);
  EXPECT_FALSE(breaker.allow(at, 0.98));
  EXPECT_TRUE(breaker.allow(at, 0.999));
  EXPECT_TRUE(breaker.allow(at + 4s, 0)) << "the window has passed";
  for (int i = 0; i < 700; ++i) breaker.mark(at, true);
  EXPECT_TRUE(breaker.allow(at, 0)) << "more than 60 % succeed";
}

TEST(Etcd, RangeEndsBehindThePrefix) {
  EXPECT_EQ(etcd_range_end("/a"), "/b");
  EXPECT_EQ(etcd_range_end("a\xff\xff"), "b");
  EXPECT_EQ(etcd_range_end("\xff"), std::string(1, '\0'));
}

TEST(ServicePool, RefusesBadTargets) {
  for (const char* bad :
       {"", "a", "discovery:///", "discovery:///x", "xds:///a:1", "direct:///a:1,b", "dns:///",
        "dns:///a:", "dns:///a:x", "dns://8.8.8.8/a:1", "http://a:1", "https://a"})
    EXPECT_FALSE(ServicePool::create({.target = bad}).ok()) << bad;
  for (const char* bad : {"http://", "http://a/v1", "http://u:hunter2@a", "https://a?hunter2",
                          "https://a:x", "grpc://a:1"}) {
    const auto made = ServicePool::create({.target = bad, .scheme = "http"});
    ASSERT_FALSE(made.ok()) << bad;
    EXPECT_THAT(made.error().text(), testing::Not(HasSubstr("hunter2")));
  }
  EXPECT_FALSE(ServicePool::create({.target = "a:1", .scheme = "grpcs"}).ok());
  EXPECT_FALSE(EtcdRegistry::create({.endpoints = {"https://a:1"}}).ok()) << "without tls";
  EXPECT_FALSE(EtcdRegistry::create({.endpoints = {"a"}}).ok());
  EXPECT_FALSE(EtcdRegistry::create({.endpoints = {"a:1"}, .ttl = 10ms}).ok());
}

/// "SCHEME ADDRESS" of each node that a pool knows at its first call.
std::string known(PoolOptions options) {
  std::string text;
  auto threads = *fiber::ThreadGroup::create(1);
  threads->run([&](size_t) {
    auto pool = ServicePool::create(std::move(options));
    ASSERT_TRUE(pool.ok()) << pool.error().text();
    const bool https = (*pool)->pick()->http_scheme() == http::ClientRequest::Scheme::kHttps;
    text = https ? "https" : "http";
    const std::vector<std::string> addresses = *(*pool)->addresses();
    for (const std::string& address : addresses) text += " " + address;
  });
  return text;
}

TEST(ServicePool, TakesUrlsAsKratosHttpClientDoes) {
  const auto of = [](const char* target) {
    return known({.target = target, .scheme = "http", .proxies = PoolOptions::Proxies::kNone});
  };
  EXPECT_EQ(of("http://127.0.0.1:8000"), "http 127.0.0.1:8000");
  EXPECT_EQ(of("http://users/"), "http users:80");
  EXPECT_EQ(of("https://users"), "https users:443");
  EXPECT_EQ(of("https://[::1]:8443"), "https [::1]:8443");
  const net::TestAuthority authority;
  PoolOptions secure{.target = "http://a:1", .scheme = "http"};
  secure.tls = net::test_tls_client(authority, {"h2"});
  EXPECT_THAT(ServicePool::create(secure).error().message(), HasSubstr("write https://"));
}

TEST(ServicePool, LooksNamesUp) {
  const auto of = [](const char* target, const char* scheme) {
    return known({.target = target, .scheme = scheme, .proxies = PoolOptions::Proxies::kNone});
  };
  // Not "localhost:9000", which a direct node would be.
  EXPECT_THAT(of("dns:///localhost:9000", "grpc"), testing::StartsWith("http 127.0.0.1:9000"));
  EXPECT_EQ(of("dns:///127.0.0.1", "grpc"), "http 127.0.0.1:443") << "grpc-go's default";
  EXPECT_EQ(of("dns:///::1", "grpc"), "http [::1]:443");
  EXPECT_EQ(of("dns:///[::1]", "http"), "http [::1]:80");
}

/// A registry whose watch throws, then ends, then stays; the ports say which one it is.
class Stepping final : public Discovery {
 public:
  explicit Stepping(int& watches) : watches_(watches) {}
  void watch(const std::string& name,
             const std::function<void(std::vector<ServiceInstance>)>& changed) override {
    const int nth = ++watches_;
    const std::string port = std::to_string(nth);
    changed({{"a", name, "v1", {}, {"grpc://10.0.0.1:" + port}},
             {"b", name, "v2", {}, {"grpc://10.0.0.2:" + port}}});
    if (nth == 1) throw std::runtime_error("lost");
    if (nth == 2) return;
    while (fiber::sleep_for(10s)) {
    }
  }

 private:
  int& watches_;
};

TEST(ServicePool, FollowsADiscoveryOfThePrograms) {
  auto threads = *fiber::ThreadGroup::create(1);
  int made = 0;
  int watches = 0;
  PoolOptions options{.target = "discovery:///users", .version = "v2"};
  options.discovery = [&]() -> Result<std::unique_ptr<Discovery>> {
    if (++made == 1) return Error(Code::kUnavailable, "AWAY", "away");
    return std::make_unique<Stepping>(watches);
  };
  std::vector<std::string> lines;
  log::set_sink([&](std::string_view line) { lines.emplace_back(line); });
  threads->run([&](size_t) {
    auto pool = ServicePool::create(options).value();
    EXPECT_THAT(*pool->addresses(), ElementsAre("10.0.0.2:1"));
    const Deadline soon = Deadline::after(20s);
    while (watches < 3 && !soon.expired()) fiber::sleep_for(1ms).ignore("a test");
    EXPECT_THAT(*pool->addresses(), ElementsAre("10.0.0.2:3"));
  });
  log::set_sink(nullptr);
  EXPECT_EQ(made, 4);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines[0], HasSubstr("discovery: discovery:///users: away"));
}

TEST(ServicePool, CallsReachEveryNodeOfEveryThreadAndTheBreakerCloses) {
  auto threads = *fiber::ThreadGroup::create(2);
  std::unique_ptr<ServicePool> pool = *ServicePool::create(
      {.target = "direct:///127.0.0.1:1,127.0.0.1:2", .breaker = PoolOptions::Breaker::kOn});
  std::atomic<int> done{0};
  threads->run([&](size_t thread) {
    EXPECT_THAT(*pool->addresses(), ElementsAre("127.0.0.1:1", "127.0.0.1:2"));
    std::map<uint16_t, int> seen;
    const auto call = [&](Result<int> result) {
      return pool->call([&](http::Client&, const std::string&, uint16_t port) -> Result<int> {
        ++seen[port];
        return result;
      });
    };
    for (int i = 0; i < 10; ++i) EXPECT_EQ(*call(i), i);
    EXPECT_THAT(seen, ElementsAre(Pair(1, 5), Pair(2, 5)));
    for (int i = 0; i < 1000; ++i) call(Error(Code::kUnavailable, "DOWN", "down")).ignore("a test");
    std::string reason;
    for (int i = 0; i < 100 && reason != "CIRCUITBREAKER"; ++i)
      reason = call(Error(Code::kUnavailable, "DOWN", "")).error().reason();
    EXPECT_EQ(reason, "CIRCUITBREAKER");
    ++done;
    if (thread == 0) {
      while (done < 2) fiber::sleep_for(1ms).ignore("a test");
      pool.reset();
      done = 3;
    }
    while (done < 3) fiber::sleep_for(1ms).ignore("a test");
  });
}

TEST(ServicePool, TriesAnotherNode) {
  auto threads = *fiber::ThreadGroup::create(1);
  threads->run([&](size_t) {
    auto pool = *ServicePool::create(
        {.target = "127.0.0.1:1,127.0.0.1:2", .balance = Balance::kRoundRobin, .attempts = 2});
    const auto result =
        pool->call([](http::Client&, const std::string&, uint16_t port) -> Result<int> {
          if (port == 1) return Error(Code::kUnavailable, "DOWN", "");
          return int(port);
        });
    EXPECT_EQ(*result, 2);
  });
}

/// What a unary call by one of the pool's channels gives; else the error's message.
std::string ask(ServicePool& pool, std::string_view method, std::string_view request) {
  const auto answer = pool.call([&](grpc::Channel& channel) -> Result<std::string> {
    grpc::UnaryReply reply;
    channel.unary(method, request, {}, reply);
    return reply.message + reply.status.message;
  });
  return answer.ok() ? *answer : answer.error().message();
}

/// A server whose "/t.S/Who" says what its caller sent as `field`.
std::unique_ptr<grpc::Server> saying(fiber::ThreadGroup& group, const char* field,
                                     grpc::ServerOptions options) {
  options.address = "127.0.0.1:0";
  auto server = grpc::Server::create(group, options).value();
  grpc::MethodHandler who;
  who.path = "/t.S/Who";
  who.unary = [field](grpc::ServerCall& call, std::string_view,
                      std::string& reply) -> Result<void> {
    reply = call.metadata(field);
    return {};
  };
  server->add_method(std::move(who)).value();
  server->start().value();
  return server;
}

TEST(ServicePool, CallsOverTls) {
  const net::TestAuthority authority;
  auto group = fiber::ThreadGroup::create(1).value();
  group->run([&](size_t) {
    grpc::ServerOptions options;
    options.address = "127.0.0.1:0";
    options.tls = net::test_tls_server(authority, {"h2"});
    auto server = grpc::Server::create(*group, options).value();
    grpc::MethodHandler echo;
    echo.path = "/t.S/Echo";
    echo.unary = [](grpc::ServerCall& call, std::string_view request,
                    std::string& reply) -> Result<void> {
      reply = std::string(request) + (call.tls() ? " over TLS" : "");
      return {};
    };
    server->add_method(std::move(echo)).value();
    server->start().value();
    PoolOptions pool_options{.target = "direct:///" + server->address()};
    pool_options.tls = net::test_tls_client(authority, {"h2"});
    for (const char* name : {"", "localhost"}) {
      pool_options.tls_server_name = name;
      auto pool = ServicePool::create(pool_options).value();
      EXPECT_EQ(ask(*pool, "/t.S/Echo", "hi"), "hi over TLS");
    }
    server->stop(Deadline::after(1s));
  });
}

TEST(ServicePool, CallsWhatItLooksUpByItsName) {
  const net::TestAuthority authority;
  net::TlsServerOptions of_name;
  of_name.alpn = {"h2"};
  of_name.certificates = {authority.issue("localhost", "DNS:localhost")};
  const auto tls = net::TlsServer::create(of_name).value();
  auto group = fiber::ThreadGroup::create(1).value();
  group->run([&](size_t) {
    for (const bool secure : {false, true}) {
      grpc::ServerOptions options;
      if (secure) options.tls = tls;
      auto server = saying(*group, ":authority", options);
      const std::string address = server->address();
      const std::string name = "localhost" + address.substr(address.rfind(':'));
      // Its second address may be [::1], where nobody listens.
      PoolOptions pool_options{.target = "dns:///" + name, .attempts = 2};
      if (secure) pool_options.tls = net::test_tls_client(authority, {"h2"});
      EXPECT_EQ(ask(*ServicePool::create(pool_options).value(), "/t.S/Who", ""), name);
      pool_options.channel.authority = "localhost";
      EXPECT_EQ(ask(*ServicePool::create(pool_options).value(), "/t.S/Who", ""), "localhost");
      server->stop(Deadline::after(1s));
    }
  });
}

TEST(ServicePool, CallsWhatItLooksUpByItsNameOverHttp) {
  const net::TestAuthority authority;
  net::TlsServerOptions of_name;
  of_name.alpn = {"h2", "http/1.1"};
  of_name.certificates = {authority.issue("localhost", "DNS:localhost")};
  const auto tls = net::TlsServer::create(of_name).value();
  auto group = fiber::ThreadGroup::create(1).value();
  group->run([&](size_t) {
    for (const char* protocol : {"", "h2", "http/1.1"}) {
      http::ServerOptions options;
      options.address = "127.0.0.1:0";
      if (*protocol) options.tls = tls;
      auto server =
          http::Server::create(*group, options,
                               [](http::ServerRequest& request, http::ServerResponse& response) {
                                 response.body() = request.header("host");
                                 if (request.path() != "/from") return;
                                 response.set_status(302);
                                 response.add_header("Location", "/to");
                               })
              .value();
      server->start().value();
      const std::string address = server->address();
      const std::string name = "localhost" + address.substr(address.rfind(':'));
      PoolOptions pool_options{.target = "dns:///" + name, .scheme = "http", .attempts = 2};
      if (*protocol) pool_options.tls = net::test_tls_client(authority, {protocol});
      auto pool = ServicePool::create(pool_options).value();
      auto answer = pool->call([](const HttpOrigin& origin) -> Result<std::string> {
        http::ClientRequest request;
        request.scheme = origin.scheme;
        request.host = origin.host;
        request.port = origin.port;
        request.target = "/from";
        http::ClientResponse response;
        http::Timings timings;
        BIA_TRY(
            http::send_following(*origin.client, request, response, timings, Deadline::after(5s)));
        return std::to_string(response.status) + " " + response.body;
      });
      ASSERT_TRUE(answer.ok()) << answer.error().text();
      EXPECT_EQ(*answer, "200 " + name) << protocol;
      pool.reset();
      server->stop(Deadline::after(1s));
    }
  });
}

TEST(ServicePool, CallsHttpsAndKnowsItsScheme) {
  const net::TestAuthority authority;
  auto group = fiber::ThreadGroup::create(1).value();
  group->run([&](size_t) {
    http::ServerOptions options;
    options.address = "127.0.0.1:0";
    options.tls = net::test_tls_server(authority, {"h2", "http/1.1"});
    auto server = http::Server::create(
                      *group, options,
                      [](http::ServerRequest& request, http::ServerResponse& response) {
                        response.body() = std::string(request.tls() ? "TLS " : "cleartext ") +
                                          std::to_string(request.version());
                      })
                      .value();
    server->start().value();
    PoolOptions pool_options{.target = "direct:///" + server->address(), .scheme = "http"};
    for (const char* protocol : {"h2", "http/1.1"}) {
      pool_options.tls = net::test_tls_client(authority, {protocol});
      auto pool = ServicePool::create(pool_options).value();
      auto answer = pool->call([](const HttpOrigin& origin) -> Result<std::string> {
        http::ClientRequest request;
        request.scheme = origin.scheme;
        request.host = origin.host;
        request.port = origin.port;
        request.target = "/";
        http::ClientResponse response;
        http::Timings timings;
        BIA_TRY(origin.client->send(request, response, timings, Deadline::after(5s)));
        return response.body;
      });
      ASSERT_TRUE(answer.ok()) << answer.error().text();
      EXPECT_EQ(*answer, std::string("TLS ") + (protocol[1] == '2' ? "2" : "1"));
    }
    server->stop(Deadline::after(1s));
  });
}

TEST(ServicePool, ItsChannelsHaveItsOptions) {
  auto group = fiber::ThreadGroup::create(1).value();
  group->run([&](size_t) {
    auto server = saying(*group, "user-agent", {});
    PoolOptions pool_options{.target = server->address()};
    pool_options.channel.user_agent = "mine/1";
    auto pool = ServicePool::create(pool_options).value();
    EXPECT_EQ(ask(*pool, "/t.S/Who", ""), "mine/1");
    server->stop(Deadline::after(1s));
  });
}

TEST(ServicePool, ItsHttpClientsHaveItsOptions) {
  auto group = fiber::ThreadGroup::create(1).value();
  group->run([&](size_t) {
    http::ServerOptions options;
    options.address = "127.0.0.1:0";
    auto server = http::Server::create(*group, options,
                                       [](http::ServerRequest&, http::ServerResponse& response) {
                                         fiber::yield();
                                         response.body() = "ok";
                                       })
                      .value();
    server->start().value();
    PoolOptions pool_options{.target = server->address(), .scheme = "http"};
    pool_options.client.connections_per_host_max = 2;
    auto pool = ServicePool::create(pool_options).value();
    std::vector<fiber::Fiber> fibers;
    for (int i = 0; i < 10; ++i) {
      fibers.push_back(*fiber::Scheduler::current().spawn([&] {
        auto answer = pool->call([](const HttpOrigin& origin) -> Result<int> {
          http::ClientRequest request;
          request.host = origin.host;
          request.port = origin.port;
          request.target = "/";
          http::ClientResponse response;
          http::Timings timings;
          BIA_TRY(origin.client->send(request, response, timings, Deadline::after(5s)));
          return response.status;
        });
        EXPECT_EQ(*answer, 200);
      }));
    }
    for (auto& each : fibers) each.join().value();
    EXPECT_EQ(server->counters().connections_accepted, 2u);
    pool.reset();
    server->stop(Deadline::after(1s));
  });
}

TEST(ServicePool, RefusesOptionsThatAreThePools) {
  const auto why = [](const std::function<void(PoolOptions&)>& set) {
    PoolOptions options{.target = "a:1"};
    set(options);
    const auto made = ServicePool::create(options);
    return made.ok() ? "" : made.error().message();
  };
  const auto tls = net::TlsClient::create({}).value();
  EXPECT_EQ(why([](PoolOptions&) {}), "");
  EXPECT_THAT(why([&](PoolOptions& to) { to.channel.tls = tls; }), HasSubstr("PoolOptions::tls"));
  EXPECT_THAT(why([&](PoolOptions& to) { to.client.tls = tls; }), HasSubstr("PoolOptions::tls"));
  EXPECT_THAT(why([](PoolOptions& to) { to.channel.server_name = "a"; }),
              HasSubstr("PoolOptions::tls_server_name"));
  EXPECT_THAT(
      why([](PoolOptions& to) { to.client.proxies = std::make_shared<http::ProxyRules>(); }),
      HasSubstr("PoolOptions::proxies"));
}

TEST(ServicePool, TakesProxiesFromTheEnvironment) {
  const auto create = [](const char* scheme, PoolOptions::Proxies proxies) {
    return ServicePool::create({.target = "a:1", .scheme = scheme, .proxies = proxies});
  };
  setenv("HTTP_PROXY", "socks5://a:1", 1);
  EXPECT_TRUE(create("http", PoolOptions::Proxies::kEnvironment).ok());
  setenv("HTTP_PROXY", "https://a:1", 1);
  EXPECT_TRUE(create("http", PoolOptions::Proxies::kEnvironment).ok());
  setenv("HTTP_PROXY", "ftp://a:1", 1);
  EXPECT_THAT(create("http", PoolOptions::Proxies::kEnvironment).error().message(),
              HasSubstr("HTTP_PROXY: there are no proxies of ftp://"));
  EXPECT_TRUE(create("grpc", PoolOptions::Proxies::kEnvironment).ok()) << "HTTPS_PROXY alone";
  EXPECT_TRUE(create("http", PoolOptions::Proxies::kNone).ok());
  unsetenv("HTTP_PROXY");
  setenv("https_proxy", "https://a:1", 1);
  EXPECT_FALSE(create("grpc", PoolOptions::Proxies::kEnvironment).ok());
  unsetenv("https_proxy");
}

}  // namespace
}  // namespace bia
