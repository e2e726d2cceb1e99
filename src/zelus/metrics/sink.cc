#include "zelus/metrics/sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "zelus/metrics/go_float.h"

namespace zelus::metrics {

TrendValues::TrendValues(const TrendValues& other)
    : exact_(other.exact_),
      histogram_(other.histogram_ ? std::make_unique<Histogram>(*other.histogram_) : nullptr) {}

void TrendValues::fold() {
  if (histogram_) return;
  histogram_ = std::make_unique<Histogram>();
  for (double value : exact_) histogram_->add(value);
  std::vector<double>().swap(exact_);
}

void TrendValues::merge(const TrendValues& other) {
  if (exact() && other.exact() && exact_.size() + other.exact_.size() <= kTrendExactMax) {
    exact_.insert(exact_.end(), other.exact_.begin(), other.exact_.end());
    return;
  }
  fold();
  if (other.histogram_) {
    histogram_->merge(*other.histogram_);
  } else {
    for (double value : other.exact_) histogram_->add(value);
  }
}

Histogram TrendValues::as_histogram() const {
  if (histogram_) return *histogram_;
  Histogram histogram;
  for (double value : exact_) histogram.add(value);
  return histogram;
}

Sink::Sink(const Sink& other)
    : type_(other.type_),
      count_(other.count_),
      sum_(other.sum_),
      min_(other.min_),
      max_(other.max_),
      trues_(other.trues_),
      trend_(other.trend_ ? std::make_unique<TrendValues>(*other.trend_) : nullptr) {}

Sink& Sink::operator=(const Sink& other) {
  Sink copy(other);
  *this = std::move(copy);
  return *this;
}

void Sink::merge(const Sink& other) {
  BIA_ASSERT(type_ == other.type_);
  if (other.count_ == 0) return;
  bool first = count_ == 0;
  count_ += other.count_;
  switch (type_) {
    case MetricType::kCounter:
      sum_ += other.sum_;
      return;
    case MetricType::kRate:
      trues_ += other.trues_;
      return;
    case MetricType::kGauge:
      if (first || other.last_ns_ >= last_ns_) {
        sum_ = other.sum_;
        last_ns_ = other.last_ns_;
      }
      break;
    case MetricType::kTrend:
      sum_ += other.sum_;
      if (!trend_) trend_ = std::make_unique<TrendValues>();
      trend_->merge(*other.trend_);
      break;
  }
  min_ = first ? other.min_ : std::min(min_, other.min_);
  max_ = first ? other.max_ : std::max(max_, other.max_);
}

std::vector<double> Sink::quantiles(std::span<const double> fractions) const {
  std::vector<double> values;
  values.reserve(fractions.size());
  if (trend_ == nullptr) {
    values.resize(fractions.size(), 0);
    return values;
  }
  std::vector<double> sorted = trend_->samples();
  std::sort(sorted.begin(), sorted.end());
  for (double fraction : fractions) {
    double rank = std::clamp(fraction, 0.0, 1.0) * (static_cast<double>(count_) - 1);
    if (const Histogram* histogram = trend_->histogram()) {
      // The bounds are known exactly, so the ends are theirs.
      if (rank <= 0 || rank >= static_cast<double>(count_ - 1)) {
        values.push_back(rank <= 0 ? min_ : max_);
      } else {
        values.push_back(
            std::clamp(histogram->at_rank(static_cast<uint64_t>(std::llround(rank))), min_, max_));
      }
      continue;
    }
    double low = sorted[static_cast<size_t>(std::floor(rank))];
    double high = sorted[static_cast<size_t>(std::ceil(rank))];
    values.push_back(low + (high - low) * (rank - std::floor(rank)));
  }
  return values;
}

double Sink::quantile(double fraction) const { return quantiles(std::span(&fraction, 1))[0]; }

Result<TrendStat> parse_trend_stat(std::string_view text) {
  static constexpr std::pair<std::string_view, TrendStat::Kind> kNames[] = {
      {"avg", TrendStat::Kind::kAvg},     {"min", TrendStat::Kind::kMin},
      {"med", TrendStat::Kind::kMed},     {"max", TrendStat::Kind::kMax},
      {"count", TrendStat::Kind::kCount}, {"sum", TrendStat::Kind::kSum},
  };
  for (const auto& [name, kind] : kNames) {
    if (name == text) return TrendStat{std::string(text), kind, 0};
  }
  if (!text.starts_with("p(") || !text.ends_with(")")) {
    return bia::Error(bia::Code::kInvalidArgument, "BAD_TREND_STAT",
                      fmt::format("invalid trend stat '{}', unknown format", text));
  }
  Result<double> percentile = parse_go_float(text.substr(2, text.size() - 3));
  if (!percentile || !(*percentile >= 0 && *percentile <= 100)) {
    return bia::Error(
        bia::Code::kInvalidArgument, "BAD_TREND_STAT",
        fmt::format("invalid percentile trend stat value '{}', provide a number between 0 and 100",
                    text));
  }
  return TrendStat{std::string(text), TrendStat::Kind::kPercentile, *percentile};
}

std::vector<double> trend_values(const Sink& trend, std::span<const TrendStat> stats) {
  std::vector<double> fractions;
  for (const TrendStat& stat : stats) {
    if (stat.kind == TrendStat::Kind::kMed) fractions.push_back(0.5);
    if (stat.kind == TrendStat::Kind::kPercentile) fractions.push_back(stat.percentile / 100);
  }
  std::vector<double> quantiles = trend.quantiles(fractions);
  std::vector<double> values;
  size_t next = 0;
  for (const TrendStat& stat : stats) {
    switch (stat.kind) {
      case TrendStat::Kind::kAvg:
        values.push_back(trend.avg());
        break;
      case TrendStat::Kind::kMin:
        values.push_back(trend.min());
        break;
      case TrendStat::Kind::kMax:
        values.push_back(trend.max());
        break;
      case TrendStat::Kind::kCount:
        values.push_back(static_cast<double>(trend.count()));
        break;
      case TrendStat::Kind::kSum:
        values.push_back(trend.value());
        break;
      case TrendStat::Kind::kMed:
      case TrendStat::Kind::kPercentile:
        values.push_back(quantiles[next++]);
        break;
    }
  }
  return values;
}

}  // namespace zelus::metrics
