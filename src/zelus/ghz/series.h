#pragma once
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "zelus/metrics/series_file.h"

namespace zelus::ghz {

/// What ended in one interval on one thread.
struct Interval {
  metrics::Sink latencies_ms{metrics::MetricType::kTrend};
  uint64_t failed = 0;
};

/// Writes `--series FILE`: gathers the intervals of all threads and writes each when the last
/// thread has brought its part. Belongs to thread 0.
class SeriesWriter {
 public:
  SeriesWriter(const std::string& path, size_t threads)
      : file_(path, std::ios::trunc), threads_(threads) {}
  bool good() const { return file_.good(); }
  /// The interval's number from 0, of any thread.
  void add(size_t number, const Interval& interval);
  /// Writes what is left and the total.
  void finish(double seconds);

 private:
  struct Pending {
    Interval merged;
    size_t parts = 0;
  };
  void write(size_t number, const Interval& interval);
  std::ofstream file_;
  size_t threads_;
  std::map<size_t, Pending> pending_;
  Interval total_;
};

}  // namespace zelus::ghz
