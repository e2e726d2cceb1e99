#include "zelus/metrics/series_file.h"

#include <fmt/format.h>

#include <algorithm>

namespace zelus::metrics {
namespace {

constexpr double kCurve[] = {1,  5,    10, 20,   30, 40,   50,   60,    70,    75,     80, 85,
                             90, 92.5, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100};
/// Bars of the histogram: between the 0th and the 99.9th percentile; what lies above is in the
/// last.
constexpr int kBars = 40;

std::vector<std::pair<double, uint64_t>> bars(const Sink& trend) {
  std::vector<std::pair<double, uint64_t>> result;
  if (trend.trend() == nullptr) return result;
  double low = trend.min();
  double high = std::max(trend.quantile(0.999), low);
  double width = (high - low) / kBars;
  for (int i = 1; i < kBars; ++i) result.emplace_back(low + width * i, 0);
  result.emplace_back(trend.max(), 0);
  auto count = [&](double value, uint64_t times) {
    double bar = width > 0 ? (value - low) / width : 0;
    result[static_cast<size_t>(std::clamp(bar, 0.0, kBars - 1.0))].second += times;
  };
  if (const Histogram* histogram = trend.trend()->histogram()) {
    if (histogram->zero_count() > 0) count(0, histogram->zero_count());
    histogram->each_positive(
        [&](int32_t index, uint64_t times) { count(Histogram::upper_bound(index), times); });
  } else {
    for (double value : trend.trend()->samples()) count(value, 1);
  }
  return result;
}

}  // namespace

std::string series_line(const SeriesPoint& point) {
  return fmt::format(
      R"({{"t":{:.3f},"count":{},"failed":{},"avg":{:.4f},"p95":{:.4f},"p99":{:.4f}}})"
      "\n",
      point.seconds, point.count, point.failed, point.avg_ms, point.p95_ms, point.p99_ms);
}

std::string series_line(const SeriesTotal& total) {
  std::string line = fmt::format(
      R"({{"total":{{"count":{},"failed":{},"seconds":{:.6f},"avg":{:.6f},"min":{:.6f},"med":{:.6f},"max":{:.6f},"p90":{:.6f},"p95":{:.6f},"p99":{:.6f},"curve":[)",
      total.count, total.failed, total.seconds, total.avg_ms, total.min_ms, total.med_ms,
      total.max_ms, total.p90_ms, total.p95_ms, total.p99_ms);
  const char* comma = "";
  for (const auto& [percentile, ms] : total.curve) {
    line += fmt::format("{}[{},{:.6f}]", comma, percentile, ms);
    comma = ",";
  }
  line += R"(],"histogram":[)";
  comma = "";
  for (const auto& [ms, count] : total.histogram) {
    line += fmt::format("{}[{:.6f},{}]", comma, ms, count);
    comma = ",";
  }
  return line + "]}}\n";
}

SeriesPoint series_point(double seconds, uint64_t failed, const Sink& trend_ms) {
  constexpr double kFractions[] = {0.95, 0.99};
  std::vector<double> values = trend_ms.quantiles(kFractions);
  return {seconds, trend_ms.count(), failed, trend_ms.avg(), values[0], values[1]};
}

SeriesTotal series_total(double seconds, uint64_t failed, const Sink& trend_ms) {
  SeriesTotal total;
  total.count = trend_ms.count();
  total.failed = failed;
  total.seconds = seconds;
  total.avg_ms = trend_ms.avg();
  total.min_ms = trend_ms.min();
  total.max_ms = trend_ms.max();
  std::vector<double> fractions{0.5, 0.9, 0.95, 0.99};
  for (double percentile : kCurve) fractions.push_back(percentile / 100);
  std::vector<double> values = trend_ms.quantiles(fractions);
  total.med_ms = values[0];
  total.p90_ms = values[1];
  total.p95_ms = values[2];
  total.p99_ms = values[3];
  for (size_t i = 0; i < std::size(kCurve); ++i) total.curve.emplace_back(kCurve[i], values[i + 4]);
  total.histogram = bars(trend_ms);
  return total;
}

}  // namespace zelus::metrics
