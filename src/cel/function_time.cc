// The parts of times. A zone that is written out is resolved when the rule is compiled.
#include <chrono>

#include "cel/evaluation.h"
#include "cel/function.h"
#include "cel/moment.h"

namespace bia::cel {
namespace {

std::chrono::sys_days day_of(Moment moment) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_seconds(std::chrono::seconds(moment.seconds)));
}
std::chrono::year_month_day date_of(Moment moment) {
  return std::chrono::year_month_day(day_of(moment));
}
int64_t second_of_day(Moment moment) {
  return moment.seconds - day_of(moment).time_since_epoch().count() * int64_t{86400};
}

int64_t year(Moment m) { return static_cast<int>(date_of(m).year()); }
int64_t month(Moment m) { return static_cast<unsigned>(date_of(m).month()) - int64_t{1}; }
int64_t date(Moment m) { return static_cast<unsigned>(date_of(m).day()); }
int64_t day_of_month(Moment m) { return date(m) - 1; }
int64_t day_of_year(Moment m) {
  return (day_of(m) - std::chrono::sys_days(date_of(m).year() / 1 / 1)).count();
}
int64_t day_of_week(Moment m) { return std::chrono::weekday(day_of(m)).c_encoding(); }
int64_t hours(Moment m) { return second_of_day(m) / 3600; }
int64_t minutes(Moment m) { return second_of_day(m) / 60 % 60; }
int64_t seconds(Moment m) { return second_of_day(m) % 60; }
int64_t milliseconds(Moment m) { return m.nanos / 1'000'000; }
int64_t all_hours(Moment m) { return m.seconds / 3600; }
int64_t all_minutes(Moment m) { return m.seconds / 60; }
int64_t all_seconds(Moment m) { return m.seconds; }

template <int64_t (*part)(Moment)>
Value of(Evaluation&, const Value* v) {
  return Value::of_int(part(v[0].moment()));
}

/// A zone that is known only now: an offset, because others are files.
template <int64_t (*part)(Moment)>
Value in_zone(Evaluation&, const Value* v) {
  const auto zone = Zone::of_offset(v[1].text());
  if (!zone) return Value::of_error("a time zone by name must be written out in the expression");
  Moment moment = v[0].moment();
  moment.seconds += zone->offset_at(moment.seconds);
  return Value::of_int(part(moment));
}

constexpr Kind kTs = Kind::kTimestamp, kDur = Kind::kDuration, kS = Kind::kString, kI = Kind::kInt;
constexpr Overload kTime[] = {
    {"getFullYear", true, 1, {kTs}, kI, of<year>},
    {"getFullYear", true, 2, {kTs, kS}, kI, in_zone<year>},
    {"getMonth", true, 1, {kTs}, kI, of<month>},
    {"getMonth", true, 2, {kTs, kS}, kI, in_zone<month>},
    {"getDate", true, 1, {kTs}, kI, of<date>},
    {"getDate", true, 2, {kTs, kS}, kI, in_zone<date>},
    {"getDayOfMonth", true, 1, {kTs}, kI, of<day_of_month>},
    {"getDayOfMonth", true, 2, {kTs, kS}, kI, in_zone<day_of_month>},
    {"getDayOfYear", true, 1, {kTs}, kI, of<day_of_year>},
    {"getDayOfYear", true, 2, {kTs, kS}, kI, in_zone<day_of_year>},
    {"getDayOfWeek", true, 1, {kTs}, kI, of<day_of_week>},
    {"getDayOfWeek", true, 2, {kTs, kS}, kI, in_zone<day_of_week>},
    {"getHours", true, 1, {kTs}, kI, of<hours>},
    {"getHours", true, 2, {kTs, kS}, kI, in_zone<hours>},
    {"getMinutes", true, 1, {kTs}, kI, of<minutes>},
    {"getMinutes", true, 2, {kTs, kS}, kI, in_zone<minutes>},
    {"getSeconds", true, 1, {kTs}, kI, of<seconds>},
    {"getSeconds", true, 2, {kTs, kS}, kI, in_zone<seconds>},
    {"getMilliseconds", true, 1, {kTs}, kI, of<milliseconds>},
    {"getMilliseconds", true, 2, {kTs, kS}, kI, in_zone<milliseconds>},
    {"getHours", true, 1, {kDur}, kI, of<all_hours>},
    {"getMinutes", true, 1, {kDur}, kI, of<all_minutes>},
    {"getSeconds", true, 1, {kDur}, kI, of<all_seconds>},
    {"getMilliseconds", true, 1, {kDur}, kI, of<milliseconds>},
};

}  // namespace

std::span<const Overload> time_overloads() { return kTime; }

}  // namespace bia::cel
