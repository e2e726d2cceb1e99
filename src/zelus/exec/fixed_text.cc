#include "zelus/exec/fixed_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace zelus::exec {

using bia::Duration;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {
constexpr Duration kRounding = milliseconds(100);

int64_t tenths(Duration value) { return (value + kRounding / 2) / kRounding; }
}  // namespace

std::string fixed_int(int64_t value, int64_t most) {
  return fmt::format("{:0{}}", value, fmt::formatted_size("{}", most));
}

std::string fixed_float(double value, double most, int precision) {
  int width = most < 0 ? 2 : 1;
  if (std::abs(most) >= 10) width += static_cast<int>(std::log10(std::abs(most)));
  if (precision > 0) width += precision + 1;
  return fmt::format("{:0{}.{}f}", value, width, precision);
}

std::string fixed_duration(Duration value, Duration most) {
  value = value < Duration(0) ? -value : value;
  most = most < Duration(0) ? -most : most;
  most = tenths(std::max(most, value)) * kRounding;
  int64_t all = tenths(value), whole = all / 10;
  int64_t second = whole % 60, minute = whole / 60 % 60, hour = whole / 3600;
  if (most < seconds(10)) return fmt::format("{}.{}s", second % 10, all % 10);
  std::string text = fmt::format("{:02}.{}s", second, all % 10);
  if (most < minutes(1)) return text;
  if (most < minutes(10)) return fmt::format("{}m{}", minute % 10, text);
  text = fmt::format("{:02}m{}", minute, text);
  if (most < hours(1)) return text;
  if (most < hours(10)) return fmt::format("{}h{}", hour % 10, text);
  if (most < hours(24)) return fmt::format("{:02}h{}", hour, text);
  return fmt::format("{:0{}}d{:02}h{}", hour / 24, fmt::formatted_size("{}", most / hours(24)),
                     hour % 24, text);
}

}  // namespace zelus::exec
