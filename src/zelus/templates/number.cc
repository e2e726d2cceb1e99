#include "zelus/templates/number.h"

#include <charconv>
#include <cmath>

#include "codec/go_quote.h"
#include "codec/real_text.h"
#include "zelus/templates/runes.h"
#include "zelus/templates/unquote.h"

namespace zelus::templates {
namespace {

/// The prefix says the base; underscores are between digits alone, and only where it does.
bool plain_digits(std::string_view text, int& base, std::string& digits) {
  bool by_prefix = base == 0;
  if (base == 0) {
    base = 10;
    if (text.size() > 1 && text[0] == '0') {
      const char letter = static_cast<char>(text[1] | 0x20);
      base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
      text.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
      if (text.starts_with('_')) text.remove_prefix(1);
    }
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits += text[i];
    } else if (!by_prefix || i == 0 || i + 1 == text.size() || text[i + 1] == '_') {
      return false;
    }
  }
  return !digits.empty() && digits[0] != '-' && digits[0] != '+';
}

std::optional<uint64_t> parse_uint(std::string_view text, int base) {
  std::string digits;
  if (!plain_digits(text, base, digits)) return std::nullopt;
  uint64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

bool is_whole(double value, double low, double high) {
  return value >= low && value < high && std::floor(value) == value;
}

std::string read_rune(std::string_view text, Number& number) {
  const auto unquoted = go_unquote(text);
  if (!unquoted) return "malformed character constant: " + std::string(text);
  size_t at = 0;
  const char32_t rune = next_rune(*unquoted, at);
  number = {true, true, true, static_cast<int64_t>(rune), rune, static_cast<double>(rune)};
  return {};
}

}  // namespace

std::optional<int64_t> parse_int(std::string_view text, int base) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto value = parse_uint(text, base);
  constexpr uint64_t kEdge = 1ull << 63;
  if (!value || *value > kEdge || (*value == kEdge && !negative)) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - *value : *value);
}

std::optional<double> parse_float(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty() || rest[0] == '-' || rest[0] == '+') return std::nullopt;
  double value = 0;
  auto format = std::chars_format::general;
  if (rest.starts_with("0x") || rest.starts_with("0X")) {
    rest.remove_prefix(2);
    format = std::chars_format::hex;
  }
  const auto read = bia::codec::real_from_chars(rest, value, format);
  if (read.ec != std::errc() || read.ptr != rest.data() + rest.size()) return std::nullopt;
  return negative ? -value : value;
}

std::string read_constant(std::string_view text, Number& number) {
  if (text[0] == '\'') return read_rune(text, number);
  if (text.back() == 'i') return "complex constants are not built: " + std::string(text);
  if (const auto natural = parse_uint(text, 0)) {
    number.is_uint = true;
    number.natural = *natural;
  }
  if (const auto integer = parse_int(text, 0)) {
    number.is_int = true;
    number.integer = *integer;
    if (*integer == 0) number.is_uint = true;
  }
  number.is_float = number.is_int || number.is_uint;
  if (number.is_float) {
    number.real =
        number.is_int ? static_cast<double>(number.integer) : static_cast<double>(number.natural);
    return {};
  }
  const auto real = parse_float(text);
  if (!real) return "illegal number syntax: " + bia::codec::go_quote(text);
  if (text.find_first_of(".eEpP") == std::string_view::npos)
    return "integer overflow: " + bia::codec::go_quote(text);
  number.is_float = true;
  number.real = *real;
  if (is_whole(*real, -0x1p63, 0x1p63)) {
    number.is_int = true;
    number.integer = static_cast<int64_t>(*real);
  }
  if (is_whole(*real, 0, 0x1p64)) {
    number.is_uint = true;
    number.natural = static_cast<uint64_t>(*real);
  }
  return {};
}

}  // namespace zelus::templates
