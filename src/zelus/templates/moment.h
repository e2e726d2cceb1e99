#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace zelus::templates {

/// Where clocks show the same time: their distance from UTC at a given moment.
class Zone {
 public:
  struct Offset {
    int32_t seconds = 0;  ///< east of UTC
    std::string name;     ///< "CET"; empty where Go knows none
  };
  virtual ~Zone() = default;
  virtual Offset at(int64_t unix_seconds) const = 0;
  /// Go's Location.String: "UTC", "Local", "Europe/Berlin".
  virtual std::string name() const = 0;
};
using ZonePtr = std::shared_ptr<const Zone>;

ZonePtr utc_zone();
ZonePtr local_zone();
/// One of constant distance, as a parsed text has it.
ZonePtr fixed_zone(std::string name, int32_t seconds);
/// "UTC" (and ""), "Local", or a name of the system's time zone database; null where there is none.
ZonePtr load_zone(const std::string& name);

/// A Go time.Time.
struct Moment {
  int64_t seconds = 0;  ///< since 1970
  int32_t nanos = 0;
  ZonePtr zone = utc_zone();
};
Moment moment_now();
/// The zero time.Time: year 1.
Moment moment_zero();
/// `nanos` may be of any size.
Moment moment_plus(const Moment& moment, int64_t nanos);

/// Of the zone's calendar and clock.
struct Calendar {
  int64_t year = 1970;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int weekday = 4;   ///< 0: Sunday
  int year_day = 1;  ///< from 1
  Zone::Offset offset;
};
Calendar calendar(const Moment& moment);
/// The Unix time of a UTC calendar's; months and days may be out of range, as time.Date takes them.
int64_t unix_of(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute,
                int64_t second);

extern const std::string_view kMonthNames[12];
extern const std::string_view kDayNames[7];

/// Go's Time.Format: "2006-01-02T15:04:05Z07:00".
std::string format_moment(std::string_view layout, const Moment& moment);
/// Go's time.ParseInLocation, with its error texts. Errors: kInvalidArgument.
bia::Result<Moment> parse_moment(std::string_view layout, std::string_view text,
                                 const ZonePtr& zone);
/// Go's Time.String, without the monotonic clock.
std::string moment_text(const Moment& moment);

}  // namespace zelus::templates
