#include "bia/request_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
}

}  // namespace
}  // namespace bia
