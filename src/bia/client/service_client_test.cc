#include <gmock/gmock.h>

#include "bia/bia/jwt.h"
#include "bia/bia/log.h"
#include "bia/bia/propagation.h"
#include "bia/bia/tracing.h"
#include "bia/bia/validate.h"
#include "bia/client/service_client_test_support.h"
#include "bia/metrics/registry.h"

namespace bia {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;
using testing::HasSubstr;

TEST(ServiceClient, RunsItsChainAsAServerDoes) {
  Peer peer;
  std::string seen;
  peer.echo = [&](grpc::ServerCall& call, std::string_view request,
                  std::string& reply) -> Result<void> {
    seen = call.metadata("x-a");
    call.add_initial_metadata("x-b", "2");
    reply = request;
    return {};
  };
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc);
    std::string order;
    client->use([&](Context& context, Request request, Next next) -> Result<Reply> {
      EXPECT_EQ(context.side(), Side::kClient);
      EXPECT_EQ(context.operation(), kEcho);
      EXPECT_EQ(request.text(), "value: \"hi\"");
      order += "a";
      context.outgoing()->set_header("x-a", "1");
      auto reply = next();
      order += "d";
      EXPECT_EQ(context.peer(), grpc);
      EXPECT_THAT(context.outgoing()->reply_headers, testing::Contains(testing::Pair("x-b", "2")));
      return reply;
    });
    client->use([&](Context&, Request, Next next) {
      order += "b";
      return next();
    });
    EXPECT_EQ(*echo(*client, "hi"), "hi");
    EXPECT_EQ(order, "abd");
    EXPECT_EQ(seen, "1");
  });
}

TEST(ServiceClient, ChecksARequestBeforeItIsSent) {
  Peer peer;
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc);
    client->use(validation_middleware());
    const auto rules = [](const google::protobuf::Message&, Violations& out) {
      out.add({"StringValue", "Value", "value"}, "bad");
    };
    EXPECT_EQ(echo(*client, "x", nullptr, rules).error().reason(), "VALIDATOR");
    EXPECT_EQ(peer.calls, 0);
  });
}

TEST(ServiceClient, RecoversFromAMiddlewareThatThrows) {
  log::set_sink([](std::string_view) {});
  auto threads = *fiber::ThreadGroup::create(1);
  threads->run([&](size_t) {
    auto client = client_of("127.0.0.1:1");
    client->use(recovery_middleware());
    client->use([](Context&, Request, Next) -> Result<Reply> { throw std::runtime_error("x"); });
    EXPECT_EQ(echo(*client, "x").error().reason(), "UNKNOWN");
  });
}

TEST(ServiceClient, EndsAtItsDeadline) {
  Peer peer;
  peer.echo = [](grpc::ServerCall&, std::string_view, std::string&) -> Result<void> {
    fiber::sleep_for(60s).ignore("a test");
    return {};
  };
  peer.run([&](const std::string& grpc, const std::string&) {
    for (int copies : {1, 2}) {
      auto client = client_of(grpc, [&](auto& options) {
        options.timeout = 20ms;
        options.hedge.copies = copies;
      });
      EXPECT_EQ(echo(*client, "x").error().code(), Code::kDeadlineExceeded) << copies;
    }
  });
}

TEST(ServiceClient, TellsItsDeadlineInAHeader) {
  Peer peer;
  std::string told;
  peer.http = [&](http::ServerRequest& request, http::ServerResponse&) {
    told = request.header("x-deadline");
  };
  peer.run([&](const std::string&, const std::string& web) {
    auto client = client_of(
        web, [](ServiceClientOptions& options) { options.deadline_header = "X-Deadline"; }, "http");
    http::ClientRequest request;
    request.method = "GET";
    request.target = "/";
    http::ClientResponse response;
    ASSERT_TRUE(client->send(request, response).ok());
    const auto left = parse_go_duration(told);
    ASSERT_TRUE(left.ok()) << told;
    EXPECT_GT(*left, 1s);
    EXPECT_LE(*left, 20s);
  });
}

