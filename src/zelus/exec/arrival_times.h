#pragma once
#include <cstdint>
#include <optional>

#include "zelus/options/scenario.h"
#include "zelus/options/segment.h"

namespace zelus::exec {

/// When the iterations of an arrival-rate scenario are due, from its start, in order (k6:
/// constant_arrival_rate.go; ramping_arrival_rate.go, cal). With segments, those of this one only.
class ArrivalTimes {
 public:
  /// `stripes`: the segment restriped by maxVUs. Both outlive the object.
  ArrivalTimes(const options::Scenario& scenario, const options::Segment& stripes);
  /// nullopt after the last one. A constant rate has no last one.
  std::optional<bia::Duration> next();

 private:
  std::optional<bia::Duration> next_ramping();
  int64_t advance();

  const options::Scenario& scenario_;
  const options::Segment& stripes_;
  uint64_t local_ = 0;
  // Ramping: the integral of the rate reaches `due_` within the stage `stage_`.
  size_t stage_ = 0;
  double due_ = 0;
  double from_ = 0;
  double done_ = 0;
  double stage_end_ = 0;
  bia::Duration stage_start_{0};
  bool stage_open_ = false;
};

}  // namespace zelus::exec
