#pragma once
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "zelus/metrics/series_file.h"

namespace report {

/// Reads what `--series` and `-o series` write, while it grows.
class SeriesReader {
 public:
  explicit SeriesReader(std::string path) : path_(std::move(path)) {}
  /// Takes in the lines that are complete by now; a line that is not JSON is passed over.
  void poll();
  const std::vector<zelus::metrics::SeriesPoint>& points() const { return points_; }
  /// Set once the last line is there.
  const std::optional<zelus::metrics::SeriesTotal>& total() const { return total_; }
  /// From the points: for a run whose load generator did not end in order.
  zelus::metrics::SeriesTotal total_of_points() const;
  uint64_t count() const { return count_; }

 private:
  void take(const std::string& line);
  std::string path_;
  std::streamoff offset_ = 0;
  uint64_t count_ = 0;
  std::vector<zelus::metrics::SeriesPoint> points_;
  std::optional<zelus::metrics::SeriesTotal> total_;
};

}  // namespace report
