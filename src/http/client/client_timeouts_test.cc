// A timeout for each phase of a client's exchange.
#include "bia/http/client.h"
#include "http/server/server_test_support.h"
#include "net/test_support.h"
#include "net/tls_test_support.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::with_server;

constexpr Duration kLong = std::chrono::hours(1);

std::string outcome(const ClientOptions& options, const net::Endpoint& to,
                    ClientRequest::Scheme scheme = ClientRequest::Scheme::kHttp,
                    std::string_view target = "/", std::string_view body = {},
                    Duration patience = kLong) {
  Client client(options);
  ClientRequest request;
  request.method = body.empty() ? "GET" : "POST";
  request.body = body;
  request.scheme = scheme;
  const std::string host = to.host();
  request.host = host;
  request.port = to.port();
  request.target = target;
  ClientResponse response;
  Timings timings;
  const Result<void> sent = client.send(request, response, timings, Deadline::after(patience));
  if (sent) return response.body;
  EXPECT_EQ(sent.error().code(), Code::kDeadlineExceeded) << sent.error().text();
  return sent.error().reason();
}

/// Accepts nothing: connections wait in its queue.
void with_silent_port(const std::function<void(const net::Endpoint&)>& body) {
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    auto listener = net::Listener::bind(net::Endpoint::parse("127.0.0.1:0").value(), {}).value();
    body(listener.local());
  });
}

/// Looks up for ever.
class StuckResolver final : public net::Resolver {
 public:
  Result<std::vector<net::Endpoint>> resolve(std::string_view, uint16_t,
                                             Deadline deadline) override {
    BIA_TRY(fiber::sleep_until(deadline.at()));
    return Error(Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", "deadline exceeded");
  }
};

TEST(ClientTimeouts, LookingUpAndConnecting) {
  with_silent_port([](const net::Endpoint& port) {
    StuckResolver resolver;
    ClientOptions options;
    options.resolver = &resolver;
    options.connect_timeout = milliseconds(10);
    EXPECT_EQ(outcome(options, port), "DIAL_TIMEOUT");
  });
}

TEST(ClientTimeouts, TheHandshake) {
  with_silent_port([](const net::Endpoint& port) {
    ClientOptions options;
    options.tls = net::test_tls_client(net::TestAuthority());
    options.tls_timeout = milliseconds(10);
    EXPECT_EQ(outcome(options, port, ClientRequest::Scheme::kHttps), "TLS_HANDSHAKE_TIMEOUT");
  });
}

TEST(ClientTimeouts, TheProxysAnswer) {
  with_silent_port([](const net::Endpoint& port) {
    net::OneAddress resolver;
    resolver.address = port;
    ClientOptions options;
    options.resolver = &resolver;
    options.proxy_timeout = milliseconds(10);
    options.tls = net::test_tls_client(net::TestAuthority());
    options.tls_timeout = kLong;
    const auto through = [&](const char* proxy, ClientRequest::Scheme scheme,
                             Duration patience = kLong) {
      const auto variable = [proxy](std::string_view name) {
        return std::string(name == "HTTP_PROXY" || name == "HTTPS_PROXY" ? proxy : "");
      };
      options.proxies =
          std::make_shared<const ProxyRules>(ProxyRules::from_environment(variable).value());
      return outcome(options, net::Endpoint::parse("192.0.2.1:80").value(), scheme, "/", {},
                     patience);
    };
    EXPECT_EQ(through("http://proxy.example:3128", ClientRequest::Scheme::kHttps), "PROXY_TIMEOUT");
    EXPECT_EQ(through("socks5://proxy.example:1080", ClientRequest::Scheme::kHttp),
              "PROXY_TIMEOUT");
    options.proxy_timeout = kLong;
    EXPECT_EQ(
        through("socks5://proxy.example:1080", ClientRequest::Scheme::kHttp, milliseconds(10)),
        "REQUEST_TIMEOUT");
  });
}

TEST(ClientTimeouts, AConnectionKeptTooLongIsNotUsedAgain) {
  const auto handler = [](ServerRequest&, ServerResponse& response) { response.body() = "ok"; };
  with_server(handler, [](Server& server) {
    const auto to = net::Endpoint::parse(server.address()).value();
    using Cleartext = ClientOptions::Cleartext;
    for (const Cleartext version : {Cleartext::kHttp1, Cleartext::kPriorKnowledge}) {
      for (const Duration idle : {Duration(kLong), Duration(milliseconds(1))}) {
        ClientOptions options;
        options.cleartext = version;
        options.idle_timeout = idle;
        Client client(options);
        ClientRequest request;
        request.host = "127.0.0.1";
        request.port = to.port();
        request.target = "/";
        ClientResponse response;
        Timings timings;
        ASSERT_TRUE(client.send(request, response, timings, Deadline::after(seconds(5))).ok());
        fiber::sleep_for(milliseconds(5)).ignore("test");
        ASSERT_TRUE(client.send(request, response, timings, Deadline::after(seconds(5))).ok());
        EXPECT_EQ(timings.reused, idle == kLong);
      }
    }
  });
}

TEST(ClientTimeouts, TheHeadOnBothProtocolsAndNotTheBody) {
  const auto handler = [](ServerRequest& request, ServerResponse& response) {
    if (request.path() == "/late") fiber::sleep_for(milliseconds(300)).ignore("test");
    response.write("begin ").ignore("test");
    if (request.path() == "/slow") fiber::sleep_for(milliseconds(100)).ignore("test");
    response.write("end").ignore("test");
  };
  with_server(handler, [](Server& server) {
    const auto to = net::Endpoint::parse(server.address()).value();
    using Cleartext = ClientOptions::Cleartext;
    for (const Cleartext version : {Cleartext::kHttp1, Cleartext::kPriorKnowledge}) {
      ClientOptions options;
      options.cleartext = version;
      options.head_timeout = milliseconds(60);
      const auto ask = [&](std::string_view target) {
        return outcome(options, to, ClientRequest::Scheme::kHttp, target);
      };
      EXPECT_EQ(ask("/late"), "HEAD_TIMEOUT");
      EXPECT_EQ(ask("/slow"), "begin end") << "its head was in time";
      options.head_timeout = {};
      EXPECT_EQ(ask("/late"), "begin end") << "none by default";
    }
  });
}

TEST(ClientTimeouts, TheHeadsBeginsWithTheRequestsEnd) {
  const auto handler = [](ServerRequest& request, ServerResponse& response) {
    // Windows are full meanwhile.
    fiber::sleep_for(milliseconds(300)).ignore("test");
    if (!request.body()) return response.set_status(400);
    if (request.path() == "/late") fiber::sleep_for(milliseconds(300)).ignore("test");
    response.body() = "all read";
  };
  with_server(handler, [](Server& server) {
    const auto to = net::Endpoint::parse(server.address()).value();
    const std::string body(3'000'000, 'x');
    ClientOptions options;
    options.cleartext = ClientOptions::Cleartext::kPriorKnowledge;
    options.head_timeout = milliseconds(100);
    EXPECT_EQ(outcome(options, to, ClientRequest::Scheme::kHttp, "/", body), "all read");
    EXPECT_EQ(outcome(options, to, ClientRequest::Scheme::kHttp, "/late", body), "HEAD_TIMEOUT");
  });
}

}  // namespace
}  // namespace bia::http
