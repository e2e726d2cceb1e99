#include "cel/moment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/read_file.h"
#include "codec/time_text.h"

namespace bia::cel {
namespace {
constexpr int64_t kNanos = 1'000'000'000;

/// One sign in both parts.
Moment normalized(int64_t seconds, int64_t nanos) {
  seconds += nanos / kNanos;
  nanos %= kNanos;
  if (seconds > 0 && nanos < 0) return {seconds - 1, static_cast<int32_t>(nanos + kNanos)};
  if (seconds < 0 && nanos > 0) return {seconds + 1, static_cast<int32_t>(nanos - kNanos)};
  return {seconds, static_cast<int32_t>(nanos)};
}

/// Nanoseconds of a unit; 0 for none.
int64_t unit_nanos(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us" || unit == "\u00b5s" || unit == "\u03bcs") return 1'000;
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return kNanos;
  if (unit == "m") return 60 * kNanos;
  return unit == "h" ? 3600 * kNanos : 0;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "12.5h" at the front: adds it. In 128 bits, because a duration has 94.
bool take_part(std::string_view& text, __int128& sum) {
  size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  int64_t whole = 0;
  const auto read = std::from_chars(text.data(), text.data() + digits, whole);
  if (digits > 0 && read.ec != std::errc()) return false;
  text.remove_prefix(digits);
  std::string_view fraction;
  if (text.starts_with('.')) {
    size_t end = 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    fraction = text.substr(1, end - 1);
    text.remove_prefix(end);
  }
  if (digits == 0 && fraction.empty()) return false;
  size_t letters = 0;
  while (letters < text.size() && !is_digit(text[letters]) && text[letters] != '.') ++letters;
  const int64_t unit = unit_nanos(text.substr(0, letters));
  if (unit == 0) return false;
  text.remove_prefix(letters);
  sum += static_cast<__int128>(whole) * unit;
  int64_t scale = unit;
  for (size_t i = 0; i < fraction.size() && scale > 0; ++i) {
    scale /= 10;
    sum += static_cast<__int128>(fraction[i] - '0') * scale;
  }
  return true;
}

int64_t big_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  // 32 bits keep their sign.
  return bytes.size() == 4 ? static_cast<int32_t>(value) : static_cast<int64_t>(value);
}

}  // namespace

Value duration_sum(Moment a, Moment b) {
  const Moment sum = normalized(a.seconds + b.seconds, int64_t{a.nanos} + b.nanos);
  if (std::abs(sum.seconds) > codec::kDurationSecondsMax)
    return Value::of_error("duration out of range");
  return Value::of_duration(sum);
}

Value timestamp_sum(Moment timestamp, Moment duration) {
  int64_t nanos = int64_t{timestamp.nanos} + duration.nanos;
  int64_t seconds = timestamp.seconds + duration.seconds + nanos / kNanos;
  nanos %= kNanos;
  if (nanos < 0) --seconds, nanos += kNanos;
  if (seconds < codec::kTimestampSecondsMin || seconds > codec::kTimestampSecondsMax)
    return Value::of_error("timestamp out of range");
  return Value::of_timestamp({seconds, static_cast<int32_t>(nanos)});
}

bool parse_duration(std::string_view text, Moment& out) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  __int128 sum = 0;
  if (text != "0") {
    if (text.empty()) return false;
    while (!text.empty()) {
      if (!take_part(text, sum)) return false;
      if (sum > static_cast<__int128>(codec::kDurationSecondsMax) * kNanos) return false;
    }
  }
  if (negative) sum = -sum;
  out = {static_cast<int64_t>(sum / kNanos), static_cast<int32_t>(sum % kNanos)};
  return true;
}

std::string duration_text(Moment moment) {
  std::string text = fmt::format("{}{}.{:09}", moment.seconds < 0 || moment.nanos < 0 ? "-" : "",
                                 std::abs(moment.seconds), std::abs(moment.nanos));
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text + "s";
}

std::unique_ptr<Zone> Zone::of_offset(std::string_view text) {
  auto zone = std::make_unique<Zone>();
  if (text.empty() || text == "UTC" || text == "Z") return zone;
  const bool west = text.front() == '-';
  if (west || text.front() == '+') text.remove_prefix(1);
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 2 || text.size() != colon + 3)
    return nullptr;
  int64_t hours = 0;
  int64_t minutes = 0;
  const char* begin = text.data();
  const auto first = std::from_chars(begin, begin + colon, hours);
  const auto second = std::from_chars(begin + colon + 1, begin + text.size(), minutes);
  if (first.ptr != begin + colon || second.ptr != begin + text.size() || hours < 0 || hours > 23 ||
      minutes < 0 || minutes > 59)
    return nullptr;
  zone->first_ = (hours * 60 + minutes) * (west ? -60 : 60);
  return zone;
}

// RFC 8536. The second block has times of 64 bits. Debian's files list the changes until 2037;
// later times have the offset of the last.
std::unique_ptr<Zone> Zone::of_name(std::string_view name) {
  constexpr std::string_view kOfNames =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-";
  if (name.empty() || name.front() == '/' ||
      name.find_first_not_of(kOfNames) != std::string_view::npos)
    return nullptr;
  const auto read = read_file("/usr/share/zoneinfo/" + std::string(name));
  if (!read) return nullptr;
  const std::string& data = *read;
  constexpr size_t kHeader = 44;
  size_t at = 0;
  auto number = [&](size_t offset, size_t bytes) {
    return offset + bytes <= data.size() ? big_endian(std::string_view(data).substr(offset, bytes))
                                         : 0;
  };
  auto count = [&](size_t which) {
    return static_cast<size_t>(number(at + 20 + 4 * which, 4) & 0xFFFFF);
  };
  if (!data.starts_with("TZif") || data.size() < kHeader || data[4] < '2') return nullptr;
  // Past the first block: isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt are the counts.
  at = kHeader + count(0) + count(1) + count(2) * 8 + count(3) * 5 + count(4) * 6 + count(5);
  if (!std::string_view(data).substr(std::min(at, data.size())).starts_with("TZif")) return nullptr;
  const size_t times = count(3);
  const size_t first = at + kHeader;
  const size_t types = first + times * 9;
  if (types + count(4) * 6 > data.size() || count(4) == 0) return nullptr;
  auto zone = std::make_unique<Zone>();
  zone->first_ = number(types, 4);
  for (size_t i = 0; i < times; ++i) {
    const auto type = static_cast<unsigned char>(data[first + times * 8 + i]);
    if (type >= count(4)) return nullptr;
    zone->changes_.emplace_back(number(first + i * 8, 8), number(types + size_t{6} * type, 4));
  }
  return zone;
}

int64_t Zone::offset_at(int64_t seconds) const {
  const auto next =
      std::upper_bound(changes_.begin(), changes_.end(), seconds,
                       [](int64_t at, const auto& change) { return at < change.first; });
  return next == changes_.begin() ? first_ : std::prev(next)->second;
}

}  // namespace bia::cel