TEST(ServiceClient, KeepsItsTimeoutWhileNoNodeIsKnown) {
  log::set_sink([](std::string_view) {});
  auto threads = *fiber::ThreadGroup::create(1);
  threads->run([&](size_t) {
    auto client = client_of("discovery:///nobody", [](ServiceClientOptions& options) {
      options.pool.etcd.endpoints = {"127.0.0.1:1"};
      options.timeout = 50ms;
    });
    // Not kUnavailable, which would say that the pool gave up first.
    EXPECT_EQ(echo(*client, "x").error().code(), Code::kDeadlineExceeded);
  });
}

TEST(ServiceClient, AStreamWaitsForItsFirstNodeAsItsCallSays) {
  log::set_sink([](std::string_view) {});
  auto threads = *fiber::ThreadGroup::create(1);
  threads->run([&](size_t) {
    const auto opened = [](Duration first_timeout, const grpc::CallOptions& call) {
      auto client = client_of("discovery:///nobody", [&](ServiceClientOptions& options) {
        options.pool.etcd.endpoints = {"127.0.0.1:1"};
        options.pool.first_timeout = first_timeout;
      });
      return client->stream("/t.S/Chat", nullptr, call).error();
    };
    const auto soon = [] { return Deadline::after(20ms); };
    const auto kWait = grpc::CallOptions::Ready::kWait;
    EXPECT_EQ(opened(60s, {.deadline = soon()}).code(), Code::kDeadlineExceeded);
    EXPECT_EQ(opened(1ms, {}).reason(), "no_available_node");
    EXPECT_EQ(opened(1ms, {.deadline = soon(), .ready = kWait}).code(), Code::kDeadlineExceeded);
  });
}

TEST(ServiceClient, SendsATokenTheServerAccepts) {
  Peer peer;
  std::string header;
  peer.echo = [&](grpc::ServerCall& call, std::string_view, std::string&) -> Result<void> {
    header = call.metadata("authorization");
    return {};
  };
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc);
    client->use(jwt_client_middleware(*JwtKeys::secret(JwtAlgorithm::kHs256, "s"),
                                      [] { return std::string(R"({"sub":"me"})"); },
                                      {{"kid", "k-1"}}));
    EXPECT_TRUE(echo(*client, "x").ok());
    ASSERT_THAT(header, testing::StartsWith("Bearer "));
    const auto keys = *JwtKeys::secret(JwtAlgorithm::kHs256, "s");
    EXPECT_EQ(verify_jwt(header.substr(7), keys, {})->subject, "me");
    // {"alg":"HS256","typ":"JWT","kid":"k-1"}
    EXPECT_THAT(header, HasSubstr("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImstMSJ9."));
    auto without = client_of(grpc);
    without->use(jwt_client_middleware(nullptr));
    EXPECT_EQ(echo(*without, "x").error().message(), "Token provider is missing");
    auto wrong = client_of(grpc);
    wrong->use(jwt_middleware(*JwtKeys::secret(JwtAlgorithm::kHs256, "s")));
    EXPECT_EQ(echo(*wrong, "x").error().message(), "Wrong context for middleware");
  });
}

