#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zelus/metrics/histogram.h"
#include "zelus/metrics/sink.h"
#include "zelus/metrics/tags.h"

namespace zelus::output {

/// A native histogram as remote write sends it: schema 3 (8 buckets an octave), counts as integers.
struct NativeHistogram {
  uint64_t count = 0;
  double sum = 0;
  uint64_t zero_count = 0;
  /// (bucket index, count), ascending; a bucket i holds (2^((i-1)/8), 2^(i/8)].
  std::vector<std::pair<int32_t, uint64_t>> positive;
  std::vector<std::pair<int32_t, uint64_t>> negative;
};
/// Of a trend's values times `scale` (0.001 turns milliseconds into seconds). Exact while the trend
/// is, then right to a 32nd of a bucket.
NativeHistogram native_histogram(const metrics::Sink& trend, double scale);

using Label = std::pair<std::string, std::string>;

/// Prometheus' marker of a series that has ended: a NaN with these bits.
inline constexpr uint64_t kStaleMarkerBits = 0x7ff0000000000002;

/// Builds a prometheus.WriteRequest (remote write 1.0) in protobuf's wire format.
class WriteRequest {
 public:
  /// `labels` are sorted by name.
  void add_sample(const std::vector<Label>& labels, double value, int64_t unix_ms);
  void add_histogram(const std::vector<Label>& labels, const NativeHistogram& histogram,
                     int64_t unix_ms);
  const std::string& bytes() const { return bytes_; }
  size_t series_count() const { return series_count_; }
  /// Snappy's block format.
  std::string compressed() const;

 private:
  void add_series(const std::vector<Label>& labels, uint32_t field, std::string_view point);
  std::string bytes_;
  size_t series_count_ = 0;
};

}  // namespace zelus::output
