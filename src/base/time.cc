#include "bia/base/time.h"

#include <cstdint>

namespace bia {
namespace {

struct Unit {
  std::string_view name;
  int64_t nanoseconds;
};

// Longer names first: "ms" must not be read as "m".
constexpr Unit kUnits[] = {
    {"ns", 1},         {"us", 1'000},        {"µs", 1'000},         {"μs", 1'000},
    {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};

Error bad_duration(std::string_view what, std::string_view text) {
  return Error(Code::kInvalidArgument, "BAD_DURATION",
               "time: " + std::string(what) + " \"" + std::string(text) + "\"");
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Writes value/10^digits without trailing zeros: 1500000, 6 -> "1.5".
std::string decimal(uint64_t value, int digits) {
  std::string fraction;
  bool significant = false;
  for (int i = 0; i < digits; ++i, value /= 10) {
    char digit = static_cast<char>('0' + value % 10);
    significant = significant || digit != '0';
    if (significant) fraction.insert(fraction.begin(), digit);
  }
  return std::to_string(value) + (fraction.empty() ? "" : "." + fraction);
}

}  // namespace

Duration Deadline::remaining() const {
  if (is_never()) return Duration::max();
  Duration left = at_ - now();
  return left < Duration::zero() ? Duration::zero() : left;
}

Result<Duration> parse_go_duration(std::string_view text) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") return Duration::zero();
  if (rest.empty()) return bad_duration("invalid duration", text);
  long double total = 0;
  while (!rest.empty()) {
    long double value = 0;
    long double scale = 1;
    size_t digits = 0;
    bool point = false;
    while (!rest.empty() && (is_digit(rest[0]) || (rest[0] == '.' && !point))) {
      if (rest[0] == '.') {
        point = true;
      } else {
        value = value * 10 + (rest[0] - '0');
        if (point) scale *= 10;
        ++digits;
      }
      rest.remove_prefix(1);
    }
    if (digits == 0) return bad_duration("invalid duration", text);
    size_t end = 0;
    while (end < rest.size() && rest[end] != '.' && !is_digit(rest[end])) ++end;
    std::string_view name = rest.substr(0, end);
    if (name.empty()) return bad_duration("missing unit in duration", text);
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits) {
      if (candidate.name == name) unit = &candidate;
    }
    if (!unit) {
      return Error(Code::kInvalidArgument, "BAD_DURATION",
                   "time: unknown unit \"" + std::string(name) + "\" in duration \"" +
                       std::string(text) + "\"");
    }
    rest.remove_prefix(end);
    total += value / scale * static_cast<long double>(unit->nanoseconds);
    if (total > static_cast<long double>(INT64_MAX)) return bad_duration("invalid duration", text);
  }
  auto nanoseconds = static_cast<int64_t>(total);
  return Duration(negative ? -nanoseconds : nanoseconds);
}

std::string format_go_duration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  bool negative = duration < Duration::zero();
  uint64_t ns = static_cast<uint64_t>(duration.count());
  if (negative) ns = ~ns + 1;
  std::string text;
  if (ns < 1'000) {
    text = std::to_string(ns) + "ns";
  } else if (ns < 1'000'000) {
    text = decimal(ns, 3) + "µs";
  } else if (ns < 1'000'000'000) {
    text = decimal(ns, 6) + "ms";
  } else {
    uint64_t minutes = ns / 60'000'000'000;
    text = decimal(ns % 60'000'000'000, 9) + "s";
    if (minutes > 0) text.insert(0, std::to_string(minutes % 60) + "m");
    if (minutes >= 60) text.insert(0, std::to_string(minutes / 60) + "h");
  }
  return negative ? "-" + text : text;
}

}  // namespace bia
