#include "zelus/metrics/sink.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <random>

#include "zelus/metrics/go_float.h"

namespace zelus::metrics {
namespace {

TEST(Histogram, PutsValuesIntoTheBucketThatBoundsThem) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-30, 30);
  for (int i = 0; i < 200000; ++i) {
    double value = std::exp2(exponent(random));
    int32_t index = Histogram::index_of(value);
    ASSERT_LE(value, Histogram::upper_bound(index) * (1 + 1e-15)) << value;
    ASSERT_GT(value, Histogram::upper_bound(index - 1) * (1 - 1e-15)) << value;
  }
}

TEST(Histogram, BucketsIncludeTheirUpperBound) {
  EXPECT_EQ(Histogram::index_of(1), -1);
  EXPECT_EQ(Histogram::index_of(std::nextafter(1.0, 2)), 0);
  EXPECT_EQ(Histogram::index_of(2), 255);
  EXPECT_EQ(Histogram::index_of(1024), 10 * 256 - 1);
}

TEST(Histogram, TakesExtremes) {
  Histogram histogram;
  for (double value :
       {5e-324, 1e-308, 1e308, std::numeric_limits<double>::infinity(), -5e-324, -1e308, 0.0, -0.0})
    histogram.add(value);
  EXPECT_EQ(histogram.count(), 8u);
  EXPECT_EQ(histogram.zero_count(), 2u);
  EXPECT_EQ(histogram.at_rank(2), 0);
}

TEST(Histogram, RanksGoThroughNegativesZeroAndPositives) {
  Histogram histogram;
  for (double value : {-100.0, -1.5, 0.0, 3.0, 700.0}) histogram.add(value);
  EXPECT_NEAR(histogram.at_rank(0), -100, 0.14);
  EXPECT_NEAR(histogram.at_rank(1), -1.5, 0.0021);
  EXPECT_EQ(histogram.at_rank(2), 0);
  EXPECT_NEAR(histogram.at_rank(3), 3, 0.0042);
  EXPECT_NEAR(histogram.at_rank(4), 700, 0.98);
}

TEST(Histogram, MergesAndCopies) {
  Histogram a;
  Histogram b;
  a.add(1);
  b.add(1000);
  b.add(0.001);
  a.merge(b);
  Histogram c = a;
  a.add(5);
  EXPECT_EQ(c.count(), 3u);
  EXPECT_NEAR(c.at_rank(2), 1000, 1.4);
  EXPECT_LT(c.bytes(), 3000u);
}

TEST(Sink, CountsAndRates) {
  Sink counter(MetricType::kCounter);
  counter.add(2, 0);
  counter.add(0.5, 0);
  EXPECT_EQ(counter.value(), 2.5);
  Sink rate(MetricType::kRate);
  EXPECT_EQ(rate.rate(), 0);
  for (double value : {1.0, 0.0, 7.0, 0.0}) rate.add(value, 0);
  EXPECT_EQ(rate.rate(), 0.5);
  EXPECT_EQ(rate.trues(), 2u);
  EXPECT_EQ(rate.falses(), 2u);
}

TEST(Sink, TheLatestValueOfAGaugeWinsAcrossThreads) {
  Sink a(MetricType::kGauge);
  Sink b(MetricType::kGauge);
  a.add(5, 100);
  b.add(9, 50);
  b.add(3, 60);
  Sink merged(MetricType::kGauge);
  merged.merge(a);
  merged.merge(b);
  EXPECT_EQ(merged.value(), 5);
  EXPECT_EQ(merged.min(), 3);
  EXPECT_EQ(merged.max(), 9);
}

TEST(Sink, TrendInterpolatesBetweenRanksWhileExact) {
  Sink trend(MetricType::kTrend);
  EXPECT_EQ(trend.quantile(0.5), 0);
  trend.add(7, 0);
  EXPECT_EQ(trend.quantile(0.99), 7);
  for (double value : {3.0, 1.0, 10.0}) trend.add(value, 0);
  EXPECT_DOUBLE_EQ(trend.quantile(0.5), 5);
  EXPECT_DOUBLE_EQ(trend.quantile(0.9), 7 + 3 * 0.7);
  EXPECT_DOUBLE_EQ(trend.avg(), 5.25);
  EXPECT_EQ(trend.quantile(0), 1);
  EXPECT_EQ(trend.quantile(1), 10);
  EXPECT_EQ(trend.quantile(1.5), 10);
}

TEST(Sink, TrendIsExactToItsLimitAlsoWhenMerged) {
  Sink a(MetricType::kTrend);
  Sink b(MetricType::kTrend);
  for (size_t i = 0; i < kTrendExactMax; ++i) (i % 2 ? a : b).add(static_cast<double>(i), 0);
  a.merge(b);
  EXPECT_TRUE(a.trend()->exact());
  EXPECT_DOUBLE_EQ(a.quantile(0.5), (kTrendExactMax - 1) / 2.0);
  a.add(1, 0);
  EXPECT_FALSE(a.trend()->exact());
  EXPECT_EQ(a.count(), kTrendExactMax + 1);
  EXPECT_EQ(a.max(), kTrendExactMax - 1);
}

