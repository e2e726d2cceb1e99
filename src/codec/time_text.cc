#include "codec/time_text.h"

#include <fmt/format.h>

#include <charconv>

namespace bia::codec {
namespace {

constexpr int64_t kSecondsPerDay = 86400;
constexpr int kNanosMax = 999'999'999;

/// Days since 1970-01-01 of a civil date, and back (Howard Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms").
int64_t days_of(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  auto of_era = static_cast<unsigned>(year - era * 400);
  unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  unsigned day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
  return era * 146097 + static_cast<int64_t>(day_of_era) - 719468;
}

void date_of(int64_t days, int64_t& year, unsigned& month, unsigned& day) {
  days += 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  auto day_of_era = static_cast<unsigned>(days - era * 146097);
  unsigned of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  unsigned of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
  unsigned shifted = (5 * of_year + 2) / 153;
  day = of_year - (153 * shifted + 2) / 5 + 1;
  month = shifted < 10 ? shifted + 3 : shifted - 9;
  year = static_cast<int64_t>(of_era) + era * 400 + (month <= 2);
}

void append_fraction(std::string& out, int32_t nanos) {
  if (nanos == 0) return;
  if (nanos % 1'000'000 == 0) {
    fmt::format_to(std::back_inserter(out), ".{:03}", nanos / 1'000'000);
  } else if (nanos % 1'000 == 0) {
    fmt::format_to(std::back_inserter(out), ".{:06}", nanos / 1'000);
  } else {
    fmt::format_to(std::back_inserter(out), ".{:09}", nanos);
  }
}

/// Takes exactly `width` digits.
bool take_digits(std::string_view& text, size_t width, unsigned& value) {
  if (text.size() < width) return false;
  value = 0;
  for (size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + static_cast<unsigned>(text[i] - '0');
  }
  text.remove_prefix(width);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

/// Takes ".123" with 1 to 9 digits, if it is there.
bool take_fraction(std::string_view& text, int32_t& nanos) {
  nanos = 0;
  if (!take(text, '.')) return true;
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  unsigned value = 0;
  if (digits == 0 || digits > 9 || !take_digits(text, digits, value)) return false;
  for (; digits < 9; ++digits) value *= 10;
  nanos = static_cast<int32_t>(value);
  return true;
}

}  // namespace

bool append_timestamp(std::string& out, int64_t seconds, int32_t nanos) {
  if (seconds < kTimestampSecondsMin || seconds > kTimestampSecondsMax || nanos < 0 ||
      nanos > kNanosMax)
    return false;
  int64_t days = seconds / kSecondsPerDay - (seconds % kSecondsPerDay < 0);
  int64_t of_day = seconds - days * kSecondsPerDay;
  int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
  date_of(days, year, month, day);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", year, month, day,
                 of_day / 3600, of_day / 60 % 60, of_day % 60);
  append_fraction(out, nanos);
  out.push_back('Z');
  return true;
}

bool parse_timestamp(std::string_view text, int64_t& seconds, int32_t& nanos) {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take_digits(text, 4, year) || !take(text, '-') || !take_digits(text, 2, month) ||
      !take(text, '-') || !take_digits(text, 2, day))
    return false;
  if (!take(text, 'T') || !take_digits(text, 2, hour) || !take(text, ':') ||
      !take_digits(text, 2, minute) || !take(text, ':') || !take_digits(text, 2, second) ||
      !take_fraction(text, nanos)) {
    return false;
  }
  static constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (year < 1 || month < 1 || month > 12 || day < 1 ||
      day > kDays[month - 1] + (month == 2 && leap ? 1 : 0))
    return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  int64_t offset = 0;
  if (!take(text, 'Z')) {
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
    int sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
    unsigned hours = 0, minutes = 0;
    if (!take_digits(text, 2, hours) || !take(text, ':') || !take_digits(text, 2, minutes) ||
        hours > 23 || minutes > 59)
      return false;
    offset = sign * static_cast<int64_t>(hours * 3600 + minutes * 60);
  }
  if (!text.empty()) return false;
  seconds =
      days_of(year, month, day) * kSecondsPerDay + hour * 3600 + minute * 60 + second - offset;
  return seconds >= kTimestampSecondsMin && seconds <= kTimestampSecondsMax;
}

bool append_duration(std::string& out, int64_t seconds, int32_t nanos) {
  if (seconds < -kDurationSecondsMax || seconds > kDurationSecondsMax || nanos < -kNanosMax ||
      nanos > kNanosMax)
    return false;
  if ((seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) return false;
  if (seconds < 0 || nanos < 0) out.push_back('-');
  fmt::format_to(std::back_inserter(out), "{}", seconds < 0 ? -seconds : seconds);
  append_fraction(out, nanos < 0 ? -nanos : nanos);
  out.push_back('s');
  return true;
}

bool parse_duration(std::string_view text, int64_t& seconds, int32_t& nanos) {
  bool negative = take(text, '-');
  if (!negative) take(text, '+');
  if (text.empty() || text.back() != 's') return false;
  text.remove_suffix(1);
  if (text.empty()) return false;
  seconds = 0;
  if (text[0] != '.') {
    auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (parsed.ec != std::errc() || seconds < 0 || text[0] == '-') return false;
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
  }
  if (!take_fraction(text, nanos) || !text.empty() || seconds > kDurationSecondsMax) return false;
  if (negative) {
    seconds = -seconds;
    nanos = -nanos;
  }
  return true;
}

bool append_camel_path(std::string& out, std::string_view snake) {
  for (size_t i = 0; i < snake.size(); ++i) {
    char c = snake[i];
    if (c >= 'A' && c <= 'Z') return false;
    if (c == '_') {
      if (++i >= snake.size() || snake[i] < 'a' || snake[i] > 'z') return false;
      c = static_cast<char>(snake[i] - 'a' + 'A');
    }
    out.push_back(c);
  }
  return true;
}

bool append_snake_path(std::string& out, std::string_view camel) {
  for (char c : camel) {
    if (c == '_') return false;
    if (c >= 'A' && c <= 'Z') {
      out.push_back('_');
      c = static_cast<char>(c - 'A' + 'a');
    }
    out.push_back(c);
  }
  return true;
}

}  // namespace bia::codec
