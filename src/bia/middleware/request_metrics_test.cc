#include "bia/middleware/request_metrics.h"

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "bia/bia/tracing.h"

namespace bia {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kHello = "/helloworld.v1.Greeter/SayHello";

class RequestMetricsTest : public testing::Test {
 protected:
  std::string text() const {
    std::string out;
    registry_.write_text(out);
    return out;
  }
  metrics::Registry registry_;
  RequestMetrics metrics_{registry_};
};

TEST_F(RequestMetricsTest, CountsByTransportOperationCodeAndReason) {
  ASSERT_TRUE(metrics_.add_operation(kHello).ok());
  metrics_.record(Transport::kHttp, kHello, 6ms, nullptr);
  metrics_.record(Transport::kGrpc, kHello, 1ms, nullptr);
  const Error error = Error::from_http(404, "USER_NOT_FOUND", "user bob missing");
  metrics_.record(Transport::kGrpc, kHello, 1ms, &error);
  metrics_.record(Transport::kGrpc, kHello, 1ms, &error);
  EXPECT_THAT(text(), HasSubstr("server_requests_code_total{kind=\"http\",operation=\"/"
                                "helloworld.v1.Greeter/SayHello\",code=\"200\",reason=\"\"} 1\n"));
  EXPECT_THAT(
      text(),
      HasSubstr("server_requests_code_total{kind=\"grpc\",operation=\"/helloworld.v1.Greeter/"
                "SayHello\",code=\"404\",reason=\"USER_NOT_FOUND\"} 2\n"));
  EXPECT_THAT(text(), HasSubstr("server_requests_seconds_bucket{kind=\"http\",operation=\"/"
                                "helloworld.v1.Greeter/SayHello\",le=\"0.005\"} 0\n"));
  EXPECT_THAT(text(), HasSubstr("server_requests_seconds_bucket{kind=\"http\",operation=\"/"
                                "helloworld.v1.Greeter/SayHello\",le=\"0.01\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("server_requests_seconds_count{kind=\"grpc\",operation=\"/"
                                "helloworld.v1.Greeter/SayHello\"} 3\n"));
}

TEST_F(RequestMetricsTest, FindsAnOperationByItsTextToo) {
  ASSERT_TRUE(metrics_.add_operation(kHello).ok());
  metrics_.record(Transport::kHttp, std::string(kHello), 1ms, nullptr);
  EXPECT_THAT(text(), HasSubstr("code=\"200\",reason=\"\"} 1\n"));
}

TEST_F(RequestMetricsTest, KeepsManyOperationsApart) {
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back("/a.B/Method" + std::to_string(i));
  for (const std::string& name : names) ASSERT_TRUE(metrics_.add_operation(name).ok());
  for (int i = 0; i < 100; ++i) {
    for (int times = 0; times <= i; ++times)
      metrics_.record(Transport::kHttp, names[size_t(i)], 1ms, nullptr);
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(text(), HasSubstr("operation=\"" + names[size_t(i)] +
                                  "\",code=\"200\",reason=\"\"} " + std::to_string(i + 1) + "\n"));
  }
}

TEST_F(RequestMetricsTest, BoundsTheReasonsOfAHandler) {
  ASSERT_TRUE(metrics_.add_operation(kHello).ok());
  for (int i = 0; i < 1000; ++i) {
    const Error error = Error::from_http(400, "REASON_" + std::to_string(i), "");
    metrics_.record(Transport::kHttp, kHello, 1ms, &error);
  }
  EXPECT_THAT(text(), HasSubstr("reason=\"REASON_63\"} 1\n"));
  EXPECT_THAT(text(), Not(HasSubstr("reason=\"REASON_64\"")));
  EXPECT_THAT(text(), HasSubstr("code=\"400\",reason=\"other\"} 936\n"));
}

TEST_F(RequestMetricsTest, CountsWhatIsTooLongForAReasonAsOther) {
  ASSERT_TRUE(metrics_.add_operation(kHello).ok());
  for (size_t size : {63u, 64u, 65u}) {
    const Error error = Error::from_http(400, std::string(size, 'R'), "");
    metrics_.record(Transport::kGrpc, kHello, 1ms, &error);
  }
  EXPECT_THAT(text(), HasSubstr("reason=\"" + std::string(63, 'R') + "\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("code=\"400\",reason=\"other\"} 2\n"));
  EXPECT_THAT(text(), Not(HasSubstr(std::string(64, 'R'))));
}

TEST_F(RequestMetricsTest, IgnoresWhatItWasNotToldOf) {
  metrics_.record(Transport::kHttp, kHello, 1ms, nullptr);
  EXPECT_EQ(text(), "");
}

TEST_F(RequestMetricsTest, CountsUnmatchedRequests) {
  ASSERT_TRUE(metrics_.add_unmatched().ok());
  metrics_.record_unmatched(404);
  metrics_.record_unmatched(405);
  metrics_.record_unmatched(405);
  EXPECT_THAT(text(), HasSubstr("server_requests_code_total{kind=\"http\",operation=\"\",code="
                                "\"404\",reason=\"NOT_FOUND\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("server_requests_code_total{kind=\"http\",operation=\"\",code="
                                "\"405\",reason=\"METHOD_NOT_ALLOWED\"} 2\n"));
  metrics_.record_unknown_method();
  EXPECT_THAT(text(), HasSubstr("server_requests_code_total{kind=\"grpc\",operation=\"\",code="
                                "\"501\",reason=\"\"} 1\n"));
}

TEST(RequestMetricsOptions, AddInFlightSizesAndExemplars) {
  metrics::Registry registry;
  RequestMetrics more(registry, {.in_flight = true, .sizes = true, .exemplars = true});
  ASSERT_TRUE(more.add_operation(kHello).ok());
  Chain chain;
  chain.add(metrics_middleware(more));
  std::string inside;
  chain.add([&](Context& context, Request, Next next) {
    SpanContext span;
    EXPECT_TRUE(
        SpanContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", span));
    const ContextValue<SpanContext> value(context, span);
    registry.write_text(inside);
    return next();
  });
  google::protobuf::StringValue request;
  google::protobuf::StringValue reply;
  request.set_value(std::string(100, 'x'));
  OutgoingCall call;
  Context context(kHello, {}, call, nullptr, now());
  SpanContext span;
  span.trace_id.fill('\x11');
  span.sampled = true;
  const ContextValue<SpanContext> with_span(context, span);
  Invocation invocation{context, &request, &reply, [](Invocation&) { return Result<void>(); }};
  EXPECT_TRUE(chain.run(invocation).ok());
  const std::string labels = "{kind=\"grpc\",operation=\"" + std::string(kHello) + "\"";
  EXPECT_THAT(inside, HasSubstr("server_requests_in_flight" + labels + "} 1\n"));
  std::string after;
  registry.write_text(after, metrics::TextFormat::kOpenMetrics);
  EXPECT_THAT(after, HasSubstr("server_requests_in_flight" + labels + "} 0\n"));
  EXPECT_THAT(after, HasSubstr("server_request_size_bytes_bucket" + labels + ",le=\"64\"} 0\n"));
  EXPECT_THAT(after, HasSubstr("server_request_size_bytes_sum" + labels + "} 102\n"));
  EXPECT_THAT(after, HasSubstr("server_response_size_bytes_count" + labels + "} 1\n"));
  EXPECT_THAT(after, HasSubstr("# {trace_id=\"11111111111111111111111111111111\"}"));
}

}  // namespace
}  // namespace bia
