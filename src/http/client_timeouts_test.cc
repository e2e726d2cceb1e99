// A timeout for each phase of a client's exchange.
#include "bia/http/client.h"
#include "http/server_test_support.h"
#include "net/tls_test_support.h"

namespace bia::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::with_server;

constexpr Duration kLong = std::chrono::hours(1);

std::string outcome(const ClientOptions& options, const net::Endpoint& to,
                    ClientRequest::Scheme scheme = ClientRequest::Scheme::kHttp,
                    std::string_view target = "/", std::string_view body = {}) {
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
  const Result<void> sent = client.send(request, response, timings, Deadline::after(kLong));
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
