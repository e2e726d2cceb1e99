#include "zelus/exec/arrival_times.h"

#include <cmath>

namespace zelus::exec {

using bia::Duration;

ArrivalTimes::ArrivalTimes(const options::Scenario& scenario, const options::Segment& stripes)
    : scenario_(scenario), stripes_(stripes) {
  from_ = static_cast<double>(scenario.start_rate.value_or(0)) /
          static_cast<double>(scenario.unit().count());
  // The area under the rate reaches 1 with the first iteration.
  due_ = static_cast<double>(stripes.stripe_start() + 1);
}

int64_t ArrivalTimes::advance() {
  const auto& offsets = stripes_.stripe_offsets();
  return offsets[local_++ % offsets.size()];
}

std::optional<Duration> ArrivalTimes::next() {
  if (scenario_.kind == options::ExecutorKind::kRampingArrivalRate) return next_ramping();
  // In 128 bits: nanoseconds times iterations.
  auto number = static_cast<__int128>(stripes_.global(local_++));
  return Duration(
      static_cast<int64_t>(number * scenario_.unit().count() / scenario_.rate.value_or(1)));
}

std::optional<Duration> ArrivalTimes::next_ramping() {
  const auto& stages = scenario_.stage_list();
  for (; stage_ < stages.size(); ++stage_) {
    Duration length = stages[stage_].duration.value_or(Duration(0));
    double to = static_cast<double>(stages[stage_].target.value_or(0)) /
                static_cast<double>(scenario_.unit().count());
    auto duration = static_cast<double>(length.count());
    if (!stage_open_) {
      stage_open_ = true;
      stage_end_ += duration * ((to - from_) / 2 + from_);
    }
    if (due_ <= stage_end_) {
      double rest = due_ - done_;
      double at = 0;
      if (from_ == to) {
        at = rest / to;
      } else {
        double root = duration * (from_ * from_ * duration + 2 * rest * (to - from_));
        at = (from_ * duration - std::sqrt(root > 0 ? root : 0)) / (from_ - to);
      }
      due_ += static_cast<double>(advance());
      return Duration(static_cast<int64_t>(at)) + stage_start_;
    }
    stage_open_ = false;
    done_ = stage_end_;
    from_ = to;
    stage_start_ += length;
  }
  return std::nullopt;
}

}  // namespace zelus::exec
