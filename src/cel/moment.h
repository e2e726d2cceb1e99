#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cel/value.h"

namespace bia::cel {

inline Moment negated(Moment moment) { return {-moment.seconds, -moment.nanos}; }
/// Errors of what is beyond duration.proto's and timestamp.proto's limits.
Value duration_sum(Moment a, Moment b);
Value timestamp_sum(Moment timestamp, Moment duration);

/// "1h30m", "-1.5s", "10us": as Go's time.ParseDuration.
bool parse_duration(std::string_view text, Moment& out);
/// "5400s", "1.5s".
std::string duration_text(Moment moment);

/// A time zone: an offset from UTC, or one of the IANA's with its changes.
class Zone {
 public:
  /// "UTC", "-08:00", "+2:30".
  static std::unique_ptr<Zone> of_offset(std::string_view text);
  /// "Europe/Berlin", from the system's zoneinfo. Null where it is not there. Reads a file.
  static std::unique_ptr<Zone> of_name(std::string_view text);
  /// Seconds east of UTC at a time.
  int64_t offset_at(int64_t seconds) const;

 private:
  int64_t first_ = 0;  ///< Before the first change.
  std::vector<std::pair<int64_t, int64_t>> changes_;
};

}  // namespace bia::cel
