// The client over TLS and over HTTP/2, against the server of this layer.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bia/fiber/sync.h"
#include "bia/fiber/threads.h"
#include "bia/http/client.h"
#include "bia/http/router.h"
#include "bia/http/server.h"
#include "net/tls_test_support.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Reply {
  Result<void> result;
  ClientResponse response;
  Timings timings;
};

struct Setting {
  net::TestAuthority authority;
  ServerOptions server;
  ClientOptions client;
  ClientRequest::Scheme scheme = ClientRequest::Scheme::kHttps;
};

void answer(ServerRequest& request, ServerResponse& response) {
  if (request.path() == "/slow") fiber::sleep_for(milliseconds(30)).ignore("test");
  if (request.path() == "/never") fiber::sleep_for(seconds(30)).ignore("test");
  if (request.path() == "/reset") {
    EXPECT_TRUE(response.write("a part").ok());
    throw 1;
  }
  if (request.path() == "/peer") {
    response.body() = request.tls() ? request.tls()->peer_subject : "cleartext";
    return;
  }
  if (request.path() == "/trailers") response.add_trailer("X-Sum", "42");
  if (request.path() == "/fields") response.add_header("X-Fill", std::string(2000, 'x'));
  auto body = request.body();
  if (!body) return write_error(response, body.error());
  response.add_header("X-Version", std::to_string(request.version()));
  response.add_header("X-Host", request.header("Host"));
  response.add_header("X-Name", request.header("x-name"));
  response.body() = *body;
}

class Fixture {
 public:
  Fixture(Server& server, Setting& setting)
      : port_(net::Endpoint::parse(server.address())->port()),
        scheme_(setting.scheme),
        client(setting.client) {}
  Reply send(std::string_view method, std::string_view target, std::string_view body = {},
             Deadline deadline = Deadline::after(seconds(5))) {
    Headers headers;
    headers.add("X-Name", "a value");
    headers.add("Connection", "keep-alive");
    ClientRequest request;
    request.method = method;
    request.scheme = scheme_;
    request.host = "127.0.0.1";
    request.port = port_;
    request.target = target;
    request.headers = &headers;
    request.body = body;
    Reply reply;
    reply.result = client.send(request, reply.response, reply.timings, deadline);
    return reply;
  }
  uint16_t port() const { return port_; }

 private:
  uint16_t port_;
  ClientRequest::Scheme scheme_;

 public:
  Client client;
};

void with(Setting& setting, const std::function<void(Server&, Fixture&)>& body) {
  setting.server.address = "127.0.0.1:0";
  auto group = fiber::ThreadGroup::create(1);
  ASSERT_TRUE(group.ok());
  (*group)->run([&](size_t) {
    auto server = Server::create(**group, setting.server, answer);
    ASSERT_TRUE(server.ok());
    ASSERT_TRUE((*server)->start().ok());
    {
      Fixture fixture(**server, setting);
      body(**server, fixture);
    }
    (*server)->stop(Deadline::after(milliseconds(500)));
    EXPECT_EQ((*server)->counters().connections_open, 0u);
  });
}

void secure(Setting& setting, std::vector<std::string> server_alpn,
            std::vector<std::string> client_alpn) {
  setting.server.tls = net::test_tls_server(setting.authority, std::move(server_alpn));
  setting.client.tls = net::test_tls_client(setting.authority, std::move(client_alpn));
}

