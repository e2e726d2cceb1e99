#include "zelus/metrics/snapshot.h"

#include <algorithm>

#include "bia/fiber/sync.h"

namespace zelus::metrics {

Snapshot::MetricData& Snapshot::add_metric(Metric metric) {
  MetricType type = metric.type;
  metrics_.push_back({std::move(metric), Sink(type), {}});
  return metrics_.back();
}

const Snapshot::MetricData* Snapshot::find(std::string_view name) const {
  for (const MetricData& data : metrics_) {
    if (data.metric.name == name) return &data;
  }
  return nullptr;
}

Snapshot Snapshot::of(const Shard& shard, const Thresholds& thresholds, Detail detail) {
  Snapshot snapshot;
  snapshot.unix_ns_ = unix_now_ns();
  const Registry& registry = shard.registry();
  snapshot.metrics_.reserve(registry.size());
  for (MetricId id = 0; id < registry.size(); ++id) {
    MetricData& data = snapshot.add_metric(registry[id]);
    auto listed = thresholds.submetrics().find(id);
    if (listed == thresholds.submetrics().end()) continue;
    for (const Submetric& submetric : listed->second)
      data.submetrics.emplace_back(submetric, Sink(data.metric.type));
  }
  for (const Series& series : shard.series()) {
    if (series.sink.empty()) continue;
    MetricData& data = snapshot.metrics_[series.metric];
    data.total.merge(series.sink);
    for (auto& [submetric, sink] : data.submetrics) {
      if (series.tags->contains(submetric.tags)) sink.merge(series.sink);
    }
    if (detail == Detail::kSeries)
      snapshot.add_series({series.metric, series.tags, series.first_ns, series.sink});
  }
  return snapshot;
}

void Snapshot::add_series(SeriesData data) {
  series_by_hash_.emplace(data.tags->hash() + data.metric, series_.size());
  series_.push_back(std::move(data));
}

size_t Snapshot::metric_index(const Metric& metric, size_t guess) {
  if (guess < metrics_.size() && metrics_[guess].metric.name == metric.name) return guess;
  for (size_t i = 0; i < metrics_.size(); ++i) {
    if (metrics_[i].metric.name == metric.name) return i;
  }
  add_metric(metric);
  return metrics_.size() - 1;
}

void Snapshot::merge(const Snapshot& other) {
  unix_ns_ = std::max(unix_ns_, other.unix_ns_);
  std::vector<size_t> index(other.metrics_.size(), SIZE_MAX);
  for (size_t i = 0; i < other.metrics_.size(); ++i) {
    const MetricData& theirs = other.metrics_[i];
    size_t at = metric_index(theirs.metric, i);
    MetricData& ours = metrics_[at];
    // Threads that defined one name with two types after the init pass: the first wins, the other's
    // values cannot be added up.
    if (ours.metric.type != theirs.metric.type) continue;
    index[i] = at;
    ours.total.merge(theirs.total);
    if (ours.submetrics.empty()) {
      ours.submetrics = theirs.submetrics;
      continue;
    }
    for (size_t s = 0; s < theirs.submetrics.size() && s < ours.submetrics.size(); ++s) {
      ours.submetrics[s].second.merge(theirs.submetrics[s].second);
    }
  }
  for (const SeriesData& theirs : other.series_) {
    size_t metric = index[theirs.metric];
    if (metric == SIZE_MAX) continue;
    auto [first, last] = series_by_hash_.equal_range(theirs.tags->hash() + metric);
    auto same = std::find_if(first, last, [&](const auto& entry) {
      const SeriesData& ours = series_[entry.second];
      return ours.metric == metric && ours.tags->tags() == theirs.tags->tags();
    });
    if (same == last) {
      add_series({metric, theirs.tags, theirs.first_ns, theirs.sink});
      continue;
    }
    SeriesData& ours = series_[same->second];
    ours.first_ns = std::min(ours.first_ns, theirs.first_ns);
    ours.sink.merge(theirs.sink);
  }
}

void Snapshot::sort_series() {
  std::stable_sort(series_.begin(), series_.end(), [](const SeriesData& a, const SeriesData& b) {
    return a.first_ns < b.first_ns;
  });
  series_by_hash_.clear();
  for (size_t i = 0; i < series_.size(); ++i)
    series_by_hash_.emplace(series_[i].tags->hash() + series_[i].metric, i);
}

Result<Snapshot> Aggregator::snapshot(Detail detail, bia::Deadline deadline) {
  // Outlives this call where a thread answers after the deadline.
  struct Gather {
    std::vector<Snapshot> parts;
    size_t missing;
    bia::fiber::WaitQueue waiters;
  };
  auto gather = std::make_shared<Gather>();
  gather->missing = shards_.size();
  // In the order of the shards, whoever answers first: so metrics and tag sets keep their places
  // from snapshot to snapshot.
  gather->parts.resize(shards_.size());
  bia::fiber::Scheduler& here = bia::fiber::Scheduler::current();
  for (size_t index = 0; index < shards_.size(); ++index) {
    const Source& source = shards_[index];
    source.scheduler->post([gather, &here, index, source, detail, &thresholds = thresholds_] {
      auto part = std::make_shared<Snapshot>(Snapshot::of(*source.shard, thresholds, detail));
      here.post([gather, index, part] {
        gather->parts[index] = std::move(*part);
        if (--gather->missing == 0) gather->waiters.wake_all();
      });
    });
  }
  while (gather->missing > 0) BIA_TRY(gather->waiters.wait(deadline));
  Snapshot all;
  for (const Snapshot& part : gather->parts) all.merge(part);
  all.sort_series();
  return all;
}

}  // namespace zelus::metrics