TEST(ServiceClient, PassesOnWhatTheServerCallCarries) {
  Peer peer;
  std::vector<std::pair<std::string, std::string>> seen;
  peer.echo = [&](grpc::ServerCall& call, std::string_view, std::string&) -> Result<void> {
    seen = call.all_metadata();
    return {};
  };
  peer.run([&](const std::string& grpc, const std::string&) {
    auto tracer = *Tracer::create({.endpoint = "http://127.0.0.1:1", .service_name = "shop"});
    auto client = client_of(grpc);
    client->use(tracing_middleware(*tracer));
    client->use(request_id_middleware());
    client->use(metadata_middleware({.constants = {{"X-Constant", "c"}}}));
    // A server call, stood in for by an outgoing one that carries the same.
    OutgoingCall of_server{.headers = {{"tracestate", "a=b"}, {"baggage", "k=v"}}};
    Context parent("/t.S/Outer", {}, of_server, nullptr, now());
    SpanContext span;
    ASSERT_TRUE(
        SpanContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", span));
    RequestId id{"r-1"};
    ServerMetadata metadata{{{"x-md-global-tenant", "blue"}, {"x-md-local-x", "1"}}};
    const ContextValue<SpanContext> with_span(parent, span);
    const ContextValue<RequestId> with_id(parent, id);
    const ContextValue<ServerMetadata> with_metadata(parent, metadata);
    EXPECT_TRUE(echo(*client, "x", &parent).ok());
    const auto value = [&](std::string_view name) {
      for (const auto& [key, text] : seen) {
        if (key == name) return text;
      }
      return std::string("(none)");
    };
    EXPECT_THAT(value("traceparent"), testing::StartsWith("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
    EXPECT_NE(value("traceparent"), span.traceparent()) << "a span of its own";
    EXPECT_EQ(value("tracestate"), "a=b");
    EXPECT_EQ(value("baggage"), "k=v");
    EXPECT_EQ(value("x-md-service-name"), "shop");
    EXPECT_EQ(value("x-request-id"), "r-1");
    EXPECT_EQ(value("x-md-global-tenant"), "blue");
    EXPECT_EQ(value("x-md-local-x"), "(none)");
    EXPECT_EQ(value("x-constant"), "c");
  });
}

TEST(ServiceClient, LeavesOutWhatGrpcWouldRefuse) {
  Peer peer;
  peer.run([&](const std::string& grpc, const std::string&) {
    auto tracer = *Tracer::create({.endpoint = "http://127.0.0.1:1", .service_name = "shop"});
    auto client = client_of(grpc);
    client->use(tracing_middleware(*tracer));
    client->use(metadata_middleware());
    OutgoingCall of_server{.headers = {{"tracestate", "a=\t"}, {"baggage", "k=J\xc3\xb6rg"}}};
    Context parent("/t.S/Outer", {}, of_server, nullptr, now());
    ServerMetadata metadata{{{"x-md-global-name", "J\xc3\xb6rg"}}};
    const ContextValue<ServerMetadata> with_metadata(parent, metadata);
    EXPECT_TRUE(echo(*client, "x", &parent).ok());
  });
}

TEST(ServiceClient, CountsByKratosNamesAndBreaks) {
  Peer peer;
  peer.echo = [](grpc::ServerCall&, std::string_view, std::string&) -> Result<void> {
    return Error(Code::kUnavailable, "DOWN", "");
  };
  metrics::Registry registry;
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc);
    client->use(client_metrics_middleware(registry));
    client->use(circuit_breaker_middleware({}));
    std::string reason;
    for (int i = 0; i < 2000 && reason != "CIRCUITBREAKER"; ++i)
      reason = echo(*client, "x").error().reason();
    EXPECT_EQ(reason, "CIRCUITBREAKER");
    EXPECT_GE(peer.calls, 100);
    std::string text;
    registry.write_text(text);
    EXPECT_THAT(text, HasSubstr("client_requests_code_total{kind=\"grpc\",operation=\"/t.S/Echo\","
                                "code=\"503\",reason=\"CIRCUITBREAKER\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("client_requests_seconds_count{kind=\"grpc\",operation=\"/t.S/"
                                "Echo\"}"));
  });
}

TEST(ServiceClient, CountsWhatIsTooLongForAReasonAsOther) {
  Peer peer;
  peer.echo = [](grpc::ServerCall&, std::string_view, std::string&) -> Result<void> {
    return Error(Code::kNotFound, std::string(64, 'R'), "");
  };
  metrics::Registry registry;
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc);
    client->use(client_metrics_middleware(registry));
    EXPECT_FALSE(echo(*client, "x").ok());
  });
  std::string text;
  registry.write_text(text);
  EXPECT_THAT(text, HasSubstr("code=\"404\",reason=\"other\"} 1\n"));
}