TEST(ClientTls, SpeaksHttp1WhereAlpnSaysSo) {
  Setting setting;
  secure(setting, {"h2", "http/1.1"}, {"http/1.1"});
  with(setting, [](Server& server, Fixture& fixture) {
    Reply first = fixture.send("POST", "/", std::string(200'000, 'x'));
    ASSERT_TRUE(first.result.ok()) << first.result.error().text();
    EXPECT_EQ(first.response.version, 1);
    EXPECT_EQ(first.response.body.size(), 200'000u);
    EXPECT_EQ(first.response.headers.get("X-Version"), "1");
    EXPECT_EQ(first.response.tls->version, net::TlsVersion::k13);
    EXPECT_GT(first.timings.tls_handshaking, Duration::zero());
    EXPECT_GT(first.timings.bytes_sent, 200'500u) << "with the handshake and the records' heads";
    Reply second = fixture.send("GET", "/");
    ASSERT_TRUE(second.result.ok());
    EXPECT_TRUE(second.timings.reused);
    EXPECT_EQ(second.timings.tls_handshaking, Duration::zero());
    EXPECT_EQ(server.counters().connections_accepted, 1u);
  });
}

TEST(ClientHttp2, RefusesAHeadAboveItsLimit) {
  Setting setting;
  secure(setting, {"h2"}, {"h2"});
  setting.client.header_bytes_max = 1000;
  with(setting, [](Server&, Fixture& fixture) {
    EXPECT_TRUE(fixture.send("GET", "/").result.ok());
    const Reply reply = fixture.send("GET", "/fields");
    ASSERT_FALSE(reply.result.ok());
    EXPECT_EQ(reply.result.error().reason(), "HEADERS_TOO_LARGE");
    EXPECT_EQ(reply.result.error().message(),
              "http2: response header list larger than advertised limit");
    EXPECT_TRUE(fixture.send("GET", "/").result.ok()) << "the connection goes on";
  });
}

TEST(ClientHttp2, KeepsTrailers) {
  Setting setting;
  secure(setting, {"h2"}, {"h2"});
  with(setting, [](Server&, Fixture& fixture) {
    const Reply reply = fixture.send("GET", "/trailers");
    ASSERT_TRUE(reply.result.ok()) << reply.result.error().text();
    EXPECT_EQ(reply.response.trailers.get("x-sum"), "42");
    EXPECT_FALSE(reply.response.headers.has("x-sum"));
  });
}

TEST(ClientTls, SaysWhyItDoesNotTrust) {
  Setting setting;
  secure(setting, {}, {});
  net::TestAuthority stranger;
  setting.client.tls = net::test_tls_client(stranger);
  with(setting, [](Server& server, Fixture& fixture) {
    Reply reply = fixture.send("GET", "/");
    ASSERT_FALSE(reply.result.ok());
    EXPECT_EQ(reply.result.error().reason(), "TLS_UNKNOWN_AUTHORITY");
    fiber::sleep_for(milliseconds(20)).ignore("test");
    EXPECT_EQ(server.counters().tls_failed, 1u);
    EXPECT_EQ(server.counters().requests, 0u);
  });
}

TEST(ClientTls, TheServerKnowsTheClientsCertificate) {
  Setting setting;
  net::TestFile ca(setting.authority.pem());
  net::TlsServerOptions server;
  server.certificates = {setting.authority.issue("localhost", "IP:127.0.0.1")};
  server.client_certificate = net::TlsServerOptions::ClientCertificate::kRequire;
  server.client_ca_file = ca.path();
  server.alpn = {"h2"};
  setting.server.tls = net::TlsServer::create(server).value();
  net::TlsClientOptions client;
  client.ca_pem = setting.authority.pem();
  client.certificates = {setting.authority.issue("alice", "")};
  client.alpn = {"h2"};
  setting.client.tls = net::TlsClient::create(client).value();
  with(setting, [](Server&, Fixture& fixture) {
    Reply reply = fixture.send("GET", "/peer");
    ASSERT_TRUE(reply.result.ok()) << reply.result.error().text();
    EXPECT_EQ(reply.response.body, "CN=alice");
  });
}

TEST(ClientTls, APlainRequestIsToldSo) {
  Setting setting;
  secure(setting, {}, {});
  setting.scheme = ClientRequest::Scheme::kHttp;
  with(setting, [](Server& server, Fixture& fixture) {
    Reply reply = fixture.send("GET", "/");
    ASSERT_TRUE(reply.result.ok()) << reply.result.error().text();
    EXPECT_EQ(reply.response.status, 400);
    EXPECT_EQ(reply.response.body, "Client sent an HTTP request to an HTTPS server.\n");
    EXPECT_EQ(server.counters().tls_failed, 1u);
  });
}

TEST(ClientTls, NeedsOptionsForHttps) {
  Setting setting;
  with(setting, [](Server&, Fixture& fixture) {
    Reply reply = fixture.send("GET", "/");
    ASSERT_FALSE(reply.result.ok());
    EXPECT_EQ(reply.result.error().reason(), "NO_TLS");
  });
}

class ClientHttp2 : public testing::TestWithParam<bool> {
 protected:
  ClientHttp2() {
    if (GetParam()) {
      secure(setting_, {"h2", "http/1.1"}, {"h2", "http/1.1"});
    } else {
      setting_.scheme = ClientRequest::Scheme::kHttp;
      setting_.client.cleartext = ClientOptions::Cleartext::kPriorKnowledge;
    }
  }
  Setting setting_;
};
INSTANTIATE_TEST_SUITE_P(All, ClientHttp2, testing::Bool(),
                         [](const auto& each) { return each.param ? "Tls" : "Cleartext"; });

TEST_P(ClientHttp2, Exchanges) {
  with(setting_, [](Server& server, Fixture& fixture) {
    Reply got = fixture.send("GET", "/a?b");
    ASSERT_TRUE(got.result.ok()) << got.result.error().text();
    EXPECT_EQ(got.response.status, 200);
    EXPECT_EQ(got.response.version, 2);
    EXPECT_EQ(got.response.reason, "OK");
    EXPECT_EQ(got.response.headers.get("X-Version"), "2");
    EXPECT_EQ(got.response.headers.get("X-Name"), "a value");
    EXPECT_EQ(got.response.headers.get("X-Host"), "127.0.0.1:" + std::to_string(fixture.port()));
    EXPECT_GT(got.timings.waiting, Duration::zero());
    const std::string large(3'000'000, 'y');
    got = fixture.send("POST", "/", large);
    ASSERT_TRUE(got.result.ok()) << got.result.error().text();
    EXPECT_TRUE(got.response.body == large);
    EXPECT_TRUE(got.timings.reused);
    EXPECT_GT(got.timings.bytes_sent, large.size());
    EXPECT_GT(got.timings.bytes_received, large.size());
    got = fixture.send("HEAD", "/");
    EXPECT_TRUE(got.result.ok());
    EXPECT_EQ(server.counters().connections_accepted, 1u);
  });
}

TEST_P(ClientHttp2, ManyShareOneConnection) {
  with(setting_, [](Server& server, Fixture& fixture) {
    ASSERT_TRUE(fixture.send("GET", "/").result.ok());
    std::vector<fiber::Fiber> fibers;
    // More than the server's 250 streams: the rest wait for one.
    for (int i = 0; i < 300; ++i) {
      fibers.push_back(fiber::Scheduler::current()
                           .spawn([&] {
                             Reply reply = fixture.send("POST", "/slow", "body");
                             EXPECT_TRUE(reply.result.ok());
                             EXPECT_EQ(reply.response.body, "body");
                           })
                           .value());
    }
    for (auto& each : fibers) EXPECT_TRUE(each.join(Deadline::after(seconds(10))).ok());
    EXPECT_EQ(server.counters().connections_accepted, 1u);
    EXPECT_EQ(server.counters().requests, 301u);
  });
}

/// `count` requests at once; how many of them fail.
size_t failures_of(size_t count, Fixture& fixture, int version) {
  size_t failed = 0;
  std::vector<fiber::Fiber> fibers;
  for (size_t i = 0; i < count; ++i) {
    fibers.push_back(fiber::Scheduler::current()
                         .spawn([&] {
                           Reply reply = fixture.send("GET", "/");
                           if (!reply.result) return static_cast<void>(++failed);
                           EXPECT_EQ(reply.response.version, version);
                         })
                         .value());
  }
  for (auto& each : fibers) EXPECT_TRUE(each.join(Deadline::after(seconds(10))).ok());
  return failed;
}

TEST_P(ClientHttp2, TheFirstOnesWaitForTheConnectionThatTheyCanShare) {
  with(setting_, [](Server& server, Fixture& fixture) {
    EXPECT_EQ(failures_of(50, fixture, 2), 0u);
    EXPECT_EQ(server.counters().connections_accepted, 1u);
    fixture.client.close_idle();
    EXPECT_EQ(failures_of(50, fixture, 2), 0u);
    EXPECT_EQ(server.counters().connections_accepted, 2u);
  });
}

/// Its first answer is an error, and takes a while.
class FailsOnce final : public net::Resolver {
 public:
  Result<std::vector<net::Endpoint>> resolve(std::string_view host, uint16_t port,
                                             Deadline deadline) override {
    if (asked_++ > 0) return net::resolve(host, port, deadline);
    BIA_TRY(fiber::sleep_for(milliseconds(2)));
    return Error(Code::kUnavailable, "NO_SUCH_HOST", "test");
  }

 private:
  int asked_ = 0;
};

TEST_P(ClientHttp2, ConnectionsThatAreNotKeptEndWithTheLastThatSharedThem) {
  setting_.client.connections_per_host_max = 1;
  setting_.client.reuse = ClientOptions::Reuse::kNever;
  with(setting_, [](Server& server, Fixture& fixture) {
    std::vector<fiber::Fiber> fibers;
    for (uint64_t i = 0; i < 3; ++i) {
      fibers.push_back(fiber::Scheduler::current()
                           .spawn([&] { EXPECT_TRUE(fixture.send("POST", "/slow").result.ok()); })
                           .value());
      // All but the first share its connection, as there may be no other.
      while (server.counters().requests <= i) fiber::yield();
      fiber::sleep_for(milliseconds(10)).value();  // They end one by one.
    }
    for (auto& each : fibers) EXPECT_TRUE(each.join(Deadline::after(seconds(10))).ok());
    EXPECT_EQ(server.counters().connections_accepted, 1u);
    const Deadline soon = Deadline::after(seconds(5));
    while (server.counters().connections_open > 0 && !soon.expired())
      fiber::sleep_for(milliseconds(1)).value();
    EXPECT_EQ(server.counters().connections_open, 0u);
  });
}

TEST_P(ClientHttp2, ThoseThatWaitOutliveAConnectionThatFails) {
  FailsOnce resolver;
  setting_.client.resolver = &resolver;
  with(setting_, [](Server& server, Fixture& fixture) {
    EXPECT_EQ(failures_of(50, fixture, 2), 1u);
    EXPECT_LE(server.counters().connections_accepted, 6u);
  });
}

TEST(ClientTls, ConnectionsOfHttp1AreMadeAtOnceWhenThatIsKnown) {
  Setting setting;
  secure(setting, {"http/1.1"}, {"h2", "http/1.1"});
  with(setting, [](Server& server, Fixture& fixture) {
    EXPECT_EQ(failures_of(50, fixture, 1), 0u);
    EXPECT_EQ(server.counters().connections_accepted, 6u);
  });
}

TEST_P(ClientHttp2, OneThatIsLateOrResetLeavesTheOthers) {
  with(setting_, [](Server& server, Fixture& fixture) {
    Reply late = fixture.send("GET", "/never", {}, Deadline::after(milliseconds(30)));
    ASSERT_FALSE(late.result.ok());
    EXPECT_EQ(late.result.error().reason(), "REQUEST_TIMEOUT");
    Reply reset = fixture.send("GET", "/reset");
    ASSERT_FALSE(reset.result.ok());
    EXPECT_EQ(reset.result.error().reason(), "HTTP2_STREAM");
    EXPECT_EQ(reset.result.error().metadata().front().second, "2") << "INTERNAL_ERROR";
    EXPECT_TRUE(fixture.send("GET", "/").result.ok());
    EXPECT_EQ(server.counters().connections_accepted, 1u);
  });
}

TEST_P(ClientHttp2, AServerThatGoesAwayIsReplaced) {
  setting_.server.idle_timeout = milliseconds(60);
  with(setting_, [](Server& server, Fixture& fixture) {
    ASSERT_TRUE(fixture.send("GET", "/").result.ok());
    fiber::sleep_for(milliseconds(400)).ignore("test");
    Reply again = fixture.send("POST", "/", "x");
    EXPECT_TRUE(again.result.ok()) << again.result.error().text();
    EXPECT_EQ(server.counters().connections_accepted, 2u);
  });
}

TEST_P(ClientHttp2, RefusesWhatCannotBeSent) {
  with(setting_, [](Server&, Fixture& fixture) {
    EXPECT_EQ(fixture.send("GE T", "/").result.error().reason(), "BAD_REQUEST");
    EXPECT_EQ(fixture.send("GET", "/a b").result.error().reason(), "BAD_REQUEST");
    EXPECT_TRUE(fixture.send("GET", "/").result.ok());
  });
}

}  // namespace
}  // namespace bia::http
