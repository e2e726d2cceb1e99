#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

namespace zelus::metrics {

/// A base-2 exponential histogram of scale 8: 256 buckets an octave, so a bucket's middle is at
/// most 0.14 % from any value in it. Bucket i holds (2^(i/256), 2^((i+1)/256)], as OpenTelemetry's
/// exponential and (one higher) Prometheus' native histograms. Chunks of buckets are allocated when
/// hit.
class Histogram {
 public:
  static constexpr int kScale = 8;
  static constexpr int kBucketsPerOctave = 1 << kScale;

  Histogram() = default;
  Histogram(const Histogram& other);
  Histogram& operator=(const Histogram& other);
  Histogram(Histogram&&) noexcept = default;
  Histogram& operator=(Histogram&&) noexcept = default;

  void add(double value) {
    if (value > 0) {
      positive_.add(index_of(value), 1);
    } else if (value < 0) {
      negative_.add(index_of(-value), 1);
    } else {
      ++zero_;
    }
  }
  void merge(const Histogram& other);
  uint64_t count() const { return positive_.count() + negative_.count() + zero_; }
  uint64_t zero_count() const { return zero_; }
  /// The value at a rank of 0 … count-1 in ascending order: the middle of its bucket.
  double at_rank(uint64_t rank) const;
  /// Calls visit(index, count) for each bucket that is not empty, in ascending order of index; by
  /// absolute value for negative ones.
  template <typename Visit>
  void each_positive(Visit&& visit) const {
    positive_.each(visit);
  }
  template <typename Visit>
  void each_negative(Visit&& visit) const {
    negative_.each(visit);
  }
  size_t bytes() const;

  static int32_t index_of(double value);
  /// The upper bound of a bucket, inclusive.
  static double upper_bound(int32_t index);

 private:
  static constexpr int kChunkBits = 6;
  using Chunk = std::array<uint64_t, size_t{1} << kChunkBits>;

  /// Buckets of one sign.
  class Side {
   public:
    Side() = default;
    Side(const Side& other);
    Side(Side&&) noexcept = default;
    Side& operator=(Side&&) noexcept = default;
    void add(int32_t index, uint64_t count) {
      size_t at = static_cast<size_t>((index >> kChunkBits) - first_);
      if (at >= chunks_.size() || chunks_[at] == nullptr) at = grow(index);
      (*chunks_[at])[static_cast<size_t>(index) & ((size_t{1} << kChunkBits) - 1)] += count;
    }
    void merge(const Side& other);
    uint64_t count() const;
    size_t bytes() const;
    template <typename Visit>
    void each(Visit&& visit) const {
      for (size_t c = 0; c < chunks_.size(); ++c) {
        if (chunks_[c] == nullptr) continue;
        for (size_t b = 0; b < chunks_[c]->size(); ++b) {
          uint64_t count = (*chunks_[c])[b];
          if (count != 0)
            visit(((first_ + static_cast<int32_t>(c)) << kChunkBits) + static_cast<int32_t>(b),
                  count);
        }
      }
    }

   private:
    size_t grow(int32_t index);
    int32_t first_ = 0;
    std::vector<std::unique_ptr<Chunk>> chunks_;
  };

  uint64_t zero_ = 0;
  Side positive_;
  Side negative_;
};

/// Of the octave split: entry s is the bucket in which mantissas of slot s (top 9 bits) begin; a
/// slot is narrower than a bucket, so that at most one more comparison decides.
struct HistogramTable {
  std::array<uint8_t, 512> bucket;
  /// Mantissa bits at which bucket b begins; the last is above all.
  std::array<uint64_t, 257> begins;
};
extern const HistogramTable kHistogramTable;

inline int32_t Histogram::index_of(double value) {
  // One unit in the last place less makes the upper bound of a bucket belong to it.
  uint64_t bits = std::bit_cast<uint64_t>(value) - 1;
  uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  int32_t exponent = static_cast<int32_t>(bits >> 52) - 1023;
  uint32_t bucket = kHistogramTable.bucket[mantissa >> 43];
  bucket += mantissa >= kHistogramTable.begins[bucket + 1];
  return exponent * kBucketsPerOctave + static_cast<int32_t>(bucket);
}

}  // namespace zelus::metrics
