#include "bia/http/proxy.h"

#include <gtest/gtest.h>

#include <map>

#include "bia/fiber/threads.h"
#include "bia/http/client.h"
#include "bia/http/server.h"
#include "net/test_support.h"
#include "net/tls_test_support.h"

namespace bia::http {
namespace {

using std::chrono::seconds;
using Variables = std::map<std::string, std::string, std::less<>>;

Result<ProxyRules> rules_of(const Variables& variables) {
  return ProxyRules::from_environment([&](std::string_view name) {
    auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
}

std::string way(const Variables& variables, std::string_view host, uint16_t port = 80,
                ProxyRules::Scheme scheme = ProxyRules::Scheme::kHttp) {
  const auto rules = rules_of(variables);
  if (!rules) return rules.error().message();
  const Proxy* proxy = rules->find(scheme, host, port);
  return proxy ? proxy->host + ":" + std::to_string(proxy->port) + proxy->authorization : "";
}

TEST(ProxyRules, AreGos) {
  const Variables http = {{"HTTP_PROXY", "http://p.example:3128"}};
  EXPECT_EQ(way(http, "a.example"), "p.example:3128");
  EXPECT_EQ(way(http, "a.example", 443, ProxyRules::Scheme::kHttps), "");
  for (const char* own :
       {"localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_EQ(way(http, own), "") << own;
  EXPECT_EQ(way({{"http_proxy", "p.example:1"}}, "a.example"), "p.example:1");
  EXPECT_EQ(way({{"https_proxy", "u%40:s@p.example"}}, "a", 443, ProxyRules::Scheme::kHttps),
            "p.example:80Basic dUA6cw==");
  EXPECT_EQ(way({{"HTTP_PROXY", "p"}, {"REQUEST_METHOD", "GET"}}, "a"), "") << "a CGI program";
  EXPECT_EQ(way({}, "a.example"), "");
  EXPECT_EQ(way({{"HTTP_PROXY", "socks5://p"}}, "a"), "p:1080");
  EXPECT_EQ(way({{"HTTP_PROXY", "socks5h://p:1"}}, "a"), "p:1");
  EXPECT_EQ(way({{"HTTP_PROXY", "https://p"}}, "a"), "p:443");
  EXPECT_EQ(way({{"HTTP_PROXY", "https://u:s@p:1"}}, "a"), "p:1Basic dTpz");
  EXPECT_EQ(way({{"HTTP_PROXY", "ftp://p:1"}}, "a"),
            "HTTP_PROXY: there are no proxies of ftp://; write http://host:port");
  EXPECT_EQ(way({{"HTTP_PROXY", "http://"}}, "a"), "HTTP_PROXY: is no URL; write http://host:port");
}

TEST(ProxyRules, NoProxyListsWhatGoesStraight) {
  const auto direct = [](const char* list, std::string_view host, uint16_t port = 80) {
    return way({{"HTTP_PROXY", "p:1"}, {"NO_PROXY", list}}, host, port).empty();
  };
  EXPECT_TRUE(direct("*", "a.example"));
  EXPECT_TRUE(direct("x, b.example", "b.example"));
  EXPECT_TRUE(direct("b.example", "www.B.example"));
  EXPECT_FALSE(direct("b.example", "ab.example"));
  EXPECT_FALSE(direct(".b.example", "b.example"));
  EXPECT_TRUE(direct(".b.example", "www.b.example"));
  EXPECT_TRUE(direct("*.b.example", "www.b.example"));
  EXPECT_TRUE(direct("b.example:8080", "b.example", 8080));
  EXPECT_FALSE(direct("b.example:8080", "b.example", 80));
  EXPECT_TRUE(direct("10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(direct("10.1.2.3", "10.1.2.4"));
  EXPECT_TRUE(direct("10.0.0.0/9", "10.127.0.1"));
  EXPECT_FALSE(direct("10.0.0.0/9", "10.128.0.1"));
  EXPECT_TRUE(direct("fd00::/8", "fd12::1"));
  EXPECT_TRUE(direct("[fd12::1]:80", "fd12::1"));
  EXPECT_FALSE(direct("10.0.0.0/99", "10.0.0.1"));
  EXPECT_TRUE(direct("b.example:", "b.example"));
  for (const char* port : {"http", "8o", "0", "-80", "99999999999"})
    EXPECT_FALSE(direct((std::string("b.example:") + port).c_str(), "b.example")) << port;
  EXPECT_TRUE(direct("10.0.0.0/8", "::ffff:10.0.0.1"));
  EXPECT_FALSE(direct(",,", "a.example"));
}

TEST(ProxyRules, GrpcTakesHttpsProxyAlone) {
  const auto variable = [](std::string_view name) {
    return std::string(name == "HTTP_PROXY" || name == "http_proxy" ? "ftp://a:1"
                       : name == "HTTPS_PROXY"                      ? "proxy.example:1"
                       : name == "NO_PROXY"                         ? "b.example"
                                                                    : "");
  };
  const ProxyRules rules = ProxyRules::grpc_from_environment(variable).value();
  ASSERT_NE(rules.find(ProxyRules::Scheme::kHttps, "a.example", 9000), nullptr);
  EXPECT_EQ(rules.find(ProxyRules::Scheme::kHttps, "b.example", 9000), nullptr);
  EXPECT_EQ(rules.find(ProxyRules::Scheme::kHttps, "127.0.0.1", 9000), nullptr);
}

/// Takes one request head, answers it with `answer`, and hands the connection to `after`.
void serve_one(net::Listener& listener, std::string& head, std::string_view answer,
               const std::function<void(net::Socket&)>& after = {}) {
  auto socket = net::Socket::adopt(listener.accept().value()).value();
  char bytes[512];
  while (head.find("\r\n\r\n") == std::string::npos) {
    auto count = socket.read_some(bytes, Deadline::after(seconds(5)));
    if (!count || *count == 0) return;
    head.append(bytes, *count);
  }
  socket.write_all(answer, Deadline::after(seconds(5))).value();
  if (after) after(socket);
}

struct Sent {
  Result<void> outcome;
  ClientResponse response;
};

class ProxyClient : public ::testing::Test {
 protected:
  /// A request to `host` through a proxy that is played by `serve_one`.
  Sent send(ClientRequest::Scheme scheme, uint16_t port, std::string_view answer,
            const std::function<void(net::Socket&)>& after = {}) {
    Sent sent;
    auto threads = fiber::ThreadGroup::create(1).value();
    threads->run([&](size_t) {
      auto listener = net::Listener::bind(net::Endpoint::parse("127.0.0.1:0").value(), {}).value();
      net::OneAddress resolver;
      resolver.address = listener.local();
      auto proxy =
          fiber::Scheduler::current().spawn([&] { serve_one(listener, head_, answer, after); });
      options_.proxies = std::make_shared<const ProxyRules>(
          rules_of({{"HTTP_PROXY", "http://u:p@proxy.example:9"},
                    {"HTTPS_PROXY", "http://u:p@proxy.example:9"}})
              .value());
      options_.resolver = &resolver;
      Client client(options_);
      ClientRequest request;
      request.scheme = scheme;
      request.host = "a.example";
      request.port = port;
      request.target = "/x?y=1";
      Timings timings;
      sent.outcome = client.send(request, sent.response, timings, Deadline::after(seconds(5)));
      EXPECT_EQ(resolver.asked, "proxy.example");
      proxy->join().value();
    });
    return sent;
  }
  ClientOptions options_;
  std::string head_;
};

TEST_F(ProxyClient, SendsHttpWhole) {
  const Sent sent =
      send(ClientRequest::Scheme::kHttp, 8080, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(sent.outcome.ok()) << sent.outcome.error().message();
  EXPECT_EQ(sent.response.body, "ok");
  EXPECT_EQ(head_,
            "GET http://a.example:8080/x?y=1 HTTP/1.1\r\nHost: a.example:8080\r\n"
            "Proxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST_F(ProxyClient, TunnelsHttps) {
  const net::TestAuthority authority;
  net::TlsServerOptions tls;
  tls.certificates = {authority.issue("a.example", "DNS:a.example")};
  auto server = net::TlsServer::create(tls).value();
  options_.tls = net::test_tls_client(authority);
  std::string inner;
  const Sent sent =
      send(ClientRequest::Scheme::kHttps, 443, "HTTP/1.1 200 Connection established\r\n\r\n",
           [&](net::Socket& socket) {
             socket.start_tls(*server, Deadline::after(seconds(5))).value();
             char bytes[512];
             inner.assign(bytes, socket.read_some(bytes, Deadline::after(seconds(5))).value());
             socket
                 .write_all("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                            Deadline::after(seconds(5)))
                 .value();
           });
  ASSERT_TRUE(sent.outcome.ok()) << sent.outcome.error().message();
  EXPECT_EQ(sent.response.body, "ok");
  EXPECT_EQ(head_,
            "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n"
            "Proxy-Authorization: Basic dTpw\r\n\r\n");
  EXPECT_EQ(inner, "GET /x?y=1 HTTP/1.1\r\nHost: a.example\r\n\r\n");
}

TEST_F(ProxyClient, SaysWhatTheProxySays) {
  options_.tls = net::test_tls_client(net::TestAuthority());
  const Sent refused = send(ClientRequest::Scheme::kHttps, 443,
                            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  EXPECT_EQ(refused.outcome.error().reason(), "PROXY_REFUSED");
  EXPECT_EQ(refused.outcome.error().message(), "Proxy Authentication Required");
  head_.clear();
  EXPECT_EQ(send(ClientRequest::Scheme::kHttps, 443, "SMTP hello\r\n\r\n").outcome.error().reason(),
            "PROXY_REFUSED");
  head_.clear();
  EXPECT_EQ(send(ClientRequest::Scheme::kHttps, 443, "HTTP/1.1 200 OK\r\n\r\nearly")
                .outcome.error()
                .reason(),
            "PROXY_REFUSED");
}

}  // namespace
}  // namespace bia::http
