// The methods of Go's time.Time, time.Duration and of sprig's semantic versions.
#include <fmt/format.h>

#include "bia/base/time.h"
#include "zelus/templates/executor.h"
#include "zelus/templates/format.h"
#include "zelus/templates/version.h"

namespace zelus::templates {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

Value whole(int64_t value, Type type = Type::kInt) { return Value::integer(value, type); }
Calendar calendar_of(Args args) { return calendar(args[0].as_time()); }

/// Unix time in units of `nanos`.
Result<Value> unix_in(Args args, int64_t nanos) {
  const Moment& at = args[0].as_time();
  // Far from 1970 Go's wraps too.
  const auto units = static_cast<uint64_t>(at.seconds) * static_cast<uint64_t>(kSecond / nanos);
  return whole(static_cast<int64_t>(units) + at.nanos / nanos, Type::kInt64);
}
Result<Value> in_zone(Args args, const ZonePtr& zone) {
  Moment moment = args[0].as_time();
  moment.zone = zone;
  return Value::time(moment);
}
Result<Value> add_date(Args args) {
  const Calendar at = calendar_of(args);
  Moment moment = args[0].as_time();
  const int64_t wall = unix_of(at.year + args[1].as_int(), at.month + args[2].as_int(),
                               at.day + args[3].as_int(), at.hour, at.minute, at.second);
  const int64_t guess = wall - moment.zone->at(wall).seconds;
  moment.seconds = wall - moment.zone->at(guess).seconds;
  return Value::time(moment);
}

int compare(Args args) {
  const Moment& a = args[0].as_time();
  const Moment& b = args[1].as_time();
  if (a.seconds != b.seconds) return a.seconds < b.seconds ? -1 : 1;
  return a.nanos == b.nanos ? 0 : a.nanos < b.nanos ? -1 : 1;
}
Result<Value> sub(Args args) {
  const Moment& a = args[0].as_time();
  const Moment& b = args[1].as_time();
  int64_t nanos = 0;
  if (__builtin_mul_overflow(a.seconds - b.seconds, kSecond, &nanos))
    nanos = a.seconds < b.seconds ? INT64_MIN : INT64_MAX;
  return whole(nanos + (a.nanos - b.nanos), Type::kDuration);
}

constexpr Function kTime[] = {
    {"Unix", "", [](Args args) { return unix_in(args, kSecond); }},
    {"UnixMilli", "", [](Args args) { return unix_in(args, 1'000'000); }},
    {"UnixMicro", "", [](Args args) { return unix_in(args, 1'000); }},
    {"UnixNano", "", [](Args args) { return unix_in(args, 1); }},
    {"Format", "s",
     [](Args args) -> Result<Value> {
       return Value::text(format_moment(args[1].as_text(), args[0].as_time()));
     }},
    {"String", "",
     [](Args args) -> Result<Value> { return Value::text(moment_text(args[0].as_time())); }},
    {"UTC", "", [](Args args) { return in_zone(args, utc_zone()); }},
    {"Local", "", [](Args args) { return in_zone(args, local_zone()); }},
    {"Year", "", [](Args args) -> Result<Value> { return whole(calendar_of(args).year); }},
    {"Month", "",
     [](Args args) -> Result<Value> { return whole(calendar_of(args).month, Type::kMonth); }},
    {"Day", "", [](Args args) -> Result<Value> { return whole(calendar_of(args).day); }},
    {"Hour", "", [](Args args) -> Result<Value> { return whole(calendar_of(args).hour); }},
    {"Minute", "", [](Args args) -> Result<Value> { return whole(calendar_of(args).minute); }},
    {"Second", "", [](Args args) -> Result<Value> { return whole(calendar_of(args).second); }},
    {"Nanosecond", "", [](Args args) -> Result<Value> { return whole(args[0].as_time().nanos); }},
    {"YearDay", "", [](Args args) -> Result<Value> { return whole(calendar_of(args).year_day); }},
    {"Weekday", "",
     [](Args args) -> Result<Value> { return whole(calendar_of(args).weekday, Type::kWeekday); }},
    {"IsZero", "",
     [](Args args) -> Result<Value> {
       const Moment& at = args[0].as_time();
       return Value::boolean(at.seconds == moment_zero().seconds && at.nanos == 0);
     }},
    {"Add", "d",
     [](Args args) -> Result<Value> {
       return Value::time(moment_plus(args[0].as_time(), args[1].as_int()));
     }},
    {"AddDate", "iii", add_date},
    {"Sub", "t", sub},
    {"Before", "t", [](Args args) -> Result<Value> { return Value::boolean(compare(args) < 0); }},
    {"After", "t", [](Args args) -> Result<Value> { return Value::boolean(compare(args) > 0); }},
    {"Equal", "t", [](Args args) -> Result<Value> { return Value::boolean(compare(args) == 0); }},
    {"Compare", "t", [](Args args) -> Result<Value> { return whole(compare(args)); }},
};

Result<Value> real_of(Args args, int64_t unit) {
  return Value::real(static_cast<double>(args[0].as_int()) / static_cast<double>(unit));
}

constexpr Function kDuration[] = {
    {"Nanoseconds", "",
     [](Args args) -> Result<Value> { return whole(args[0].as_int(), Type::kInt64); }},
    {"Microseconds", "",
     [](Args args) -> Result<Value> { return whole(args[0].as_int() / 1'000, Type::kInt64); }},
    {"Milliseconds", "",
     [](Args args) -> Result<Value> { return whole(args[0].as_int() / 1'000'000, Type::kInt64); }},
    {"Seconds", "", [](Args args) { return real_of(args, kSecond); }},
    {"Minutes", "", [](Args args) { return real_of(args, 60 * kSecond); }},
    {"Hours", "", [](Args args) { return real_of(args, 3600 * kSecond); }},
    {"String", "", [](Args args) -> Result<Value> { return Value::text(value_text(args[0])); }},
};

constexpr Function kName[] = {
    {"String", "", [](Args args) -> Result<Value> { return Value::text(value_text(args[0])); }},
};

const Function* find(std::span<const Function> table, std::string_view name) {
  for (const Function& function : table) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

}  // namespace

const Function* find_method(Type type, std::string_view name) {
  switch (type) {
    case Type::kTime:
      return find(kTime, name);
    case Type::kDuration:
      return find(kDuration, name);
    case Type::kMonth:
    case Type::kWeekday:
      return find(kName, name);
    case Type::kVersion:
      return find(version_methods(), name);
    default:
      return nullptr;
  }
}

}  // namespace zelus::templates
