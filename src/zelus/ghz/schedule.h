#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "bia/base/time.h"

namespace zelus::ghz {

enum class Shape { kConst, kStep, kLine };

/// --load-schedule or --concurrency-schedule: a value that starts at `start` and changes by `step`
/// after each `step_duration` (a second for lines), until `end` or `max_duration`, whichever comes
/// first: what ghz documents, though its 0.121 overshoots where both are given.
struct Schedule {
  Shape shape = Shape::kConst;
  uint64_t start = 0;
  uint64_t end = 0;  ///< 0: none.
  int64_t step = 0;
  bia::Duration step_duration{};
  bia::Duration max_duration{};  ///< 0: none.

  /// The value after `steps` steps; never below `least`.
  uint64_t value(uint64_t steps, uint64_t least) const;
  /// True where the value does not change any more after `steps` steps.
  bool settled(uint64_t steps) const;
};

/// Errors: kInvalidArgument with ghz's texts. `what` is "load" or "concurrency".
bia::Result<void> check_schedule(const Schedule& schedule, std::string_view what);
bia::Result<Shape> parse_shape(std::string_view text);
std::string_view shape_name(Shape shape);

/// When calls are due under a schedule of calls per second. One thread's.
class Pacer {
 public:
  /// `rps`: of a constant schedule; 0: no limit.
  Pacer(const Schedule& schedule, uint64_t rps) : schedule_(schedule), rps_(rps) {}
  bool limited() const { return rps_ > 0 || schedule_.shape != Shape::kConst; }
  /// Of call `number` (from 0), since the run's start: call k of a constant rate is due after k + 1
  /// intervals. `Duration::max()` where the rate has come to 0 for good.
  bia::Duration due(uint64_t number);

 private:
  Schedule schedule_;
  uint64_t rps_;
  // The step that the last call fell into, as calls mostly ascend.
  uint64_t steps_ = 0;
  double calls_before_ = 0;
};

}  // namespace zelus::ghz
