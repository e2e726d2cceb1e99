#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/time.h"
#include "zelus/metrics/histogram.h"
#include "zelus/metrics/metric.h"

namespace zelus::metrics {

/// Samples that a trend keeps one by one before it folds them into a histogram.
inline constexpr size_t kTrendExactMax = 4096;

/// The values of a trend: exact up to kTrendExactMax, a histogram from there on. Its sum, count and
/// bounds lie in the Sink.
class TrendValues {
 public:
  void add(double value) {
    if (!histogram_) {
      if (exact_.size() < kTrendExactMax) {
        exact_.push_back(value);
        return;
      }
      fold();
    }
    histogram_->add(value);
  }
  void merge(const TrendValues& other);
  bool exact() const { return histogram_ == nullptr; }
  /// In order of arrival; empty once folded.
  const std::vector<double>& samples() const { return exact_; }
  /// Null while exact.
  const Histogram* histogram() const { return histogram_.get(); }
  /// Always a histogram, for exports.
  Histogram as_histogram() const;
  void fold();

  TrendValues() = default;
  TrendValues(const TrendValues& other);
  TrendValues& operator=(const TrendValues&) = delete;

 private:
  std::vector<double> exact_;
  std::unique_ptr<Histogram> histogram_;
};

/// What has become of the values of one series, or of all series of a metric. k6's four sinks in
/// one type.
class Sink {
 public:
  explicit Sink(MetricType type) : type_(type) {}
  Sink(const Sink& other);
  Sink& operator=(const Sink& other);
  Sink(Sink&&) noexcept = default;
  Sink& operator=(Sink&&) noexcept = default;

  /// `unix_ns` orders the values of gauges of several threads; others do not look at it.
  void add(double value, int64_t unix_ns) {
    ++count_;
    switch (type_) {
      case MetricType::kCounter:
        sum_ += value;
        return;
      case MetricType::kRate:
        trues_ += value != 0;
        return;
      case MetricType::kGauge:
        sum_ = value;
        last_ns_ = unix_ns;
        break;
      case MetricType::kTrend:
        sum_ += value;
        if (!trend_) trend_ = std::make_unique<TrendValues>();
        trend_->add(value);
        break;
    }
    if (count_ == 1) {
      min_ = max_ = value;
      return;
    }
    min_ = value < min_ ? value : min_;
    max_ = value > max_ ? value : max_;
  }
  /// Adds what another sink of the same type has seen.
  void merge(const Sink& other);

  MetricType type() const { return type_; }
  bool empty() const { return count_ == 0; }
  /// Number of values added.
  uint64_t count() const { return count_; }
  /// Counter: the sum. Gauge: the last. Trend: the sum.
  double value() const { return sum_; }
  double min() const { return min_; }
  double max() const { return max_; }
  double avg() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  uint64_t trues() const { return trues_; }
  uint64_t falses() const { return count_ - trues_; }
  /// Share of values that were not zero; 0 when empty.
  double rate() const {
    return count_ == 0 ? 0 : static_cast<double>(trues_) / static_cast<double>(count_);
  }
  /// Trend: `fraction` 0 … 1 by k6's interpolation between the ranks next to (count-1)*fraction;
  /// within 0.14 % once folded. 0 when empty.
  double quantile(double fraction) const;
  /// A rate with its trues and falses exchanged.
  Sink inverted() const {
    Sink other = *this;
    other.trues_ = count_ - trues_;
    return other;
  }
  /// Several at once: sorts once.
  std::vector<double> quantiles(std::span<const double> fractions) const;
  /// Null unless a trend that has values.
  const TrendValues* trend() const { return trend_.get(); }
  /// Of the gauge's last value.
  int64_t last_ns() const { return last_ns_; }

 private:
  MetricType type_;
  uint64_t count_ = 0;
  double sum_ = 0;
  double min_ = 0;
  double max_ = 0;
  union {
    uint64_t trues_ = 0;
    int64_t last_ns_;
  };
  std::unique_ptr<TrendValues> trend_;
};

/// One column of summaryTrendStats: "avg", "min", "med", "max", "count", "p(99.9)".
struct TrendStat {
  std::string name;
  enum class Kind : uint8_t { kAvg, kMin, kMed, kMax, kCount, kSum, kPercentile } kind = Kind::kAvg;
  double percentile = 0;
};
/// Errors: kInvalidArgument with k6's text for summaryTrendStats. `sum` is taken by remote write
/// only.
Result<TrendStat> parse_trend_stat(std::string_view text);
/// One value a stat, in order.
std::vector<double> trend_values(const Sink& trend, std::span<const TrendStat> stats);

}  // namespace zelus::metrics