TEST(ServiceClient, AsksABreakerOfOnesOwn) {
  struct Twice final : CircuitBreaker {
    explicit Twice(std::string& all) : marks(all) {}
    bool allow(TimePoint) override { return ++calls <= 2; }
    void mark(TimePoint, const Error* error) override { marks += error ? error->reason() : "ok"; }
    std::string& marks;
    int calls = 0;
  };
  Peer peer;
  peer.echo = [](grpc::ServerCall&, std::string_view request, std::string& reply) -> Result<void> {
    if (request.empty()) return Error(Code::kNotFound, "NONE", "");
    reply = request;
    return {};
  };
  std::string marks;
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc);
    client->use(circuit_breaker_middleware([&] { return std::make_unique<Twice>(marks); }));
    EXPECT_TRUE(echo(*client, "x").ok());
    EXPECT_EQ(echo(*client, "").error().reason(), "NONE");
    EXPECT_EQ(echo(*client, "x").error().reason(), "CIRCUITBREAKER");
    EXPECT_EQ(client->stream("/t.S/Chat", nullptr, {}).ok(), true) << "another operation's";
    EXPECT_EQ(marks, "okNONE");
    auto throwing = client_of(grpc);
    throwing->use(circuit_breaker_middleware([&] { return std::make_unique<Twice>(marks); }));
    throwing->use([](Context&, Request, Next) -> Result<Reply> { throw std::runtime_error("x"); });
    EXPECT_THROW((void)echo(*throwing, "x"), std::runtime_error);
    EXPECT_EQ(marks, "okNONEUNKNOWN");
  });
}

TEST(ServiceClient, FollowsRedirects) {
  Peer peer;
  peer.http = [&](http::ServerRequest& request, http::ServerResponse& response) {
    if (request.target() == "/there") {
      response.body() = "arrived";
      return;
    }
    response.set_status(307);
    response.add_header("Location", "/there");
  };
  peer.run([&](const std::string&, const std::string& web) {
    auto client = client_of(web, [](auto&) {}, "http");
    http::ClientRequest request;
    request.target = "/here";
    http::ClientResponse response;
    ASSERT_TRUE(client->send(request, response).ok());
    EXPECT_EQ(response.body, "arrived");
  });
}

TEST(ServiceClient, SendsPlainHttpThroughItsChain) {
  Peer peer;
  peer.http = [&](http::ServerRequest& request, http::ServerResponse& response) {
    if (peer.calls == 1) {
      response.set_status(503);
      return;
    }
    response.set_status(request.header("x-a") == "1" ? 422 : 400);
    response.body() = R"({"code":422,"reason":"ODD","message":"odd","metadata":{"id":"7"}})";
  };
  peer.run([&](const std::string&, const std::string& web) {
    auto client = client_of(
        web,
        [](auto& options) {
          options.retry.attempts = 2;
          options.retry.backoff = 1ms;
        },
        "http");
    std::string operation;
    client->use([&](Context& context, Request, Next next) {
      operation = context.operation();
      context.outgoing()->set_header("x-a", "1");
      return next();
    });
    http::ClientRequest request;
    request.target = "/odd?x=1";
    http::ClientResponse response;
    const Result<void> sent = client->send(request, response);
    EXPECT_EQ(sent.error().reason(), "ODD");
    EXPECT_EQ(sent.error().http_status(), 422);
    EXPECT_EQ(response.status, 422);
    EXPECT_EQ(operation, "/odd");
    EXPECT_EQ(peer.calls, 2) << "the first was 503";
    peer.calls = 0;
    request.method = "POST";
    EXPECT_EQ(client->send(request, response).error().http_status(), 503) << "once only";
  });
}

TEST(ServiceClient, StreamsPassTheChainFromBeginningToEnd) {
  Peer peer;
  peer.run([&](const std::string& grpc, const std::string&) {
    auto client = client_of(grpc);
    std::vector<std::string> outcomes;
    client->use([&](Context&, Request request, Next next) -> Result<Reply> {
      EXPECT_EQ(request.message(), nullptr);
      auto reply = next();
      outcomes.push_back(reply.ok() ? "ok" : reply.error().reason());
      return reply;
    });
    client->use(request_id_middleware());
    OutgoingCall of_server;
    Context parent("/t.S/Outer", {}, of_server, nullptr, now());
    RequestId id{"r-1"};
    const ContextValue<RequestId> with_id(parent, id);
    const auto open = [&] { return *client->stream("/t.S/Chat", &parent, {}); };
    {
      OpenedStream opened = open();
      opened.stream.write("m").value();
      std::string message;
      EXPECT_TRUE(*opened.stream.read(message));
      EXPECT_EQ(message, "mr-1");
      EXPECT_TRUE(outcomes.empty());
      opened.stream.close_send();
      EXPECT_FALSE(*opened.stream.read(message));
      EXPECT_TRUE(finish_stream(opened).ok());
      EXPECT_TRUE(finish_stream(opened).ok()) << "twice";
    }
    {
      OpenedStream opened = open();
      opened.stream.write("fail").value();
      EXPECT_EQ(finish_stream(opened).error().reason(), "GONE");
    }
    {
      const OpenedStream dropped = open();
    }
    while (outcomes.size() < 3) fiber::yield();
    EXPECT_THAT(outcomes, testing::ElementsAre("ok", "GONE", ""));
    client->use([](Context&, Request, Next) -> Result<Reply> {
      return Error(Code::kPermissionDenied, "NO", "no");
    });
    EXPECT_EQ(client->stream("/t.S/Chat", nullptr, {}).error().reason(), "NO");
  });
}

