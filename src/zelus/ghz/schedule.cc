#include "zelus/ghz/schedule.h"

#include <fmt/format.h>

#include <algorithm>

namespace zelus::ghz {

using bia::Code;
using bia::Duration;
using bia::Error;
using bia::Result;

uint64_t Schedule::value(uint64_t steps, uint64_t least) const {
  if (max_duration > Duration::zero() && step_duration > Duration::zero()) {
    steps = std::min(steps, static_cast<uint64_t>(max_duration / step_duration));
  }
  const auto change = static_cast<__int128>(step) * static_cast<__int128>(steps);
  __int128 now = static_cast<__int128>(start) + change;
  if (end > 0) {
    now = step > 0 ? std::min<__int128>(now, std::max(end, start))
                   : std::max<__int128>(now, std::min(end, start));
  }
  now = std::clamp<__int128>(now, least, UINT32_MAX);
  return static_cast<uint64_t>(now);
}

bool Schedule::settled(uint64_t steps) const {
  if (shape == Shape::kConst) return true;
  if (max_duration > Duration::zero() &&
      static_cast<int64_t>(steps) >= max_duration / step_duration)
    return true;
  const uint64_t now = value(steps, 0);
  return now == value(steps + 1, 0);
}

Result<void> check_schedule(const Schedule& schedule, std::string_view what) {
  if (schedule.shape == Shape::kConst) return {};
  const auto refuse = [](std::string text) {
    return Error(Code::kInvalidArgument, "BAD_RUN", std::move(text));
  };
  if (schedule.start == schedule.end) {
    return refuse(what == "load" ? "load start cannot equal load end"
                                 : "concurrency start start cannot equal concurrency end");
  }
  if (schedule.step == 0) return refuse(fmt::format("invalid {} step", what));
  if (schedule.step_duration <= Duration::zero())
    return refuse(fmt::format("invalid {} step duration", what));
  return {};
}

Result<Shape> parse_shape(std::string_view text) {
  if (text == "const") return Shape::kConst;
  if (text == "step") return Shape::kStep;
  if (text == "line") return Shape::kLine;
  return Error(Code::kInvalidArgument, "BAD_RUN", R"(schedule much be "const", "step", or "line")");
}

std::string_view shape_name(Shape shape) {
  return shape == Shape::kConst ? "const" : shape == Shape::kStep ? "step" : "line";
}

Duration Pacer::due(uint64_t number) {
  const double wanted = static_cast<double>(number) + 1;
  if (schedule_.shape == Shape::kConst) {
    return Duration(static_cast<int64_t>(1'000'000'000 / rps_)) * static_cast<int64_t>(number + 1);
  }
  if (wanted <= calls_before_) {
    steps_ = 0;
    calls_before_ = 0;
  }
  const double seconds = std::chrono::duration<double>(schedule_.step_duration).count();
  for (;; ++steps_) {
    const auto rate = static_cast<double>(schedule_.value(steps_, 0));
    const double calls = rate * seconds;
    const bool last = schedule_.settled(steps_);
    if (last && rate == 0) return Duration::max();
    if (last || wanted <= calls_before_ + calls) {
      const double into = (wanted - calls_before_) / rate;
      return schedule_.step_duration * static_cast<int64_t>(steps_) +
             Duration(static_cast<int64_t>(into * 1e9));
    }
    calls_before_ += calls;
  }
}

}  // namespace zelus::ghz
