#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/sampler.h"
#include "zelus/metrics/series_file.h"

namespace report {

/// A sample of the service with the moment it was taken, since the first sample.
struct TimedSample {
  double seconds = 0;
  double cpu_percent = 0;  ///< Since the sample before; 100 is one core.
  ProcessSample process;
};

/// One load on one target.
struct LoadResult {
  std::string protocol;      ///< "HTTP" or "gRPC"
  std::string command;       ///< As a user would type it.
  std::string summary;       ///< What the load generator printed.
  std::string partial;       ///< Why the run is incomplete; empty where it is whole.
  double begin_seconds = 0;  ///< On the clock of the target's samples.
  zelus::metrics::SeriesTotal total;
  std::vector<zelus::metrics::SeriesPoint> points;
  double server_cpu_seconds = 0;
  double load_cpu_seconds = 0;
  double server_cpu_percent = 0;  ///< Mean over the load.
  uint64_t rss_peak_bytes = 0;
  uint64_t anonymous_peak_bytes = 0;

  double requests_per_second() const {
    return total.seconds > 0 ? static_cast<double>(total.count) / total.seconds : 0;
  }
  double server_cpu_us_per_request() const {
    return total.count > 0 ? server_cpu_seconds * 1e6 / static_cast<double>(total.count) : 0;
  }
  double load_cpu_us_per_request() const {
    return total.count > 0 ? load_cpu_seconds * 1e6 / static_cast<double>(total.count) : 0;
  }
  double requests_per_cpu_second() const {
    return server_cpu_seconds > 0 ? static_cast<double>(total.count) / server_cpu_seconds : 0;
  }
};

struct TargetResult {
  std::string name;
  std::string where;  ///< "http://127.0.0.1:8080, 127.0.0.1:8282"
  std::vector<LoadResult> loads;
  std::vector<TimedSample> samples;  ///< Empty where the process is not known.
};

struct BenchResult {
  std::string date;  ///< RFC 3339
  std::string machine;
  uint64_t users = 0;
  uint64_t requests = 0;
  std::vector<TargetResult> targets;

  bool partial() const {
    for (const TargetResult& target : targets) {
      for (const LoadResult& load : target.loads) {
        if (!load.partial.empty()) return true;
      }
    }
    return false;
  }
};

/// The load of that protocol; null where it was not run.
const LoadResult* find_load(const TargetResult& target, std::string_view protocol);

}  // namespace report