TEST(ServiceClient, KeepsItsChainUntilADroppedStreamHasLeftIt) {
  class Slow final : public Middleware {
   public:
    Slow(std::shared_ptr<bool> alive, int& left) : alive_(std::move(alive)), left_(left) {}
    ~Slow() override { *alive_ = false; }
    Result<Reply> handle(Context&, Request, Next next) override {
      const std::shared_ptr<bool> alive = alive_;  // The fiber's own, should this object go.
      int& left = left_;
      auto reply = next();
      for (int turn = 0; turn < 3; ++turn) {
        EXPECT_TRUE(*alive) << turn;
        fiber::sleep_for(5ms).value();
      }
      ++left;
      return reply;
    }

   private:
    std::shared_ptr<bool> alive_;
    int& left_;
  };
  Peer peer;
  peer.run([&](const std::string& grpc, const std::string&) {
    int left = 0;
    auto client = client_of(grpc);
    client->use(std::make_unique<Slow>(std::make_shared<bool>(true), left));
    {
      const OpenedStream dropped = *client->stream("/t.S/Chat", nullptr, {});
    }
    client.reset();
    EXPECT_EQ(left, 1);
  });
}

TEST(ServiceClient, ThrowsWhatAMiddlewareThrowsOnAStream) {
  Peer peer;
  peer.run([&](const std::string& grpc, const std::string&) {
    bool early = true;
    auto client = client_of(grpc);
    client->use([&](Context&, Request, Next next) -> Result<Reply> {
      if (early) throw std::runtime_error("early");
      auto reply = next();
      throw std::runtime_error("late");
    });
    const auto thrown = [](const std::function<void()>& body) -> std::string {
      try {
        body();
      } catch (const std::runtime_error& error) {
        return error.what();
      }
      return "nothing";
    };
    const auto open = [&] { return client->stream("/t.S/Chat", nullptr, {}); };
    EXPECT_EQ(thrown([&] { open().error(); }), "early");
    early = false;
    OpenedStream opened = *open();
    opened.stream.close_send();
    EXPECT_EQ(thrown([&] { (void)finish_stream(opened); }), "late");
    const OpenedStream dropped = *open();
  });
}

TEST(ServiceClient, RefusesOptionsThatMakeNoSense) {
  const auto refused = [](const std::function<void(ServiceClientOptions&)>& set) {
    ServiceClientOptions options;
    options.pool.target = "127.0.0.1:1";
    set(options);
    return !ServiceClient::create(std::move(options)).ok();
  };
  EXPECT_TRUE(refused([](auto& options) { options.pool.target = "a"; }));
  EXPECT_TRUE(refused([](auto& options) { options.pool.attempts = 2; }));
  EXPECT_TRUE(refused([](auto& options) { options.retry.attempts = 0; }));
  EXPECT_TRUE(refused([](auto& options) { options.hedge.copies = 11; }));
  EXPECT_TRUE(refused([](auto& options) { options.hedge.delay = Duration::zero(); }));
  EXPECT_TRUE(refused([](auto& options) { options.timeout = Duration::zero(); }));
  EXPECT_FALSE(refused([](auto&) {}));
}

}  // namespace
}  // namespace bia
