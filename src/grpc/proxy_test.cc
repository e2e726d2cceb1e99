// Calls through an HTTP proxy; tests/zelus/test_grpc_proxy.py has ghz and k6 beside ours.
#include <gtest/gtest.h>

#include "grpc/test_support.h"
#include "net/test_support.h"
#include "net/tls_test_support.h"

namespace bia::grpc {
namespace {

using std::chrono::seconds;
using test::call;
using test::echo;
using test::unary;
using test::with_server;

void copy(net::Socket& from, net::Socket& to) {
  char bytes[4096];
  for (;;) {
    auto count = from.read_some(bytes, Deadline::after(seconds(20)));
    if (!count || *count == 0) break;
    if (!to.write_all({bytes, *count}, Deadline::after(seconds(20)))) break;
  }
  to.shutdown_write();
}

/// A proxy for one connection. kFirst: the server's first bytes come with the proxy's own answer.
enum class Server { kFirst, kSecond };
void serve_tunnel(net::Listener& listener, const std::string& target, std::string& head,
                  Server order) {
  auto client = net::Socket::adopt(listener.accept().value()).value();
  char bytes[4096];
  while (head.find("\r\n\r\n") == std::string::npos)
    head.append(bytes, client.read_some(bytes, Deadline::after(seconds(5))).value());
  auto server =
      net::Socket::connect(net::Endpoint::parse(target).value(), Deadline::after(seconds(5)))
          .value();
  std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n";
  if (order == Server::kFirst)
    answer.append(bytes, server.read_some(bytes, Deadline::after(seconds(5))).value());
  client.write_all(answer, Deadline::after(seconds(5))).value();
  auto back = fiber::Scheduler::current().spawn([&] { copy(server, client); }).value();
  copy(client, server);
  back.join().value();
}

class GrpcProxy : public ::testing::Test {
 protected:
  GrpcProxy() {
    auto variables = [](std::string_view name) {
      return std::string(name == "HTTPS_PROXY" ? "http://u:p@proxy.example:3128" : "");
    };
    client_.proxies = std::make_shared<const http::ProxyRules>(
        http::ProxyRules::grpc_from_environment(variables).value());
    client_.resolver = &resolver_;
  }
  /// The outcome of a call to "svc.example:443" by `proxy`, which gets the server's address.
  UnaryReply call_by(const std::function<void(net::Listener&, const std::string& target)>& proxy) {
    UnaryReply reply;
    const auto body = [&](grpc::Server& server) {
      auto listener = net::Listener::bind(net::Endpoint::parse("127.0.0.1:0").value(), {}).value();
      resolver_.address = listener.local();
      auto served = fiber::Scheduler::current()
                        .spawn([&, target = server.address()] { proxy(listener, target); })
                        .value();
      Channel channel("svc.example:443", client_);
      reply = call(channel, "/t.S/Echo", "hello");
      channel.close();
      served.join().value();
    };
    with_server({unary("/t.S/Echo", echo)}, body, server_);
    return reply;
  }
  UnaryReply call_through(Server order) {
    return call_by([this, order](net::Listener& listener, const std::string& target) {
      serve_tunnel(listener, target, head_, order);
    });
  }

  ServerOptions server_;
  ChannelOptions client_;
  net::OneAddress resolver_;
  std::string head_;
};

constexpr const char* kHead =
    "CONNECT svc.example:443 HTTP/1.1\r\nHost: svc.example:443\r\n"
    "Proxy-Authorization: Basic dTpw\r\n\r\n";

TEST_F(GrpcProxy, TunnelsCleartextAlsoWhereTheServerSpeaksFirst) {
  for (const Server order : {Server::kSecond, Server::kFirst}) {
    head_.clear();
    const UnaryReply reply = call_through(order);
    EXPECT_EQ(reply.status.code, Code::kOk) << reply.status.message;
    EXPECT_EQ(reply.message, "hello");
    EXPECT_EQ(head_, kHead);
    EXPECT_EQ(resolver_.asked, "proxy.example") << "the proxy looks up the target";
  }
}

TEST_F(GrpcProxy, TunnelsTls) {
  const net::TestAuthority authority;
  net::TlsServerOptions tls;
  tls.certificates = {authority.issue("svc.example", "DNS:svc.example")};
  tls.alpn = {"h2"};
  server_.tls = net::TlsServer::create(tls).value();
  client_.tls = net::test_tls_client(authority, {"h2"});
  const UnaryReply reply = call_through(Server::kSecond);
  EXPECT_EQ(reply.status.code, Code::kOk) << reply.status.message;
  EXPECT_EQ(head_, kHead);
}

TEST_F(GrpcProxy, SaysWhatTheProxySays) {
  const auto proxy = [](std::string_view answer) {
    return [answer](net::Listener& listener, const std::string&) {
      auto client = net::Socket::adopt(listener.accept().value()).value();
      char bytes[4096];
      client.read_some(bytes, Deadline::after(seconds(5))).value();
      if (!answer.empty()) client.write_all(answer, Deadline::after(seconds(5))).value();
    };
  };
  constexpr std::string_view kStart = "connection error: desc = \"transport: Error while dialing: ";
  UnaryReply reply = call_by(proxy("HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(reply.status.code, Code::kUnavailable);
  EXPECT_EQ(reply.status.message,
            std::string(kStart) +
                R"(failed to do connect handshake, response: \"HTTP/1.1 407 Who are you\\r\\n)" +
                R"(Content-Length: 0\\r\\n\\r\\n\"")")
      << "quoted twice, as grpc-go does";
  reply = call_by(proxy("SMTP hello\r\n\r\n"));
  EXPECT_EQ(reply.status.code, Code::kUnavailable);
  reply = call_by(proxy(""));
  EXPECT_EQ(reply.status.message, std::string(kStart) + "dial tcp proxy.example:3128: EOF\"");
}

}  // namespace
}  // namespace bia::grpc
