// Request id, metadata, selector, rate limit, CORS, trace context: over a call that is no
// network's.
#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "bia/bia/propagation.h"
#include "bia/bia/rate_limit.h"
#include "bia/bia/selected.h"
#include "bia/bia/tracing.h"
#include "bia/middleware/bbr.h"
#include "bia/middleware/cors.h"
#include "bia/middleware/otlp.h"
#include "fiber/test_support.h"

namespace bia {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

using Fields = std::vector<std::pair<std::string, std::string>>;

class FakeCall final : public grpc::ServerCall {
 public:
  grpc::Metadata in;
  Fields out, trailers;
  std::string_view path() const override { return "/p.S/M"; }
  std::string_view metadata(std::string_view key) const override {
    for (const auto& [name, value] : in) {
      if (name == key) return value;
    }
    return {};
  }
  const grpc::Metadata& all_metadata() const override { return in; }
  void add_initial_metadata(std::string_view key, std::string_view value) override {
    out.emplace_back(key, value);
  }
  void add_trailing_metadata(std::string_view key, std::string_view value) override {
    trailers.emplace_back(key, value);
  }
  Deadline deadline() const override { return Deadline::never(); }
  std::string peer() const override { return "10.0.0.1:55"; }
  bool cancelled() const override { return false; }
  std::optional<net::TlsInfo> tls() const override { return std::nullopt; }
  Result<bool> read(std::string&) override { return false; }
  Result<void> write(std::string_view) override { return {}; }
};

struct Served {
  FakeCall call;
  Chain chain;
  google::protobuf::StringValue request, reply;
  std::function<Result<void>(Context&)> handler = [](Context&) { return Result<void>(); };

