// Go's time.Parse(time.RFC3339Nano, text), and what it says of a text that is none.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "codec/time_text.h"

namespace bia::codec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class GoTime {
 public:
  explicit GoTime(std::string_view text) : text_(text), rest_(text) {}

  std::string parse(int64_t& seconds, int32_t& nanos) {
    if (!date() || !clock() || !zone()) return wrong_;
    if (!rest_.empty()) return failed(fmt::format(": extra text: \"{}\"", rest_));
    // Go cuts a fraction to nine digits, and takes a comma before it.
    std::string plain(text_.substr(0, kSecondsEnd));
    if (!fraction_.empty()) (plain += '.') += fraction_.substr(0, 9);
    plain += text_.substr(zone_at_);
    if (!parse_timestamp(plain, seconds, nanos)) return failed(": day out of range");
    return {};
  }

 private:
  static constexpr size_t kSecondsEnd = 19;

  std::string failed(std::string_view what) {
    wrong_ = fmt::format("parsing time \"{}\"{}", text_, what);
    return wrong_;
  }
  bool mismatch(std::string_view at, std::string_view element) {
    failed(fmt::format(" as \"2006-01-02T15:04:05.999999999Z07:00\": cannot parse \"{}\" as \"{}\"",
                       at, element));
    return false;
  }
  bool number(size_t digits, std::string_view element, unsigned& value) {
    const std::string_view part = rest_.substr(0, digits);
    if (part.size() < digits || !std::all_of(part.begin(), part.end(), is_digit))
      return mismatch(rest_, element);
    value = 0;
    for (char c : part) value = value * 10 + static_cast<unsigned>(c - '0');
    rest_.remove_prefix(digits);
    return true;
  }
  bool literal(std::string_view text) {
    if (!rest_.starts_with(text)) return mismatch(rest_, text);
    rest_.remove_prefix(text.size());
    return true;
  }
  bool in_range(bool good, std::string_view what) {
    if (!good) failed(fmt::format(": {} out of range", what));
    return good;
  }

  bool date() {
    unsigned year = 0, month = 0, day = 0;
    return number(4, "2006", year) && literal("-") && number(2, "01", month) &&
           in_range(month >= 1 && month <= 12, "month") && literal("-") && number(2, "02", day);
  }
  bool clock() {
    unsigned hour = 0, minute = 0, second = 0;
    if (!literal("T") || !number(2, "15", hour) || !in_range(hour < 24, "hour") || !literal(":") ||
        !number(2, "04", minute) || !in_range(minute < 60, "minute") || !literal(":") ||
        !number(2, "05", second) || !in_range(second < 60, "second"))
      return false;
    if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !is_digit(rest_[1]))
      return true;
    const auto* end = std::find_if_not(rest_.begin() + 1, rest_.end(), is_digit);
    fraction_ = rest_.substr(1, static_cast<size_t>(end - rest_.begin()) - 1);
    rest_.remove_prefix(fraction_.size() + 1);
    return true;
  }
  bool zone() {
    zone_at_ = text_.size() - rest_.size();
    if (rest_.starts_with('Z')) {
      rest_.remove_prefix(1);
      return true;
    }
    const std::string_view all = rest_;
    const bool good = all.size() >= 6 && (all[0] == '+' || all[0] == '-') && is_digit(all[1]) &&
                      is_digit(all[2]) && all[3] == ':' && is_digit(all[4]) && is_digit(all[5]);
    if (!good) return mismatch(all, "Z07:00");
    rest_.remove_prefix(6);
    return in_range(all.substr(1, 2) <= "24", "time zone offset hour") &&
           in_range(all.substr(4, 2) <= "60", "time zone offset minute");
  }

  std::string_view text_;
  std::string_view rest_;
  std::string_view fraction_;
  size_t zone_at_ = 0;
  std::string wrong_;
};

}  // namespace

std::string parse_go_time(std::string_view text, int64_t& seconds, int32_t& nanos) {
  if (parse_timestamp(text, seconds, nanos)) return {};
  return GoTime(text).parse(seconds, nanos);
}

}  // namespace bia::codec
