#include "zelus/metrics/series_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zelus::metrics {
namespace {

TEST(SeriesFile, TotalsAreTheSinks) {
  Sink trend(MetricType::kTrend);
  for (int i = 1; i <= 10'000; ++i) trend.add(i / 1000.0, 0);
  SeriesTotal total = series_total(2.5, 3, trend);
  EXPECT_EQ(total.count, 10'000u);
  EXPECT_NEAR(total.p95_ms, 9.5, 0.02);
  uint64_t sum = 0;
  for (const auto& bar : total.histogram) sum += bar.second;
  EXPECT_EQ(sum, 10'000u);
  EXPECT_DOUBLE_EQ(total.histogram.back().first, 10);
  EXPECT_THAT(series_line(total),
              testing::StartsWith(R"({"total":{"count":10000,"failed":3,"seconds":2.500000,)"));
}

TEST(SeriesFile, AnIntervalWithoutRequestsIsZeros) {
  EXPECT_EQ(
      series_line(series_point(0.2, 0, Sink(MetricType::kTrend))),
      "{\"t\":0.200,\"count\":0,\"failed\":0,\"avg\":0.0000,\"p95\":0.0000,\"p99\":0.0000}\n");
  EXPECT_TRUE(series_total(1, 0, Sink(MetricType::kTrend)).histogram.empty());
}

}  // namespace
}  // namespace zelus::metrics
