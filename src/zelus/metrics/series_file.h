#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "zelus/metrics/sink.h"

namespace zelus::metrics {

/// A run over time, one JSON object a line: `-o series=FILE` of `zelus run`, `--series FILE` of
/// `zelus grpc`, what `bia bench` draws. Requests that ended in one interval.
struct SeriesPoint {
  double seconds = 0;  ///< End of the interval, since the start of the run.
  uint64_t count = 0;
  uint64_t failed = 0;
  double avg_ms = 0;
  double p95_ms = 0;
  double p99_ms = 0;
};

/// The last line: the whole run.
struct SeriesTotal {
  uint64_t count = 0;
  uint64_t failed = 0;
  double seconds = 0;
  double avg_ms = 0, min_ms = 0, med_ms = 0, max_ms = 0, p90_ms = 0, p95_ms = 0, p99_ms = 0;
  std::vector<std::pair<double, double>> curve;        ///< percentile, ms
  std::vector<std::pair<double, uint64_t>> histogram;  ///< upper bound in ms, count; ascending
};

inline constexpr bia::Duration kSeriesInterval = std::chrono::milliseconds(200);

/// With a final newline.
std::string series_line(const SeriesPoint& point);
std::string series_line(const SeriesTotal& total);
SeriesPoint series_point(double seconds, uint64_t failed, const Sink& trend_ms);
SeriesTotal series_total(double seconds, uint64_t failed, const Sink& trend_ms);

}  // namespace zelus::metrics
