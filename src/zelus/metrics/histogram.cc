#include "zelus/metrics/histogram.h"

#include <cmath>

namespace zelus::metrics {
namespace {

HistogramTable make_table() {
  HistogramTable table{};
  for (int b = 0; b < Histogram::kBucketsPerOctave; ++b) {
    double begin = std::exp2(static_cast<double>(b) / Histogram::kBucketsPerOctave);
    table.begins[static_cast<size_t>(b)] =
        std::bit_cast<uint64_t>(begin) & ((uint64_t{1} << 52) - 1);
  }
  table.begins[Histogram::kBucketsPerOctave] = UINT64_MAX;
  size_t bucket = 0;
  for (size_t slot = 0; slot < table.bucket.size(); ++slot) {
    while (table.begins[bucket + 1] <= uint64_t{slot} << 43) ++bucket;
    table.bucket[slot] = static_cast<uint8_t>(bucket);
  }
  return table;
}

// Middle of a bucket in the measure of relative error.
double middle(int32_t index) {
  return std::exp2((static_cast<double>(index) + 0.5) / Histogram::kBucketsPerOctave);
}

}  // namespace

const HistogramTable kHistogramTable = make_table();

double Histogram::upper_bound(int32_t index) {
  return std::exp2(static_cast<double>(index + 1) / kBucketsPerOctave);
}

Histogram::Side::Side(const Side& other) : first_(other.first_) {
  chunks_.reserve(other.chunks_.size());
  for (const auto& chunk : other.chunks_)
    chunks_.push_back(chunk ? std::make_unique<Chunk>(*chunk) : nullptr);
}

size_t Histogram::Side::grow(int32_t index) {
  int32_t chunk = index >> kChunkBits;
  if (chunks_.empty()) {
    first_ = chunk;
    chunks_.resize(1);
  } else if (chunk < first_) {
    std::vector<std::unique_ptr<Chunk>> wider(static_cast<size_t>(first_ - chunk) + chunks_.size());
    std::move(chunks_.begin(), chunks_.end(), wider.begin() + (first_ - chunk));
    chunks_ = std::move(wider);
    first_ = chunk;
  } else if (static_cast<size_t>(chunk - first_) >= chunks_.size()) {
    chunks_.resize(static_cast<size_t>(chunk - first_) + 1);
  }
  size_t at = static_cast<size_t>(chunk - first_);
  if (chunks_[at] == nullptr) chunks_[at] = std::make_unique<Chunk>();
  return at;
}

void Histogram::Side::merge(const Side& other) {
  other.each([this](int32_t index, uint64_t count) { add(index, count); });
}

uint64_t Histogram::Side::count() const {
  uint64_t sum = 0;
  each([&sum](int32_t, uint64_t count) { sum += count; });
  return sum;
}

size_t Histogram::Side::bytes() const {
  size_t bytes = chunks_.capacity() * sizeof(chunks_[0]);
  for (const auto& chunk : chunks_) bytes += chunk ? sizeof(Chunk) : 0;
  return bytes;
}

Histogram::Histogram(const Histogram& other) = default;

Histogram& Histogram::operator=(const Histogram& other) {
  Histogram copy(other);
  *this = std::move(copy);
  return *this;
}

void Histogram::merge(const Histogram& other) {
  zero_ += other.zero_;
  positive_.merge(other.positive_);
  negative_.merge(other.negative_);
}

double Histogram::at_rank(uint64_t rank) const {
  uint64_t negatives = negative_.count();
  double found = 0;
  if (rank < negatives) {
    // Ascending values of negatives are descending absolute ones: count from the far end.
    uint64_t from_zero = negatives - 1 - rank;
    uint64_t seen = 0;
    bool done = false;
    negative_.each([&](int32_t index, uint64_t count) {
      seen += count;
      if (done || seen <= from_zero) return;
      done = true;
      found = -middle(index);
    });
    return found;
  }
  rank -= negatives;
  if (rank < zero_) return 0;
  rank -= zero_;
  uint64_t seen = 0;
  bool done = false;
  positive_.each([&](int32_t index, uint64_t count) {
    if (!done) found = middle(index);
    seen += count;
    done = done || seen > rank;
  });
  return found;
}

size_t Histogram::bytes() const { return sizeof(*this) + positive_.bytes() + negative_.bytes(); }

}  // namespace zelus::metrics
