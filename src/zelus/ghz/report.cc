#include "zelus/ghz/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zelus::ghz {
namespace {

using bia::Code;

/// ghz works on seconds in float64; the marks are printed from these.
double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

std::vector<LatencyPercentile> percentiles(const std::vector<int64_t>& sorted) {
  std::vector<LatencyPercentile> rows;
  for (int percentage : {10, 25, 50, 75, 90, 95, 99}) {
    double rank = percentage / 100.0 * static_cast<double>(sorted.size());
    auto index = static_cast<int64_t>(rank);
    if (rank == static_cast<double>(index)) --index;
    int64_t latency = sorted[static_cast<size_t>(std::max<int64_t>(index, 0))];
    rows.push_back(latency > 0 ? LatencyPercentile{percentage, latency} : LatencyPercentile{0, 0});
  }
  return rows;
}

std::vector<Bucket> histogram(const std::vector<int64_t>& sorted) {
  constexpr int kSteps = 10;
  double fastest = seconds(sorted.front());
  double slowest = seconds(sorted.back());
  double width = (slowest - fastest) / kSteps;
  std::vector<Bucket> buckets(kSteps + 1);
  for (int i = 0; i < kSteps; ++i) buckets[i].mark_seconds = fastest + width * i;
  buckets[kSteps].mark_seconds = slowest;
  size_t bucket = 0;
  for (size_t i = 0; i < sorted.size();) {
    if (seconds(sorted[i]) <= buckets[bucket].mark_seconds || bucket == kSteps) {
      ++buckets[bucket].count;
      ++i;
    } else {
      ++bucket;
    }
  }
  for (Bucket& b : buckets)
    b.frequency = static_cast<double>(b.count) / static_cast<double>(sorted.size());
  return buckets;
}

}  // namespace

std::string rpc_error_text(Code code, std::string_view message) {
  return fmt::format("rpc error: code = {} desc = {}", bia::code_camel_name(code), message);
}

void Tally::add(int64_t end_unix_ns, int64_t latency_ns, Code code, std::string_view message) {
  ++count_;
  latency_sum_ns_ += static_cast<long double>(latency_ns);
  auto slot = static_cast<size_t>(code);
  ++by_code_[slot < std::size(by_code_) ? slot : static_cast<size_t>(Code::kUnknown)];
  uint32_t error = kNoError;
  if (code == Code::kOk) {
    ok_latencies_.push_back(latency_ns);
  } else {
    error_latencies_.push_back(latency_ns);
    std::string text = rpc_error_text(code, message);
    auto found = error_index_.try_emplace(text, static_cast<uint32_t>(errors_.size()));
    if (found.second) {
      errors_.push_back(text);
      error_counts_.push_back(0);
    }
    error = found.first->second;
    ++error_counts_[error];
  }
  if (keep_ == Keep::kDetails && details_.size() < kDetailsMax)
    details_.push_back({end_unix_ns, latency_ns, code, error});
}

void Tally::merge(Tally&& other) {
  count_ += other.count_;
  latency_sum_ns_ += other.latency_sum_ns_;
  for (size_t i = 0; i < std::size(by_code_); ++i) by_code_[i] += other.by_code_[i];
  ok_latencies_.insert(ok_latencies_.end(), other.ok_latencies_.begin(), other.ok_latencies_.end());
  error_latencies_.insert(error_latencies_.end(), other.error_latencies_.begin(),
                          other.error_latencies_.end());
  std::vector<uint32_t> renumbered;
  for (size_t i = 0; i < other.errors_.size(); ++i) {
    auto found = error_index_.try_emplace(other.errors_[i], static_cast<uint32_t>(errors_.size()));
    if (found.second) {
      errors_.push_back(other.errors_[i]);
      error_counts_.push_back(0);
    }
    error_counts_[found.first->second] += other.error_counts_[i];
    renumbered.push_back(found.first->second);
  }
  for (Detail detail : other.details_) {
    if (details_.size() >= kDetailsMax) break;
    if (detail.error != kNoError) detail.error = renumbered[detail.error];
    details_.push_back(detail);
  }
}

Report make_report(Tally tally, int64_t total_ns, bool count_errors) {
  Report report;
  report.count = tally.count_;
  report.total_ns = total_ns;
  if (tally.count_ > 0) {
    report.average_ns =
        static_cast<int64_t>(tally.latency_sum_ns_ / static_cast<long double>(tally.count_));
    report.rps = static_cast<double>(tally.count_) / seconds(std::max<int64_t>(total_ns, 1));
  }
  for (size_t i = 0; i < std::size(tally.by_code_); ++i) {
    if (tally.by_code_[i] > 0) {
      report.status_distribution[std::string(bia::code_camel_name(static_cast<Code>(i)))] =
          tally.by_code_[i];
    }
  }
  for (size_t i = 0; i < tally.errors_.size(); ++i)
    report.error_distribution[tally.errors_[i]] = tally.error_counts_[i];
  std::vector<int64_t> latencies = std::move(tally.ok_latencies_);
  if (count_errors)
    latencies.insert(latencies.end(), tally.error_latencies_.begin(), tally.error_latencies_.end());
  if (!latencies.empty()) {
    std::sort(latencies.begin(), latencies.end());
    report.fastest_ns = latencies.front();
    report.slowest_ns = latencies.back();
    report.percentiles = percentiles(latencies);
    report.histogram = histogram(latencies);
  }
  report.details = std::move(tally.details_);
  std::stable_sort(report.details.begin(), report.details.end(),
                   [](const Detail& a, const Detail& b) { return a.end_unix_ns < b.end_unix_ns; });
  report.errors = std::move(tally.errors_);
  return report;
}

}  // namespace zelus::ghz