  Result<Reply> operator()(std::string_view operation = "/p.S/M") {
    Context context(operation, call, now());
    Invocation invocation{context, &request, &reply, [](Invocation& self) {
                            return static_cast<Served*>(self.service)->handler(self.context);
                          }};
    invocation.service = this;
    return chain.run(invocation);
  }
};

TEST(Middleware, InterceptsCallsOfOneProtocol) {
  Served run;
  run.chain.add([](Context& context, Request, Next next) -> Result<Reply> {
    if (context.transport() != Transport::kGrpc) return next();
    if (context.grpc_call()->metadata("tenant").empty())
      return Error(Code::kUnauthenticated, "TENANT", "no tenant");
    Result<Reply> reply = next();
    context.grpc_call()->add_trailing_metadata("served-by", "a");
    return reply;
  });
  EXPECT_EQ(run().error().reason(), "TENANT");
  run.call.in = {{"tenant", "t"}};
  EXPECT_TRUE(run().ok());
  EXPECT_THAT(run.call.trailers, ElementsAre(Pair("served-by", "a")));
}

TEST(RequestId, IsTakenOverOrMade) {
  Served run;
  run.chain.add(request_id_middleware());
  std::string seen;
  run.handler = [&](Context& context) -> Result<void> {
    seen = context.find<RequestId>()->text;
    return {};
  };
  run.call.in = {{"x-request-id", "abc-1"}};
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(seen, "abc-1");
  EXPECT_THAT(run.call.out, ElementsAre(Pair("x-request-id", "abc-1")));
  for (const std::string& bad :
       {std::string("a b"), std::string(129, 'x'), std::string("a\nb"), std::string()}) {
    run.call.in = {{"x-request-id", bad}};
    ASSERT_TRUE(run().ok());
    EXPECT_EQ(seen.size(), 32u);
  }
}

TEST(Metadata, IsReadAndPassedOn) {
  Served run;
  run.chain.add(metadata_middleware({{"X-Md-"}, {{"x-md-global-region", "eu"}}}));
  run.call.in = {
      {"x-md-local-a", "1"}, {"x-md-global-b", "2"}, {"other", "3"}, {"x-request-id", "r"}};
  run.handler = [](Context& context) -> Result<void> {
    const auto* metadata = context.find<ServerMetadata>();
    EXPECT_EQ(metadata->get("x-md-local-a"), "1");
    EXPECT_EQ(metadata->get("x-md-global-b"), "2");
    EXPECT_EQ(metadata->get("other"), "");
    EXPECT_EQ(context.find<RequestId>(), nullptr);
    Outgoing outgoing(context);
    outgoing.add("X-Md-Extra", "4");
    EXPECT_THAT(*outgoing.grpc().metadata,
                ElementsAre(Pair("x-md-global-region", "eu"), Pair("x-md-global-b", "2"),
                            Pair("x-md-extra", "4")));
    EXPECT_EQ(outgoing.http_headers().get("x-md-global-b"), "2");
    return {};
  };
  ASSERT_TRUE(run().ok());
}

TEST(Outgoing, LeavesOutWhatGrpcWouldRefuse) {
  Served run;
  run.chain.add(metadata_middleware());
  run.call.in = {{"tracestate", "a=\t"},
                 {"baggage", "name=J\xc3\xb6rg"},
                 {"x-md-global-name", "J\xc3\xb6rg"},
                 {"x-md-global-b", "2"}};
  run.handler = [](Context& context) -> Result<void> {
    Outgoing outgoing(context);
    EXPECT_THAT(*outgoing.grpc().metadata, ElementsAre(Pair("x-md-global-b", "2")));
    EXPECT_EQ(outgoing.http_headers().get("x-md-global-name"), "J\xc3\xb6rg");
    EXPECT_EQ(outgoing.http_headers().get("baggage"), "");
    return {};
  };
  ASSERT_TRUE(run().ok());
}

TEST(Selected, MatchesPathPrefixAndExpression) {
  const auto refusing = [] {
    class Refuse final : public Middleware {
      Result<Reply> handle(Context&, Request, Next) override {
        return Error(Code::kAborted, "SELECTED", "");
      }
    };
    return std::make_unique<Refuse>();
  };
  const auto refused = [&](Selection selection, std::string_view operation) {
    Served run;
    run.chain.add(std::move(*selected(std::move(selection), refusing())));
    return !run(operation).ok();
  };
  EXPECT_TRUE(refused({{"/p.S/M"}, {}, {}, {}}, "/p.S/M"));
  EXPECT_FALSE(refused({{"/p.S/M"}, {}, {}, {}}, "/p.S/M2"));
  EXPECT_TRUE(refused({{}, {"/p.S/"}, {}, {}}, "/p.S/M2"));
  EXPECT_FALSE(refused({{}, {"/p.S/"}, {}, {}}, "/p.T/M"));
  EXPECT_TRUE(refused({{}, {}, {"/p\\.[A-Z]/M.*"}, {}}, "/p.T/M2"));
  EXPECT_FALSE(refused({{}, {}, {"p\\.[A-Z]/M"}, {}}, "/p.T/M")) << "the whole operation";
  EXPECT_TRUE(refused(
      {{}, {}, {}, [](Context& context) { return context.peer() == "10.0.0.1:55"; }}, "/a"));
  EXPECT_FALSE(refused({}, "/p.S/M"));
  // What RE2 knows and POSIX' expressions take for letters.
  EXPECT_TRUE(refused({{}, {}, {R"(/p\.v\d+\.\w+/M)"}, {}}, "/p.v12.S/M"));
  EXPECT_TRUE(refused({{}, {}, {R"((?i)/P\.s/(?:m|M2).*?)"}, {}}, "/p.S/M2x"));
  EXPECT_FALSE(refused({{}, {}, {R"(/p\.v\d\.S/M)"}, {}}, "/p.vd.S/M"));
  EXPECT_THAT(selected({{}, {}, {R"((a)\1)"}, {}}, refusing()).error().message(),
              HasSubstr("is no regular expression: invalid escape sequence"));
  EXPECT_THAT(selected({{}, {}, {"(a"}, {}}, refusing()).error().message(),
              HasSubstr("\"(a\" is no regular expression"));
}

TEST(Bbr, AdmitsWhatFitsWhileTheCpuIsBusy) {
  Bbr bbr({});
  TimePoint at(1000s);
  // A second at 20 calls a bucket of 100 ms, 50 ms each: 20 * 50 * 10 / 1000 = 10 fit.
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(bbr.admit(at, 0));
    bbr.done(at, 50ms);
    at += 5ms;
  }
  at += 100ms;
  EXPECT_EQ(bbr.in_flight_max(at), 10);
  int admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += bbr.admit(at, 900);
  EXPECT_EQ(admitted, 11) << "as aegis: refused where more than 10 are in flight";
  // For a second after a refusal the limit holds although the CPU is free; then all may come.
  EXPECT_FALSE(bbr.admit(at + 500ms, 0));
  EXPECT_TRUE(bbr.admit(at + 1600ms, 0));
}

