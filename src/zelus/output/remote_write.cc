#include "zelus/output/remote_write.h"

#include <snappy.h>

#include <bit>
#include <cmath>
#include <map>

#include "codec/wire_format.h"

namespace zelus::output {
namespace {

constexpr int kSchema = 3;
/// client_golang's: what is smaller counts as zero.
constexpr double kZeroThreshold = 2.938735877055719e-39;

using bia::codec::append_varint;
using bia::codec::put_bytes;
using bia::codec::put_uint;
using bia::codec::zigzag;

void put_double(std::string& out, uint32_t field, double value) {
  bia::codec::put_fixed64(out, field, std::bit_cast<uint64_t>(value));
}

// Spans of neighbouring buckets, and differences of counts from bucket to bucket.
void put_buckets(std::string& out, uint32_t spans_field, uint32_t deltas_field,
                 const std::vector<std::pair<int32_t, uint64_t>>& buckets) {
  struct Span {
    int32_t offset;
    uint32_t length;
  };
  std::vector<Span> spans;
  std::string deltas;
  int64_t before = 0;
  int32_t next = 0;
  auto add = [&](uint64_t count) {
    append_varint(deltas, zigzag(static_cast<int64_t>(count) - before));
    before = static_cast<int64_t>(count);
    ++spans.back().length;
    ++next;
  };
  for (const auto& [index, count] : buckets) {
    // Up to two empty buckets are cheaper than a new span, as client_golang does it.
    if (spans.empty() || index - next > 2) {
      spans.push_back({index - next, 0});
      next = index;
    }
    while (next < index) add(0);
    add(count);
  }
  for (const Span& span : spans) {
    std::string one;
    put_uint(one, 1, zigzag(span.offset));
    put_uint(one, 2, span.length);
    put_bytes(out, spans_field, one);
  }
  if (!deltas.empty()) put_bytes(out, deltas_field, deltas);
}

// Of schema 3, from a value: upper bounds are inclusive.
int32_t bucket_of(double value) {
  return (metrics::Histogram::index_of(value) >> (metrics::Histogram::kScale - kSchema)) + 1;
}

}  // namespace

NativeHistogram native_histogram(const metrics::Sink& trend, double scale) {
  NativeHistogram native;
  native.count = trend.count();
  native.sum = trend.value() * scale;
  std::map<int32_t, uint64_t> positive;
  std::map<int32_t, uint64_t> negative;
  auto add = [&](double value, uint64_t count) {
    if (std::fabs(value) <= kZeroThreshold) {
      native.zero_count += count;
    } else {
      (value > 0 ? positive : negative)[bucket_of(std::fabs(value))] += count;
    }
  };
  if (const metrics::TrendValues* values = trend.trend()) {
    for (double value : values->samples()) add(value * scale, 1);
    if (const metrics::Histogram* histogram = values->histogram()) {
      native.zero_count += histogram->zero_count();
      auto middle = [](int32_t index) {
        return std::exp2((index + 0.5) / metrics::Histogram::kBucketsPerOctave);
      };
      histogram->each_positive(
          [&](int32_t index, uint64_t count) { add(middle(index) * scale, count); });
      histogram->each_negative(
          [&](int32_t index, uint64_t count) { add(-middle(index) * scale, count); });
    }
  }
  native.positive.assign(positive.begin(), positive.end());
  native.negative.assign(negative.begin(), negative.end());
  return native;
}

void WriteRequest::add_series(const std::vector<Label>& labels, uint32_t field,
                              std::string_view point) {
  std::string series;
  for (const auto& [name, value] : labels) {
    std::string label;
    put_bytes(label, 1, name);
    put_bytes(label, 2, value);
    put_bytes(series, 1, label);
  }
  put_bytes(series, field, point);
  put_bytes(bytes_, 1, series);
  ++series_count_;
}

void WriteRequest::add_sample(const std::vector<Label>& labels, double value, int64_t unix_ms) {
  std::string sample;
  put_double(sample, 1, value);
  put_uint(sample, 2, static_cast<uint64_t>(unix_ms));
  add_series(labels, 2, sample);
}

void WriteRequest::add_histogram(const std::vector<Label>& labels, const NativeHistogram& histogram,
                                 int64_t unix_ms) {
  std::string point;
  put_uint(point, 1, histogram.count);
  put_double(point, 3, histogram.sum);
  put_uint(point, 4, zigzag(kSchema));
  put_double(point, 5, kZeroThreshold);
  put_uint(point, 6, histogram.zero_count);
  put_buckets(point, 8, 9, histogram.negative);
  put_buckets(point, 11, 12, histogram.positive);
  put_uint(point, 15, static_cast<uint64_t>(unix_ms));
  add_series(labels, 4, point);
}

std::string WriteRequest::compressed() const {
  std::string out;
  snappy::Compress(bytes_.data(), bytes_.size(), &out);
  return out;
}

}  // namespace zelus::output
