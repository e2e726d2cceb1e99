#include "zelus/output/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "zelus/metrics/series_file.h"
#include "zelus/output/sink_file.h"

namespace zelus::output {
namespace {

using metrics::Histogram;
using metrics::SeriesPoint;
using metrics::Sink;
using metrics::Snapshot;

/// Durations of requests, and which of them failed.
struct Watched {
  std::string_view duration;
  std::string_view failed;  ///< A rate; empty: nothing says so.
};
constexpr Watched kWatched[] = {{"http_req_duration", "http_req_failed"},
                                {"grpc_req_duration", ""}};

using Buckets = std::unordered_map<int32_t, uint64_t>;

Buckets buckets_of(const Sink& trend) {
  Buckets buckets;
  if (trend.trend() == nullptr) return buckets;
  trend.trend()->as_histogram().each_positive(
      [&](int32_t index, uint64_t count) { buckets[index] = count; });
  return buckets;
}

/// What was added between two snapshots of one cumulative trend.
class Difference {
 public:
  Difference(const Buckets& before, const Buckets& after) {
    for (const auto& [index, count] : after) {
      auto old = before.find(index);
      uint64_t added = count - (old == before.end() ? 0 : std::min(old->second, count));
      if (added > 0) added_.emplace_back(index, added);
      total_ += added;
    }
    std::sort(added_.begin(), added_.end());
  }
  double quantile(double fraction) const {
    auto rank = static_cast<uint64_t>(fraction * static_cast<double>(total_ > 0 ? total_ - 1 : 0));
    for (const auto& [index, count] : added_) {
      if (rank < count) return Histogram::upper_bound(index);
      rank -= count;
    }
    return 0;
  }

 private:
  std::vector<std::pair<int32_t, uint64_t>> added_;
  uint64_t total_ = 0;
};

class SeriesOutput final : public Output {
 public:
  SeriesOutput(std::string path, std::function<void(std::string_view)> write_stdout)
      : path_(std::move(path)), write_stdout_(std::move(write_stdout)) {}

  std::string description() const override { return fmt::format("series ({})", path_); }
  bool wants_samples() const override { return false; }
  Duration interval() const override { return metrics::kSeriesInterval; }

  Result<void> start() override {
    file_ = BIA_TRY(SinkFile::open(path_, write_stdout_));
    start_ns_ = metrics::unix_now_ns();
    return {};
  }

  void add_snapshot(const Snapshot& snapshot) override {
    const Watched* watched = choose(snapshot);
    if (watched == nullptr) return;
    const Sink& trend = snapshot.find(watched->duration)->total;
    const Snapshot::MetricData* failures =
        watched->failed.empty() ? nullptr : snapshot.find(watched->failed);
    uint64_t failed = failures != nullptr ? failures->total.trues() : 0;
    if (begin_ns_ == 0) begin_ns_ = first_of(snapshot, watched->duration);
    Buckets buckets = buckets_of(trend);
    Difference difference(buckets_, buckets);
    SeriesPoint point;
    point.seconds = static_cast<double>(snapshot.unix_ns() - start_ns_) / 1e9;
    point.count = trend.count() - count_;
    point.failed = failed - failed_;
    if (point.count > 0) point.avg_ms = (trend.value() - sum_) / static_cast<double>(point.count);
    point.p95_ms = difference.quantile(0.95);
    point.p99_ms = difference.quantile(0.99);
    buckets_ = std::move(buckets);
    count_ = trend.count();
    sum_ = trend.value();
    failed_ = failed;
    total_ = metrics::series_total(static_cast<double>(snapshot.unix_ns() - begin_ns_) / 1e9,
                                   failed, trend);
    if (auto written = file_->write(metrics::series_line(point)); !written.ok() && !problem_)
      problem_ = std::move(written).error();
  }

  Result<void> stop() override {
    BIA_TRY(file_->write(metrics::series_line(total_)));
    BIA_TRY(file_->close());
    if (problem_) return std::move(*problem_);
    return {};
  }

 private:
  /// The first metric of the list that has samples; it stays chosen.
  const Watched* choose(const Snapshot& snapshot) {
    for (const Watched& candidate : kWatched) {
      if (chosen_ != nullptr) break;
      const Snapshot::MetricData* data = snapshot.find(candidate.duration);
      if (data != nullptr && !data->total.empty()) chosen_ = &candidate;
    }
    return chosen_;
  }
  static int64_t first_of(const Snapshot& snapshot, std::string_view metric) {
    int64_t first = snapshot.unix_ns();
    for (const Snapshot::SeriesData& series : snapshot.series()) {
      if (snapshot.metrics()[series.metric].metric.name == metric)
        first = std::min(first, series.first_ns);
    }
    return first;
  }

  std::string path_;
  std::function<void(std::string_view)> write_stdout_;
  std::unique_ptr<SinkFile> file_;
  const Watched* chosen_ = nullptr;
  int64_t start_ns_ = 0;
  int64_t begin_ns_ = 0;
  Buckets buckets_;
  uint64_t count_ = 0;
  uint64_t failed_ = 0;
  double sum_ = 0;
  metrics::SeriesTotal total_;
  std::optional<Error> problem_;
};

}  // namespace

Result<std::unique_ptr<Output>> create_series(std::string_view argument, const Context& context) {
  if (argument.empty())
    return Error(bia::Code::kInvalidArgument, "NO_FILE", "it needs a file: -o series=FILE");
  return std::unique_ptr<Output>(
      std::make_unique<SeriesOutput>(std::string(argument), context.write_stdout));
}

}  // namespace zelus::output
