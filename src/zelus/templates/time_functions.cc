// sprig's functions of time.
#include <fmt/format.h>

#include "bia/base/time.h"
#include "zelus/templates/format.h"
#include "zelus/templates/function.h"
#include "zelus/templates/number.h"

namespace zelus::templates {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

/// A time.Time, or a number of seconds since 1970; anything else: now.
Moment moment_of(const Value& value) {
  if (value.is(Type::kTime)) return value.as_time();
  if (value.is(Type::kInt) || value.is(Type::kInt64)) return {value.as_int(), 0, local_zone()};
  return moment_now();
}

Result<Value> formatted(std::string_view layout, const Value& date, const std::string& zone_name) {
  Moment moment = moment_of(date);
  const ZonePtr zone = load_zone(zone_name);
  moment.zone = zone != nullptr ? zone : utc_zone();
  return Value::text(format_moment(layout, moment));
}

Result<Value> date_in_zone(Args args) {
  return formatted(args[0].as_text(), args[1], args[2].as_text());
}

Result<Value> must_modify(Args args) {
  const auto by = bia::parse_go_duration(args[0].as_text());
  if (!by) return call_error(by.error().message());
  return Value::time(moment_plus(args[1].as_time(), by->count()));
}
Result<Value> modify(Args args) {
  auto modified = must_modify(args);
  return modified.ok() ? std::move(modified) : Result<Value>(args[1]);
}

int64_t nanos_between(const Moment& from, const Moment& to) {
  int64_t nanos = 0;
  if (__builtin_mul_overflow(to.seconds - from.seconds, kSecond, &nanos) ||
      __builtin_add_overflow(nanos, static_cast<int64_t>(to.nanos - from.nanos), &nanos))
    return to.seconds < from.seconds ? INT64_MIN : INT64_MAX;
  return nanos;
}

Result<Value> ago(Args args) {
  const int64_t nanos = nanos_between(moment_of(args[0]), moment_now());
  const int64_t half = nanos < 0 ? -kSecond / 2 : kSecond / 2;
  const int64_t rounded = nanos > INT64_MAX - kSecond || nanos < INT64_MIN + kSecond
                              ? nanos
                              : (nanos + half) / kSecond * kSecond;
  return Value::text(bia::format_go_duration(bia::Duration(rounded)));
}

Result<Value> duration(Args args) {
  int64_t seconds = 0;
  if (args[0].is(Type::kString)) seconds = parse_int(args[0].as_text(), 10).value_or(0);
  if (args[0].is(Type::kInt64)) seconds = args[0].as_int();
  const auto nanos = static_cast<uint64_t>(seconds) * static_cast<uint64_t>(kSecond);
  return Value::text(bia::format_go_duration(bia::Duration(static_cast<int64_t>(nanos))));
}

Result<Value> duration_round(Args args) {
  int64_t nanos = 0;
  if (args[0].is(Type::kString)) {
    const auto parsed = bia::parse_go_duration(args[0].as_text());
    if (parsed) nanos = parsed->count();
  } else if (args[0].is(Type::kInt64)) {
    nanos = args[0].as_int();
  } else if (args[0].is(Type::kTime)) {
    nanos = nanos_between(args[0].as_time(), moment_now());
  }
  const uint64_t size = nanos < 0 ? 0 - static_cast<uint64_t>(nanos) : static_cast<uint64_t>(nanos);
  constexpr uint64_t kHour = 3600ull * kSecond;
  constexpr std::pair<uint64_t, std::string_view> kUnits[] = {
      {kHour * 24 * 365, "y"}, {kHour * 24 * 30, "mo"}, {kHour * 24, "d"}, {kHour, "h"},
      {60ull * kSecond, "m"},  {kSecond, "s"}};
  for (const auto& [unit, name] : kUnits) {
    if (size > unit) return Value::text(fmt::format("{}{}", size / unit, name));
  }
  return Value::text("0s");
}

Result<Value> must_to_date(Args args) {
  return Value::time(BIA_TRY(parse_moment(args[0].as_text(), args[1].as_text(), local_zone())));
}
Result<Value> to_date(Args args) {
  auto date = must_to_date(args);
  return date.ok() ? std::move(date) : Result<Value>(Value::time(moment_zero()));
}

constexpr Function kFunctions[] = {
    {"now", "", [](Args /*args*/) -> Result<Value> { return Value::time(moment_now()); }},
    {"date", "sa", [](Args args) { return formatted(args[0].as_text(), args[1], "Local"); }},
    {"dateInZone", "sas", date_in_zone},
    {"date_in_zone", "sas", date_in_zone},
    {"htmlDate", "a", [](Args args) { return formatted("2006-01-02", args[0], "Local"); }},
    {"htmlDateInZone", "as",
     [](Args args) { return formatted("2006-01-02", args[0], args[1].as_text()); }},
    {"dateModify", "st", modify},
    {"date_modify", "st", modify},
    {"mustDateModify", "st", must_modify},
    {"must_date_modify", "st", must_modify},
    {"ago", "a", ago},
    {"duration", "a", duration},
    {"durationRound", "a", duration_round},
    {"toDate", "ss", to_date},
    {"mustToDate", "ss", must_to_date},
    {"unixEpoch", "t",
     [](Args args) -> Result<Value> {
       return Value::text(std::to_string(args[0].as_time().seconds));
     }},
};

}  // namespace

std::span<const Function> time_functions() { return kFunctions; }

}  // namespace zelus::templates