TEST(Sink, FoldedTrendKeepsQuantilesWithinTheErrorBound) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(1, 1.2);
  Sink trend(MetricType::kTrend);
  Sink other(MetricType::kTrend);
  std::vector<double> all;
  for (int i = 0; i < 100000; ++i) {
    double value = latency(random);
    all.push_back(value);
    (i % 3 ? trend : other).add(value, 0);
  }
  trend.merge(other);
  std::sort(all.begin(), all.end());
  for (double fraction : {0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0}) {
    double exact = all[static_cast<size_t>(std::llround(fraction * (100000 - 1)))];
    EXPECT_NEAR(trend.quantile(fraction), exact, exact * 0.0014) << fraction;
  }
  EXPECT_EQ(trend.quantile(1), all.back());
  EXPECT_EQ(trend.min(), all.front());
  double sum = 0;
  for (double value : all) sum += value;
  EXPECT_NEAR(trend.value(), sum, 1e-6);
}

TEST(Sink, CopiesAreApart) {
  Sink trend(MetricType::kTrend);
  trend.add(1, 0);
  Sink copy = trend;
  trend.add(9, 0);
  EXPECT_EQ(copy.count(), 1u);
  copy = trend;
  EXPECT_EQ(copy.max(), 9);
}

TEST(TrendStat, ParsesAsK6) {
  EXPECT_EQ(parse_trend_stat("p(99.9)")->percentile, 99.9);
  EXPECT_EQ(parse_trend_stat("count")->kind, TrendStat::Kind::kCount);
  EXPECT_EQ(parse_trend_stat("p99").error().message(), "invalid trend stat 'p99', unknown format");
  EXPECT_EQ(parse_trend_stat("").error().message(), "invalid trend stat '', unknown format");
  for (std::string_view bad : {"p()", "p(x)", "p(101)", "p(-1)", "p(nan)"}) {
    EXPECT_THAT(parse_trend_stat(bad).error().message(),
                testing::EndsWith("provide a number between 0 and 100"))
        << bad;
  }
}

TEST(TrendStat, GivesOneValueEach) {
  Sink trend(MetricType::kTrend);
  for (int i = 1; i <= 5; ++i) trend.add(i, 0);
  std::vector<TrendStat> stats;
  for (std::string_view name : {"avg", "min", "med", "max", "p(75)", "count", "sum"})
    stats.push_back(*parse_trend_stat(name));
  EXPECT_THAT(trend_values(trend, stats), testing::ElementsAre(3, 1, 3, 5, 4, 5, 15));
}

TEST(GoFloat, ReadsWhatGoReads) {
  EXPECT_EQ(*parse_go_float("-1.5e3"), -1500);
  EXPECT_EQ(*parse_go_float("+.5"), 0.5);
  EXPECT_EQ(*parse_go_float("0x1p4"), 16);
  EXPECT_TRUE(std::isinf(*parse_go_float("-Inf")));
  EXPECT_TRUE(std::isnan(*parse_go_float("NaN")));
  EXPECT_EQ(*parse_go_float("1e-999"), 0);
  EXPECT_EQ(*parse_go_float("0." + std::string(400, '0') + "1"), 0);
  EXPECT_FALSE(parse_go_float("1" + std::string(400, '0') + "e-1").ok());
  for (std::string_view bad :
       {"", "abc", "1x", "--1", "+-1", "1_0", " 1", "0x1", "-nan", "infin"}) {
    EXPECT_EQ(parse_go_float(bad).error().message(),
              "strconv.ParseFloat: parsing " + go_quote(bad) + ": invalid syntax")
        << bad;
  }
  EXPECT_EQ(parse_go_float("1e999").error().message(),
            "strconv.ParseFloat: parsing \"1e999\": value out of range");
}

TEST(GoFloat, WritesG) {
  EXPECT_EQ(format_go_g(99.9), "99.9");
  EXPECT_EQ(format_go_g(95), "95");
  EXPECT_EQ(format_go_g(0), "0");
  EXPECT_EQ(format_go_g(1e6), "1e+06");
  EXPECT_EQ(format_go_g(0.00001), "1e-05");
  EXPECT_EQ(format_go_g(0.0001), "0.0001");
  EXPECT_EQ(format_go_g(-12.5), "-12.5");
  EXPECT_EQ(format_go_g(999999.999999), "999999.999999");
  EXPECT_EQ(format_go_g(999999.9999999), "999999.9999999");
  EXPECT_EQ(format_go_g(0.1 + 0.2), "0.30000000000000004");
}

TEST(GoFloat, WritesTheFewestDigitsThatReadBack) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-4, 6);
  for (int i = 0; i < 100000; ++i) {
    double value = std::pow(10, exponent(random));
    if (i % 2 == 0) value = std::floor(value * 1e6) / 1e6;
    if (!(value >= 1e-4 && value < 1e6)) continue;
    char shortest[64];
    auto end =
        std::to_chars(shortest, shortest + sizeof(shortest), value, std::chars_format::fixed).ptr;
    ASSERT_EQ(format_go_g(value), std::string(shortest, end));
  }
}

}  // namespace
}  // namespace zelus::metrics
