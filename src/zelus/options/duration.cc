#include "zelus/options/duration.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

namespace zelus::options {

using bia::Code;
using bia::Error;

namespace {
constexpr size_t kNumberBytesMax = 64;
constexpr double kNanosecondsMax = 9.2e18;
}  // namespace

Duration duration_from_ms(double milliseconds) {
  double nanoseconds = milliseconds * 1e6;
  if (std::isnan(nanoseconds)) return Duration(0);
  if (nanoseconds > kNanosecondsMax) return Duration::max();
  if (nanoseconds < -kNanosecondsMax) return Duration::min();
  return Duration(static_cast<int64_t>(nanoseconds));
}

bool parse_float(std::string_view text, double& value) {
  if (text.empty() || text.size() > kNumberBytesMax || text.front() == ' ') return false;
  std::string copy(text);
  char* end = nullptr;
  value = std::strtod(copy.c_str(), &end);
  return end == copy.c_str() + copy.size();
}

Result<int64_t> parse_int(std::string_view text) {
  std::string_view digits = text;
  if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
  int64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  bool signs = text.size() >= 2 && text[0] == '+' && text[1] == '-';
  if (!signs && error == std::errc() && end == digits.data() + digits.size()) return value;
  bool range = error == std::errc::result_out_of_range && end == digits.data() + digits.size();
  return Error(Code::kInvalidArgument, "BAD_INTEGER",
               fmt::format("strconv.ParseInt: parsing \"{}\": {}", text,
                           range ? "value out of range" : "invalid syntax"));
}

Result<Duration> parse_duration(std::string_view text) {
  double number = 0;
  if (parse_float(text, number)) return duration_from_ms(number);
  size_t day = text.find('d');
  if (day == std::string_view::npos) return bia::parse_go_duration(text);
  Duration rest(0);
  std::string_view tail = text.substr(day + 1);
  if (!tail.empty()) {
    rest = BIA_TRY(bia::parse_go_duration(tail));
    if (rest < Duration(0)) {
      return Error(Code::kInvalidArgument, "BAD_DURATION",
                   fmt::format("invalid time format '{}'", tail));
    }
  }
  int64_t days = BIA_TRY(parse_int(text.substr(0, day)));
  constexpr int64_t kDaysMax = 106751;
  if (days > kDaysMax || days < -kDaysMax) {
    return Error(Code::kOutOfRange, "BAD_DURATION",
                 fmt::format("time: invalid duration \"{}\"", text));
  }
  return std::chrono::hours(24 * days) + (days < 0 ? -rest : rest);
}

}  // namespace zelus::options
