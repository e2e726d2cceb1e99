#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace zelus::options {

using bia::Result;

/// A reduced fraction.
struct Rational {
  int64_t num = 0;
  int64_t den = 1;
  bool operator==(const Rational&) const = default;
  double value() const { return static_cast<double>(num) / static_cast<double>(den); }
  /// "1/3", "0".
  std::string text() const;
};

/// This instance's part of a test, and k6's striping of users and iterations over all parts
/// (parity/k6.md 4, lib/execution_segment.go): element i of a test belongs to exactly one segment
/// of the sequence.
class Segment {
 public:
  /// The whole test.
  Segment();
  /// `segment` like "10%", "1/3", "0.2:2/3"; `sequence` like "0,1/3,1"; empty ones are the whole.
  /// Errors: k6's texts.
  static Result<Segment> create(std::string_view segment, std::string_view sequence);
  /// Checks the texts alone, as k6 does when it reads options.
  static Result<void> check(std::string_view segment, std::string_view sequence);

  /// How many of `value` elements are this segment's.
  int64_t scale(int64_t value) const;
  /// A segment striped over `value` elements (k6's GetNewExecutionTupleFromValue). Errors where
  /// this segment has none of them.
  Result<Segment> restriped(int64_t value) const;
  double length() const;
  Rational length_fraction() const;
  bool whole() const { return parts_.size() == 1; }
  /// "1/3:2/3".
  std::string text() const;

  /// The striping: the first element (from 0), then the distances to the next ones, cyclic; `lcd`
  /// elements a cycle.
  int64_t stripe_start() const { return stripes_[index_].front(); }
  const std::vector<int64_t>& stripe_offsets() const { return offsets_; }
  int64_t lcd() const { return lcd_; }
  /// The element (from 0) of the whole test that is this segment's `local`th (from 0).
  uint64_t global(uint64_t local) const;

  struct Part {
    Rational from, to, length;
  };

 private:
  Result<void> stripe(size_t index);

  std::vector<Part> parts_;
  size_t index_ = 0;
  int64_t lcd_ = 1;
  std::vector<std::vector<int64_t>> stripes_;
  std::vector<int64_t> offsets_;
  std::vector<int64_t> sums_;
};

/// k6's SegmentedIndex: walks this segment's elements; both numbers are from 1, 0 before the first.
class SegmentedIndex {
 public:
  explicit SegmentedIndex(const Segment& segment) : segment_(segment) {}
  void next();
  void previous();
  void go_to(int64_t value);
  int64_t scaled() const { return scaled_; }
  int64_t unscaled() const { return unscaled_; }

 private:
  const Segment& segment_;
  int64_t scaled_ = 0;
  int64_t unscaled_ = 0;
};

}  // namespace zelus::options
