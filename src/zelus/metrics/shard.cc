#include "zelus/metrics/shard.h"

#include <chrono>

namespace zelus::metrics {

int64_t unix_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

SeriesId Shard::resolve(MetricId metric, const TagSet* tags) {
  auto [at, is_new] = by_key_.try_emplace(Key{metric, tags}, static_cast<SeriesId>(series_.size()));
  if (is_new) {
    series_.push_back({metric, tags, unix_now_ns(), Sink(registry_[metric].type)});
    series_count_.store(series_.size(), std::memory_order_relaxed);
  }
  return at->second;
}

void Shard::add_timed(Series& series, double value, Moment at) {
  if (at.unix_ns == 0) at.unix_ns = unix_now_ns();
  series.sink.add(value, at.unix_ns);
  if (stream_ == nullptr) return;
  // `series` may move while the push suspends: nothing reads it after.
  stream_->push({&registry_[series.metric], series.tags, at.unix_ns, value,
                 at.metadata == nullptr ? std::shared_ptr<const Metadata>() : *at.metadata});
}

}  // namespace zelus::metrics
