#pragma once
#include <cstdint>
#include <string>

namespace zelus::metrics {

/// Go's time formats in the local time zone: "2026-11-24T15:09:04.314099072Z" or "…+01:00".
/// kNano leaves out trailing zeros of the fraction, and the fraction where it is zero.
enum class TimePrecision { kSeconds, kNano };
std::string rfc3339(int64_t unix_ns, TimePrecision precision);
void append_rfc3339(std::string& out, int64_t unix_ns, TimePrecision precision);

/// A time that may be further away than nanoseconds reach; `nanos` is from 0 below a second.
struct UnixTime {
  int64_t seconds = 0;
  int64_t nanos = 0;
};
void append_rfc3339(std::string& out, UnixTime at, TimePrecision precision);
/// Go's Time.String in the local time zone: "2026-11-24 15:09:04.314 +0100 CET".
std::string time_text(UnixTime at);

}  // namespace zelus::metrics
