#include "codec/form_values.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

#include "bia/codec/form.h"
#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "codec/real_text.h"

namespace bia::codec {
namespace {

std::string strconv_error(std::string_view function, std::string_view text, std::string_view why) {
  return fmt::format("strconv.{}: parsing \"{}\": {}", function, text, why);
}

template <typename T>
std::string parse_integer(std::string_view function, std::string_view text, T& value) {
  std::string_view digits = text;
  if (std::numeric_limits<T>::is_signed && digits.starts_with('+')) digits.remove_prefix(1);
  auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  bool plus_minus = digits.size() != text.size() && digits.starts_with('-');
  if (parsed.ptr != digits.data() + digits.size() || parsed.ec == std::errc::invalid_argument ||
      plus_minus) {
    return strconv_error(function, text, "invalid syntax");
  }
  if (parsed.ec != std::errc()) return strconv_error(function, text, "value out of range");
  return {};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Go takes "1_000": an underscore between digits.
std::string without_underscores(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool between =
        i > 0 && i + 1 < text.size() && hex_digit(text[i - 1]) >= 0 && hex_digit(text[i + 1]) >= 0;
    if (text[i] != '_' || !between) out += text[i];
  }
  return out;
}

template <typename T>
std::string parse_real(std::string_view text, T& value) {
  std::string plain;
  std::string_view digits = text;
  if (text.find('_') != std::string_view::npos) digits = plain = without_underscores(text);
  const bool plus = digits.starts_with('+');
  if (plus) digits.remove_prefix(1);
  // Go's hexadecimal floats have an exponent.
  const size_t sign = digits.starts_with('-');
  const bool hex = digits.size() > sign + 2 && digits[sign] == '0' &&
                   (digits[sign + 1] | 32) == 'x' &&
                   digits.find_first_of("pP") != std::string_view::npos;
  auto parsed = hex ? real_from_chars(digits.substr(sign + 2), value, std::chars_format::hex)
                    : real_from_chars(digits, value);
  if (hex && sign) value = -value;
  // from_chars takes a sign and "nan" after the "0x" too.
  const bool no_digits = hex && digits[sign + 2] != '.' && hex_digit(digits[sign + 2]) < 0;
  if (digits.empty() || (plus && sign) || no_digits ||
      parsed.ptr != digits.data() + digits.size() || parsed.ec == std::errc::invalid_argument) {
    return strconv_error("ParseFloat", text, "invalid syntax");
  }
  if (parsed.ec != std::errc()) return strconv_error("ParseFloat", text, "value out of range");
  return {};
}

template <typename T>
Result<void> bind_parsed(std::string_view encoded, std::string_view field, T& value) {
  std::string text;
  if (!percent_decode(encoded, Plus::kLiteral, text)) text = encoded;
  std::string wrong = parse_form(text, value);
  if (!wrong.empty())
    return Error(Code::kInvalidArgument, "CODEC",
                 fmt::format("parsing field \"{}\": {}", field, wrong));
  return {};
}

}  // namespace

std::string parse_form(std::string_view text, bool& value) {
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) {
      value = true;
      return {};
    }
  }
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) {
      value = false;
      return {};
    }
  }
  return strconv_error("ParseBool", text, "invalid syntax");
}

std::string parse_form(std::string_view text, int32_t& value) {
  return parse_integer("ParseInt", text, value);
}
std::string parse_form(std::string_view text, int64_t& value) {
  return parse_integer("ParseInt", text, value);
}
std::string parse_form(std::string_view text, uint32_t& value) {
  return parse_integer("ParseUint", text, value);
}
std::string parse_form(std::string_view text, uint64_t& value) {
  return parse_integer("ParseUint", text, value);
}
std::string parse_form(std::string_view text, double& value) { return parse_real(text, value); }
std::string parse_form(std::string_view text, float& value) { return parse_real(text, value); }

bool percent_decode(std::string_view text, Plus plus, std::string& out) {
  size_t special = plus == Plus::kSpace ? text.find_first_of("%+") : text.find('%');
  if (special == std::string_view::npos) {
    out.assign(text);
    return true;
  }
  out.assign(text.substr(0, special));
  for (size_t i = special; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    } else if (c == '+' && plus == Plus::kSpace) {
      c = ' ';
    }
    out.push_back(c);
  }
  return true;
}

void append_percent_encoded(std::string& out, std::string_view text, Slash slash) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '_' || c == '.' || c == '~' ||
                 (c == '/' && slash == Slash::kKeep);
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kHex[c >> 4 & 15]);
      out.push_back(kHex[c & 15]);
    }
  }
}

void append_query_escaped(std::string& out, std::string_view text) {
  for (;;) {
    const size_t space = text.find(' ');
    append_percent_encoded(out, text.substr(0, space), Slash::kEscape);
    if (space == std::string_view::npos) return;
    out += '+';
    text.remove_prefix(space + 1);
  }
}

Result<void> bind_path_value(std::string_view encoded, std::string_view field, std::string& value) {
  if (!percent_decode(encoded, Plus::kLiteral, value)) {
    return Error(Code::kInvalidArgument, "CODEC",
                 fmt::format("parsing field \"{}\": invalid URL escape in \"{}\"", field, encoded));
  }
  if (is_plain_ascii(value.data(), value.size()) || is_utf8(value)) return {};
  return Error(Code::kInvalidArgument, "CODEC",
               fmt::format("parsing field \"{}\": invalid UTF-8", field));
}
Result<void> bind_path_value(std::string_view encoded, std::string_view field, int32_t& value) {
  return bind_parsed(encoded, field, value);
}
Result<void> bind_path_value(std::string_view encoded, std::string_view field, uint32_t& value) {
  return bind_parsed(encoded, field, value);
}
Result<void> bind_path_value(std::string_view encoded, std::string_view field, int64_t& value) {
  return bind_parsed(encoded, field, value);
}
Result<void> bind_path_value(std::string_view encoded, std::string_view field, uint64_t& value) {
  return bind_parsed(encoded, field, value);
}
Result<void> bind_path_value(std::string_view encoded, std::string_view field, bool& value) {
  return bind_parsed(encoded, field, value);
}
Result<void> bind_path_value(std::string_view encoded, std::string_view field, double& value) {
  return bind_parsed(encoded, field, value);
}
Result<void> bind_path_value(std::string_view encoded, std::string_view field, float& value) {
  return bind_parsed(encoded, field, value);
}

}  // namespace bia::codec