TEST(Bbr, AdmitsAllWhileTheCpuIsFree) {
  Bbr bbr({});
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(bbr.admit(TimePoint(1s), 799));
}

TEST(RateLimit, RefusesAsKratosDoes) {
  Served run;
  // A threshold of 0 takes the CPU for busy at any time.
  run.chain.add(rate_limit_middleware({.cpu_threshold = 0}));
  int depth = 0;
  Result<Reply> refused = Reply(nullptr);
  run.handler = [&](Context&) -> Result<void> {
    // A call inside a call: both are in flight.
    if (++depth == 10) return {};
    if (Result<Reply> inner = run(); !inner.ok()) refused = std::move(inner);
    return {};
  };
  EXPECT_TRUE(run().ok());
  ASSERT_FALSE(refused.ok());
  EXPECT_LT(depth, 10);
  EXPECT_EQ(refused.error().http_status(), 429);
  EXPECT_EQ(refused.error().reason(), "RATELIMIT");
  EXPECT_EQ(refused.error().message(), "service unavailable due to rate limit exceeded");
}

TEST(RateLimit, TakesNoOptionsAtAll) {
  Served run;
  run.chain.add(rate_limit_middleware({}));
  run.handler = [](Context&) -> Result<void> { return {}; };
  EXPECT_TRUE(run().ok());
}

TEST(RateLimit, AsksALimiterOfOnesOwn) {
  struct OneAtATime final : RateLimiter {
    int in_flight = 0;
    std::vector<std::string> ended;
    bool admit(Context& context) override {
      EXPECT_EQ(context.operation(), "/p.S/M");
      return in_flight == 0 && ++in_flight == 1;
    }
    void done(Context&, const Error* error) override {
      --in_flight;
      ended.push_back(error ? error->reason() : "ok");
    }
  };
  const auto limiter = std::make_shared<OneAtATime>();
  Served run;
  run.chain.add(rate_limit_middleware([&] { return limiter; }));
  run.handler = [&](Context&) -> Result<void> {
    EXPECT_EQ(run().error().reason(), "RATELIMIT");
    return {};
  };
  EXPECT_TRUE(run().ok());
  run.handler = [](Context&) -> Result<void> { return Error(Code::kNotFound, "NONE", ""); };
  EXPECT_FALSE(run().ok());
  run.handler = [](Context&) -> Result<void> { throw std::runtime_error("boom"); };
  EXPECT_THROW((void)run(), std::runtime_error);
  EXPECT_THAT(limiter->ended, ElementsAre("ok", "NONE", "UNKNOWN"));
  EXPECT_EQ(limiter->in_flight, 0);
}

