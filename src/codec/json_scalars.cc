// Protobuf's scalar types out of JSON values, with protojson's laxness: numbers in quotes, integers
// with a zero fraction.
#include <algorithm>
#include <charconv>
#include <limits>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "codec/real_text.h"

namespace bia::codec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits above which no 64-bit integer can be.
constexpr size_t kIntegerDigitsMax = 20;

/// The digits of a JSON number whose value is an integer, without sign, point and exponent. False
/// where it has a fraction or is too long.
bool integer_digits(std::string_view text, bool& negative, std::string& digits) {
  negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  int64_t exponent = 0;
  if (size_t e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view power = text.substr(e + 1);
    if (!power.empty() && power[0] == '+') power.remove_prefix(1);
    if (std::from_chars(power.data(), power.data() + power.size(), exponent).ec != std::errc())
      return false;
    // Beyond any number of digits, and far from where sums overflow.
    constexpr int64_t kExponentMax = int64_t{1} << 40;
    exponent = std::clamp(exponent, -kExponentMax, kExponentMax);
    text = text.substr(0, e);
  }
  std::string_view fraction;
  if (size_t point = text.find('.'); point != std::string_view::npos) {
    fraction = text.substr(point + 1);
    text = text.substr(0, point);
  }
  digits.assign(text);
  digits += fraction;
  exponent -= static_cast<int64_t>(fraction.size());
  while (exponent < 0 && !digits.empty() && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  if (digits.find_first_not_of('0') == std::string::npos) {
    digits = "0";
    return true;
  }
  if (exponent < 0 || exponent > static_cast<int64_t>(kIntegerDigitsMax)) return false;
  digits.append(static_cast<size_t>(exponent), '0');
  digits.erase(0, digits.find_first_not_of('0'));
  return digits.size() <= kIntegerDigitsMax;
}

/// A JSON number and nothing else (RFC 8259 section 6).
bool is_number(std::string_view text) {
  size_t i = 0;
  auto at = [&](size_t index) { return index < text.size() ? text[index] : '\0'; };
  if (at(i) == '-') ++i;
  if (!is_digit(at(i))) return false;
  if (at(i) == '0') {
    ++i;
  } else {
    while (is_digit(at(i))) ++i;
  }
  if (at(i) == '.') {
    if (!is_digit(at(++i))) return false;
    while (is_digit(at(i))) ++i;
  }
  if (at(i) == 'e' || at(i) == 'E') {
    ++i;
    if (at(i) == '+' || at(i) == '-') ++i;
    if (!is_digit(at(i))) return false;
    while (is_digit(at(i))) ++i;
  }
  return i == text.size();
}

template <typename T>
bool parse_integer(std::string_view text, T& value) {
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return true;
  bool negative = false;
  std::string digits;
  if (!integer_digits(text, negative, digits)) return false;
  if (negative && digits != "0") digits.insert(0, "-");
  parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
}

}  // namespace

bool number_to_int64(std::string_view text, int64_t& value) { return parse_integer(text, value); }
bool number_to_uint64(std::string_view text, uint64_t& value) { return parse_integer(text, value); }

std::string_view JsonReader::number_text(std::string_view type) {
  Kind kind = peek();
  if (kind == Kind::kNumber) {
    at_ = token_end_;
    return raw();
  }
  if (kind == Kind::kString) {
    std::string_view text;
    if (!read_string(text)) return {};
    if (is_number(text)) return text;
  } else if (kind == Kind::kFailed) {
    return {};
  }
  fail_value(type);
  return {};
}

bool JsonReader::take_bool_value(bool& value) {
  Kind kind = peek();
  if (kind == Kind::kBool) return take_bool(value);
  if (kind == Kind::kFailed) return false;
  std::string_view ignored;
  if (kind == Kind::kString && !read_string(ignored)) return false;
  return fail_value("bool");
}

bool JsonReader::take(int32_t& value) {
  std::string_view text = number_text("int32");
  return !text.empty() && (parse_integer(text, value) || fail_value("int32"));
}
bool JsonReader::take(uint32_t& value) {
  std::string_view text = number_text("uint32");
  return !text.empty() && (parse_integer(text, value) || fail_value("uint32"));
}
bool JsonReader::take(int64_t& value) {
  std::string_view text = number_text("int64");
  return !text.empty() && (parse_integer(text, value) || fail_value("int64"));
}
bool JsonReader::take(uint64_t& value) {
  std::string_view text = number_text("uint64");
  return !text.empty() && (parse_integer(text, value) || fail_value("uint64"));
}

template <typename T>
bool JsonReader::take_real(T& value, std::string_view type) {
  if (peek() == Kind::kString) {
    std::string_view text;
    if (!read_string(text)) return false;
    if (text == "NaN") {
      value = std::numeric_limits<T>::quiet_NaN();
    } else if (text == "Infinity") {
      value = std::numeric_limits<T>::infinity();
    } else if (text == "-Infinity") {
      value = -std::numeric_limits<T>::infinity();
    } else if (!is_number(text) || real_from_chars(text, value).ec != std::errc()) {
      return fail_value(type);
    }
    return true;
  }
  std::string_view text = number_text(type);
  if (text.empty()) return false;
  return real_from_chars(text, value).ec == std::errc() || fail_value(type);
}

bool JsonReader::take(double& value) { return take_real(value, "double"); }
bool JsonReader::take(float& value) { return take_real(value, "float"); }

bool JsonReader::take(std::string& value) {
  Kind kind = peek();
  if (kind == Kind::kFailed) return false;
  if (kind != Kind::kString) return fail_value("string");
  std::string_view text;
  if (!read_string(text)) return false;
  value.assign(text);
  return true;
}

bool JsonReader::take_bytes(std::string& value) {
  Kind kind = peek();
  if (kind == Kind::kFailed) return false;
  std::string_view text;
  if (kind != Kind::kString) return fail_value("bytes");
  return read_string(text) && (decode_base64(text, value) || fail_value("bytes"));
}

bool JsonReader::take_enum(std::string_view& name, int32_t& number) {
  Kind kind = peek();
  name = {};
  if (kind == Kind::kString) {
    if (!read_string(name)) return false;
    if (name.empty()) return fail_value("enum");
    return true;
  }
  if (kind == Kind::kNumber) {
    at_ = token_end_;
    return parse_integer(raw(), number) || fail_value("enum");
  }
  return kind != Kind::kFailed && fail_value("enum");
}

}  // namespace bia::codec
