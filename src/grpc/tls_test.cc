// gRPC over TLS, both sides ours; tests/bia/test_grpc_tls.py has other people's programs.
#include <gtest/gtest.h>

#include "grpc/test_support.h"
#include "net/tls_test_support.h"

namespace bia::grpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::call;
using test::streaming;
using test::unary;
using test::with_server;

constexpr const char* kHandshake =
    "connection error: desc = \"transport: authentication handshake failed: ";

Result<void> who(ServerCall& call, std::string_view request, std::string& reply) {
  const auto tls = call.tls();
  reply = std::string(request) + " " + (tls ? tls->alpn + " " + tls->peer_subject : "cleartext");
  return {};
}

Result<void> echo_all(ServerCall& call) {
  std::string message;
  for (;;) {
    if (!BIA_TRY(call.read(message))) return {};
    BIA_TRY(call.write(message));
  }
}

class GrpcTls : public ::testing::Test {
 protected:
  GrpcTls() {
    server_.tls = net::test_tls_server(authority_, {"h2"});
    client_.tls = net::test_tls_client(authority_, {"h2"});
  }
  void serve(const std::function<void(Server&)>& body) {
    with_server({unary("/t.S/Who", who), streaming("/t.S/Echo", echo_all)}, body, server_);
  }
  std::string ask(const Server& server) {
    Channel channel(server.address(), client_);
    const UnaryReply reply = call(channel, "/t.S/Who", "me");
    return reply.status.code == Code::kOk ? reply.message : reply.status.message;
  }

  net::TestAuthority authority_;
  ServerOptions server_;
  ChannelOptions client_;
};

TEST_F(GrpcTls, CallsAndStreams) {
  serve([this](Server& server) {
    Channel channel(server.address(), client_);
    EXPECT_EQ(call(channel, "/t.S/Who", "me").message, "me h2 ");
    auto stream = channel.stream("/t.S/Echo", {}).value();
    const std::string large(300'000, 'x');
    std::string back;
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(stream.write(large).ok());
      ASSERT_TRUE(stream.read(back).value());
      EXPECT_EQ(back, large);
    }
    stream.close_send();
    EXPECT_FALSE(stream.read(back).value());
    EXPECT_EQ(stream.finish().code, Code::kOk);
    EXPECT_EQ(server.counters().connections_accepted, 1u);
  });
}

TEST_F(GrpcTls, TheChannelTellsOfItsHandshake) {
  serve([this](Server& server) {
    Channel channel(server.address(), client_);
    EXPECT_EQ(channel.tls(), nullptr) << "not connected yet";
    ASSERT_TRUE(channel.connect(Deadline::after(seconds(5))).ok());
    const auto first = channel.tls();
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->version, net::TlsVersion::k13);
    EXPECT_TRUE(first->cipher.starts_with("TLS_")) << first->cipher;
    EXPECT_EQ(first->alpn, "h2");
    EXPECT_GT(first->handshake, Duration::zero());
    EXPECT_FALSE(first->resumed);
    EXPECT_EQ(call(channel, "/t.S/Who", "me").message, "me h2 ");
    EXPECT_EQ(channel.tls(), first) << "the same connection";
    channel.close();
    EXPECT_EQ(call(channel, "/t.S/Who", "me").message, "me h2 ");
    EXPECT_TRUE(channel.tls()->resumed) << "the next one";
  });
}

TEST_F(GrpcTls, ClientCertificatesAreAskedForAndSeen) {
  net::TestFile ca(authority_.pem());
  net::TlsServerOptions options;
  options.certificates = {authority_.issue("localhost", "IP:127.0.0.1")};
  options.alpn = {"h2"};
  options.client_ca_file = ca.path();
  options.client_certificate = net::TlsServerOptions::ClientCertificate::kRequire;
  server_.tls = net::TlsServer::create(options).value();
  net::TlsClientOptions with_identity = client_.tls->options();
  with_identity.certificates = {authority_.issue("alice", "DNS:alice.example")};
  serve([&](Server& server) {
    // TLS 1.3's server refuses after the client has finished.
    const std::string refused = ask(server);
    EXPECT_TRUE(refused.starts_with("connection error: desc = \"error reading server preface: "))
        << refused;
    client_.tls = net::TlsClient::create(with_identity).value();
    EXPECT_EQ(ask(server), "me h2 CN=alice");
    EXPECT_EQ(server.counters().tls_failed, 1u);
  });
}

TEST_F(GrpcTls, TheNameIsTheAuthoritysOrTheOverride) {
  net::TlsServerOptions options;
  options.certificates = {authority_.issue("other", "DNS:other.example")};
  options.alpn = {"h2"};
  server_.tls = net::TlsServer::create(options).value();
  serve([this](Server& server) {
    EXPECT_EQ(ask(server),
              std::string(kHandshake) +
                  "tls: failed to verify certificate: x509: cannot validate "
                  "certificate for 127.0.0.1 because it doesn't contain any IP SANs\"");
    client_.authority = "other.example:443";
    EXPECT_EQ(ask(server), "me h2 ");
    client_.authority.clear();
    client_.server_name = "other.example";
    EXPECT_EQ(ask(server), "me h2 ");
  });
}