TEST(RateLimit, ALimiterThatIsMadeSlowlyIsOne) {
  struct Counting final : RateLimiter {
    explicit Counting(int& all) : in_flight(all) {}
    bool admit(Context&) override { return ++in_flight > 0; }
    void done(Context&, const Error*) override { --in_flight; }
    int& in_flight;
  };
  int in_flight = 0, made = 0;
  Served run;
  run.chain.add(rate_limit_middleware([&]() -> std::shared_ptr<RateLimiter> {
    ++made;
    fiber::sleep_for(2ms).ignore("test");
    return std::make_shared<Counting>(in_flight);
  }));
  run.handler = [](Context&) { return fiber::sleep_for(2ms); };
  fiber::in_scheduler([&] {
    auto first = fiber::start([&] { EXPECT_TRUE(run().ok()); });
    auto second = fiber::start([&] { EXPECT_TRUE(run().ok()); });
    first.join().ignore("test");
    second.join().ignore("test");
  });
  EXPECT_EQ(made, 2) << "both had begun";
  EXPECT_EQ(in_flight, 0);
  Served none;
  none.chain.add(rate_limit_middleware([] { return std::shared_ptr<RateLimiter>(); }));
  none.handler = [](Context&) -> Result<void> { return {}; };
  EXPECT_EQ(none().error().code(), Code::kInternal);
}

TEST(Recovery, AnswersWhatItsHandlerSays) {
  Served run;
  run.handler = [](Context&) -> Result<void> { throw std::runtime_error("boom"); };
  run.chain.add(recovery_middleware([](Context& context, Request, std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::runtime_error& error) {
      return Error::from_http(503, "CRASHED", std::string(context.operation()) + error.what());
    }
  }));
  EXPECT_EQ(run().error().reason(), "CRASHED");
  EXPECT_EQ(run().error().message(), "/p.S/Mboom");
  run.handler = [](Context&) -> Result<void> { throw 5; };
  EXPECT_EQ(run().error().reason(), "UNKNOWN") << "what the handler of recovery throws itself";
}

TEST(Cors, MatchesOrigins) {
  const Cors cors({{"https://shop.example", "https://*.test.example"}, {}, {}, {}, false, 0s});
  EXPECT_TRUE(cors.allows("https://shop.example"));
  EXPECT_TRUE(cors.allows("https://a.test.example"));
  EXPECT_FALSE(cors.allows("https://test.example"));
  EXPECT_FALSE(cors.allows("https://eviltest.example"));
  EXPECT_FALSE(cors.allows("http://shop.example"));
  EXPECT_FALSE(cors.allows("https://shop.example.evil"));
  EXPECT_FALSE(cors.allows("null"));
  EXPECT_TRUE(Cors({{"*"}, {}, {}, {}, false, 0s}).allows("https://any"));
}

TEST(SpanContext, ReadsTraceparentAsW3cDemands) {
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  SpanContext span;
  ASSERT_TRUE(SpanContext::parse(good, span));
  EXPECT_EQ(span.traceparent(), good);
  EXPECT_TRUE(span.sampled);
  ASSERT_TRUE(
      SpanContext::parse("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-later", span));
  EXPECT_FALSE(span.sampled);
  const std::vector<std::string> all_bad = {
      "",
      "00",
      good + "-x",
      good + "0",
      "ff" + good.substr(2),
      "00-" + std::string(32, '0') + good.substr(35),
      good.substr(0, 36) + std::string(16, '0') + "-01",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      good.substr(0, 53) + "g1"};
  for (const std::string& bad : all_bad) {
    EXPECT_FALSE(SpanContext::parse(bad, span)) << bad;
  }
}

TEST(Tracer, BeginsBelowItsParentOrAnew) {
  const auto tracer = *Tracer::create({.endpoint = "http://127.0.0.1:4318", .sample_ratio = 0});
  const SpanContext root = tracer->begin(nullptr);
  EXPECT_FALSE(root.sampled);
  EXPECT_NE(root.trace_id, tracer->begin(nullptr).trace_id);
  SpanContext parent = root;
  parent.sampled = true;
  const SpanContext child = tracer->begin(&parent);
  EXPECT_TRUE(child.sampled) << "the parent's decision holds";
  EXPECT_EQ(child.trace_id, root.trace_id);
  EXPECT_NE(child.span_id, root.span_id);
  for (const char* bad : {"127.0.0.1:4318", "https://x:0", "http://x", "http://:1", "http://x:0",
                          "http://x:99999", "grpc://x:1a"})
    EXPECT_FALSE(Tracer::create({.endpoint = bad}).ok()) << bad;
}

}  // namespace
}  // namespace bia
