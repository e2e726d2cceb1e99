#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bia/base/time.h"
#include "zelus/metrics/metric.h"
#include "zelus/metrics/sink.h"
#include "zelus/metrics/stream.h"
#include "zelus/metrics/tags.h"

namespace zelus::metrics {

/// (metric, tag set) in one shard.
using SeriesId = uint32_t;

/// Nanoseconds since 1970, of the wall clock.
int64_t unix_now_ns();

struct Series {
  MetricId metric;
  const TagSet* tags;
  /// When the series was resolved first: the order in which checks and groups are shown.
  int64_t first_ns;
  Sink sink;
};

/// One thread's metrics: a single writer, never locked. What virtual users of this thread record
/// goes here.
///
///     SeriesId series = shard.resolve(kHttpReqDuration, tags);   // once for a tag set; keep it
///     shard.add(series, 12.3);                                   // a few ns
class Shard {
 public:
  explicit Shard(Registry registry) : registry_(std::move(registry)) {}
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  Registry& registry() { return registry_; }
  const Registry& registry() const { return registry_; }
  TagInterner& tags() { return tags_; }

  /// The series of a metric with exactly these tags, made when it is new. `tags` is of this shard's
  /// interner. Costs a hash look-up.
  SeriesId resolve(MetricId metric, const TagSet* tags);

  /// Records. `at` gives the sample's time and metadata: wanted by gauges and by sample streams,
  /// others do not look at it; zero means now. Suspends only while a sample stream that must not
  /// lose lines is full.
  void add(SeriesId series, double value, Moment at = {}) {
    Series& s = series_[series];
    if (__builtin_expect(stream_ != nullptr || s.sink.type() == MetricType::kGauge, 0))
      return add_timed(s, value, at);
    s.sink.add(value, 0);
  }
  /// Convenience for rare samples: resolve and add.
  void add(MetricId metric, const TagSet* tags, double value, Moment at = {}) {
    add(resolve(metric, tags), value, at);
  }

  const std::vector<Series>& series() const { return series_; }
  /// How many there are; from any thread.
  size_t series_count() const { return series_count_.load(std::memory_order_relaxed); }
  /// Turns the sample stream on or off (null). The stream outlives the shard's use of it.
  void set_stream(SampleStream* stream) { stream_ = stream; }
  bool streaming() const { return stream_ != nullptr; }
  /// True where the next `add` may suspend.
  bool may_suspend() const { return stream_ != nullptr && stream_->full(); }

 private:
  void add_timed(Series& series, double value, Moment at);

  struct Key {
    MetricId metric;
    const TagSet* tags;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return key.tags->hash() ^ (key.metric * 0x9e3779b97f4a7c15ull);
    }
  };
  Registry registry_;
  TagInterner tags_;
  std::vector<Series> series_;
  std::atomic<size_t> series_count_ = 0;
  std::unordered_map<Key, SeriesId, KeyHash> by_key_;
  SampleStream* stream_ = nullptr;
};

}  // namespace zelus::metrics
