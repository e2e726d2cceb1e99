#pragma once
#include <chrono>
#include <compare>
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace bia {

/// All durations are nanoseconds in an int64.
using Duration = std::chrono::nanoseconds;
/// Monotonic.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

inline TimePoint now() { return std::chrono::steady_clock::now(); }

/// The moment at which a wait gives up. Default: never.
class Deadline {
 public:
  constexpr Deadline() = default;
  constexpr explicit Deadline(TimePoint at) : at_(at) {}
  static constexpr Deadline never() { return Deadline(); }
  static Deadline after(Duration duration) { return Deadline(now() + duration); }

  constexpr TimePoint at() const { return at_; }
  constexpr bool is_never() const { return at_ == TimePoint::max(); }
  bool expired() const { return !is_never() && now() >= at_; }
  /// Zero when expired, Duration::max() when never.
  Duration remaining() const;
  constexpr auto operator<=>(const Deadline&) const = default;

 private:
  TimePoint at_ = TimePoint::max();
};

/// Go's time.ParseDuration: "1h2m3.5s", "100ms", "-1.5h", "0". Units ns us µs ms s m h. Errors:
/// kInvalidArgument with Go's own text.
Result<Duration> parse_go_duration(std::string_view text);
/// Go's Duration.String: "1h0m0s", "1.5s", "100ms", "2.5µs", "0s".
std::string format_go_duration(Duration duration);

}  // namespace bia
