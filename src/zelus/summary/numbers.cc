#include "zelus/summary/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "codec/utf8.h"

namespace zelus::summary {
namespace {

std::string js_infinite(double value) {
  return std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
}

// At most `digits` decimals, none of them a trailing zero.
std::string short_decimals(double value, int digits) {
  std::string text = js_to_fixed(value, digits);
  size_t point = text.find('.');
  // Beyond 2^53 the shortest digits differ from all digits.
  if (point == std::string::npos || std::fabs(value) >= 9007199254740992.0)
    return std::isfinite(value) ? js_number(std::strtod(text.c_str(), nullptr)) : text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

// Cut off, not rounded, after two decimals.
double cut_to_hundredths(double value) { return std::trunc(value * 100) / 100; }

std::string data_text(double bytes) {
  static constexpr std::string_view kUnits[] = {"B",  "kB", "MB", "GB", "TB",
                                                "PB", "EB", "ZB", "YB"};
  if (!(bytes >= 10)) return js_number(bytes) + " B";
  double thousands = std::floor(std::log(bytes) / std::log(1000.0));
  double tenths = std::floor(bytes / std::pow(1000, thousands) * 10 + 0.5);
  std::string number = js_to_fixed(tenths / 10, tenths < 100 ? 1 : 0);
  size_t unit = thousands < 9 ? static_cast<size_t>(thousands) : std::size(kUnits);
  return number + " " + std::string(unit < std::size(kUnits) ? kUnits[unit] : "undefined");
}

// "1h2m3s", "1m0s": whole seconds from a minute on.
std::string minutes_text(double milliseconds) {
  double minutes = std::trunc(milliseconds / 60000);
  double seconds = std::fmod(milliseconds, 60000) / 1000;
  std::string text = js_to_fixed(std::trunc(seconds), 0) + "s";
  double hours = std::trunc(minutes / 60);
  text = js_number(std::fmod(minutes, 60)) + "m" + text;
  return hours >= 1 ? js_number(hours) + "h" + text : text;
}

std::string time_text(double milliseconds, std::string_view fixed_unit) {
  struct Unit {
    std::string_view option;  // of summaryTimeUnit
    std::string_view suffix;
    double in_a_millisecond;
    double below;  // milliseconds; where no unit is fixed
  };
  static constexpr Unit kUnits[] = {
      {"", "ns", 1e6, 1e-3}, {"us", "µs", 1e3, 1}, {"ms", "ms", 1, 1e3}, {"s", "s", 1e-3, 6e4}};
  for (const Unit& unit : kUnits) {
    if (!fixed_unit.empty() && unit.option == fixed_unit)
      return js_to_fixed(milliseconds * unit.in_a_millisecond, 2) + std::string(unit.suffix);
  }
  if (milliseconds == 0) return "0s";
  for (const Unit& unit : kUnits) {
    if (!(milliseconds < unit.below)) continue;
    if (unit.suffix == "ns") return js_number(std::trunc(milliseconds * 1e6)) + "ns";
    // Seconds are divided, as a product with 0.001 rounds differently.
    double value = unit.suffix == "s" ? milliseconds / 1000 : milliseconds * unit.in_a_millisecond;
    return short_decimals(cut_to_hundredths(value), 2) + std::string(unit.suffix);
  }
  return minutes_text(milliseconds);
}

// ICU's root collation: spaces, punctuation, symbols, digits, letters.
constexpr std::string_view kPrimaryOrder =
    "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789";

uint32_t primary_weight(uint32_t code) {
  if (code >= 'a' && code <= 'z') return 256 + code - 'a';
  if (code >= 'A' && code <= 'Z') return 256 + code - 'A';
  if (code >= 128) return code + 256;
  size_t at = kPrimaryOrder.find(static_cast<char>(code));
  return at == std::string_view::npos ? 0 : static_cast<uint32_t>(at) + 1;
}

}  // namespace

std::string js_number(double value) {
  if (!std::isfinite(value)) return js_infinite(value);
  if (value == 0) return "0";
  double absolute = std::fabs(value);
  char text[400];
  bool plain = absolute >= 1e-6 && absolute < 1e21;
  // Whole numbers beyond 2^53 are padded with zeros after their shortest digits, which to_chars'
  // fixed form does not do.
  bool large = plain && absolute >= 9007199254740992.0;
  auto format = plain && !large ? std::chars_format::fixed : std::chars_format::scientific;
  auto done = std::to_chars(text, text + sizeof(text), value, format);
  std::string number(text, done.ptr);
  size_t exponent = number.find('e');
  if (large) {
    size_t places = std::stoul(number.substr(exponent + 2));
    number.resize(exponent);
    size_t point = number.find('.');
    size_t decimals = point == std::string::npos ? 0 : number.size() - point - 1;
    if (point != std::string::npos) number.erase(point, 1);
    return number + std::string(places - decimals, '0');
  }
  if (plain) return number;
  // "1e-07" → "1e-7".
  while (number[exponent + 2] == '0' && exponent + 3 < number.size()) number.erase(exponent + 2, 1);
  return number;
}

std::string js_to_fixed(double value, int digits) {
  if (!std::isfinite(value)) return js_infinite(value);
  if (std::fabs(value) >= 1e21) return js_number(value);
  // All digits of the binary value; what lies beyond `digits` decides, a tie goes away from zero.
  std::string exact = fmt::format("{:.1074f}", std::fabs(value));
  size_t point = exact.find('.');
  size_t keep = point + 1 + static_cast<size_t>(digits);
  bool up = exact[keep] >= '5';
  exact.resize(digits == 0 ? point : keep);
  for (size_t i = exact.size(); up && i-- > 0;) {
    if (exact[i] == '.') continue;
    up = exact[i] == '9';
    exact[i] = up ? '0' : static_cast<char>(exact[i] + 1);
  }
  if (up) exact.insert(exact.begin(), '1');
  return value < 0 ? "-" + exact : exact;
}

std::string humanize(double value, metrics::MetricType type, metrics::Contains contains,
                     std::string_view time_unit) {
  if (type == metrics::MetricType::kRate)
    return js_to_fixed(cut_to_hundredths(value * 100), 2) + "%";
  if (contains == metrics::Contains::kTime) return time_text(value, time_unit);
  if (contains == metrics::Contains::kData) return data_text(value);
  return short_decimals(value, 6);
}

int collate(std::string_view a, std::string_view b) {
  int by_case = 0;
  while (!a.empty() && !b.empty()) {
    uint32_t left = bia::codec::take_code_point(a);
    uint32_t right = bia::codec::take_code_point(b);
    uint32_t left_weight = primary_weight(left);
    uint32_t right_weight = primary_weight(right);
    if (left_weight != right_weight) return left_weight < right_weight ? -1 : 1;
    // Lower case comes first, where nothing else differs.
    if (by_case == 0 && left != right) by_case = left > right ? -1 : 1;
  }
  if (!a.empty()) return 1;
  if (!b.empty()) return -1;
  return by_case;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    if (text[0] == '\x1b') {
      // "ESC [ … m", or ESC and one character.
      size_t end = 1;
      if (end < text.size() && text[end] == '[') {
        ++end;
        while (end < text.size() && !(text[end] >= 0x40 && text[end] <= 0x7e)) ++end;
      }
      text.remove_prefix(std::min(end + 1, text.size()));
      continue;
    }
    const uint32_t code = bia::codec::take_code_point(text);
    if (code < 0x300 || code > 0x36f) ++width;
  }
  return width;
}

}  // namespace zelus::summary