TEST_F(GrpcTls, AnAuthorityWithoutHostIsNoName) {
  serve([this](Server& server) {
    client_.authority = ":443";
    EXPECT_TRUE(ask(server).starts_with(kHandshake)) << ask(server);
  });
}

TEST_F(GrpcTls, RefusalsHaveGrpcGosTexts) {
  const net::TestAuthority stranger;
  serve([&](Server& server) {
    ChannelOptions good = client_;
    client_.tls = net::test_tls_client(stranger, {"h2"});
    EXPECT_EQ(ask(server), std::string(kHandshake) +
                               "tls: failed to verify certificate: x509: certificate signed by "
                               "unknown authority\"");
    client_.tls = nullptr;
    EXPECT_EQ(ask(server), "connection error: desc = \"error reading server preface: EOF\"");
    for (int i = 0; i < 1000 && server.counters().tls_failed < 2; ++i)
      fiber::sleep_for(milliseconds(5)).value();
    EXPECT_EQ(server.counters().tls_failed, 2u);
    // One that does not negotiate.
    client_.tls = net::test_tls_client(authority_);
    EXPECT_TRUE(ask(server).starts_with(kHandshake));
    for (int i = 0; i < 1000 && server.counters().tls_without_h2 == 0; ++i)
      fiber::sleep_for(milliseconds(5)).value();
    EXPECT_EQ(server.counters().tls_without_h2, 1u);
    client_ = good;
    EXPECT_EQ(ask(server), "me h2 ") << "the others are not harmed";
  });
  server_.tls = nullptr;
  serve([this](Server& server) {
    EXPECT_EQ(ask(server),
              std::string(kHandshake) + "tls: first record does not look like a TLS handshake\"");
  });
}

TEST_F(GrpcTls, AStopDoesNotWaitForAHandshakeThatHangs) {
  const auto counters = test::stopped_beside_a_silent_peer(server_);
  EXPECT_EQ(counters.connections_open, 0u);
  EXPECT_EQ(counters.connections_stopped, 1u);
  EXPECT_EQ(counters.tls_failed, 0u);
}

/// It is asked to go, and told so: GOAWAY is frame type 7 of eight bytes.
void expect_goaway(net::Socket& socket) {
  constexpr std::string_view kPrefaceAndSettings(
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
  ASSERT_TRUE(socket.write_all(kPrefaceAndSettings, Deadline::after(seconds(5))).ok());
  std::string got;
  constexpr std::string_view kGoawayHead("\0\0\x8\7\0\0\0\0\0", 9);
  while (got.find(kGoawayHead) == std::string::npos) {
    char bytes[1024];
    auto count = socket.read_some(bytes, Deadline::after(seconds(5)));
    ASSERT_TRUE(count.ok() && *count > 0) << got.size();
    got.append(bytes, *count);
  }
}

TEST_F(GrpcTls, ADrainLetsHandshakesEnd) {
  serve([this](Server& server) {
    auto socket = net::Socket::connect(net::Endpoint::parse(server.address()).value(),
                                       Deadline::after(seconds(5)))
                      .value();
    while (server.counters().connections_open == 0) fiber::yield();
    server.drain(Server::Listeners::kKeep);
    ASSERT_TRUE(socket.start_tls(*client_.tls, "127.0.0.1", Deadline::after(seconds(5))).ok());
    expect_goaway(socket);
  });
}

TEST_F(GrpcTls, AStopLetsHandshakesEnd) {
  serve([this](Server& server) {
    auto socket = net::Socket::connect(net::Endpoint::parse(server.address()).value(),
                                       Deadline::after(seconds(5)))
                      .value();
    while (server.counters().connections_open == 0) fiber::yield();
    auto stopping = fiber::Scheduler::current()
                        .spawn([&] { server.stop(Deadline::after(seconds(5))); })
                        .value();
    fiber::yield();
    ASSERT_TRUE(socket.start_tls(*client_.tls, "127.0.0.1", Deadline::after(seconds(5))).ok());
    expect_goaway(socket);
    socket.close();
    stopping.join().value();
    EXPECT_EQ(server.counters().connections_stopped, 0u);
  });
}

TEST(GrpcServerLimits, AConnectionAboveTheLimitIsClosedAndCounted) {
  ServerOptions options;
  options.connections_max = 1;
  with_server(
      {unary("/t.S/Who", who)},
      [](Server& server) {
        Channel first(server.address());
        EXPECT_EQ(call(first, "/t.S/Who", "1").message, "1 cleartext");
        Channel second(server.address());
        EXPECT_EQ(call(second, "/t.S/Who", "2").status.code, Code::kUnavailable);
        EXPECT_EQ(server.counters().connections_full, 1u);
        EXPECT_EQ(call(first, "/t.S/Who", "3").message, "3 cleartext");
      },
      options);
}

}  // namespace
}  // namespace bia::grpc
