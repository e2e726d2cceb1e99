#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bia/base/time.h"
#include "bia/fiber/scheduler.h"
#include "zelus/metrics/shard.h"
#include "zelus/metrics/threshold.h"

namespace zelus::metrics {

/// What a snapshot holds beyond the totals of metrics and submetrics.
enum class Detail : uint8_t { kTotals, kSeries };

/// A copy of metrics at one moment, of one shard or merged of several.
class Snapshot {
 public:
  struct MetricData {
    Metric metric;
    Sink total;
    /// In the order of Thresholds::submetrics.
    std::vector<std::pair<Submetric, Sink>> submetrics;
  };
  struct SeriesData {
    size_t metric;  ///< index into metrics()
    const TagSet* tags;
    int64_t first_ns;
    Sink sink;
  };

  /// Copies a shard; on its thread.
  static Snapshot of(const Shard& shard, const Thresholds& thresholds, Detail detail);
  /// Adds another thread's snapshot: metrics by name, series by the content of their tags.
  void merge(const Snapshot& other);

  /// Every metric defined, in order of definition; those without samples have an empty total.
  const std::vector<MetricData>& metrics() const { return metrics_; }
  const MetricData* find(std::string_view name) const;
  /// With Detail::kSeries: in the order in which they were first seen.
  const std::vector<SeriesData>& series() const { return series_; }
  int64_t unix_ns() const { return unix_ns_; }
  /// Restores the order of first sight after merges.
  void sort_series();

  /// For tests and for results that come from elsewhere.
  MetricData& add_metric(Metric metric);

 private:
  std::vector<MetricData> metrics_;
  size_t metric_index(const Metric& metric, size_t guess);
  void add_series(SeriesData data);
  std::vector<SeriesData> series_;
  std::unordered_multimap<size_t, size_t> series_by_hash_;
  int64_t unix_ns_ = 0;
};

/// Asks every thread for a copy of its shard and merges them. Lives on one thread.
class Aggregator {
 public:
  explicit Aggregator(const Thresholds& thresholds) : thresholds_(thresholds) {}
  /// `scheduler` runs the thread that writes `shard`; both outlive the aggregator's use.
  void add_shard(bia::fiber::Scheduler& scheduler, const Shard& shard) {
    shards_.push_back({&scheduler, &shard});
  }
  /// Series of all shards; one that two threads have counts twice. Does not suspend.
  size_t series_count() const {
    size_t count = 0;
    for (const Source& source : shards_) count += source.shard->series_count();
    return count;
  }
  /// Suspends until every thread has answered. Errors: kDeadlineExceeded, kCancelled.
  Result<Snapshot> snapshot(Detail detail, bia::Deadline deadline);

 private:
  struct Source {
    bia::fiber::Scheduler* scheduler;
    const Shard* shard;
  };
  const Thresholds& thresholds_;
  std::vector<Source> shards_;
};

}  // namespace zelus::metrics
