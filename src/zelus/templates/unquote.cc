#include "zelus/templates/unquote.h"

#include <algorithm>

#include "zelus/templates/runes.h"

namespace zelus::templates {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// After a backslash. False: no escape that Go knows.
bool escape(std::string_view text, size_t& at, char quote, std::string& out) {
  if (at >= text.size()) return false;
  const char c = text[at++];
  constexpr std::string_view kLetters = "abfnrtv\\";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\";
  if (const size_t known = kLetters.find(c); known != std::string_view::npos) {
    out += kMeanings[known];
    return true;
  }
  if (c == quote) {
    out += c;
    return true;
  }
  if (c == 'x' || c == 'u' || c == 'U') {
    const size_t size = c == 'x' ? 2 : c == 'u' ? 4 : 8;
    char32_t value = 0;
    for (size_t i = 0; i < size; ++i, ++at) {
      const int digit = at < text.size() ? hex_digit(text[at]) : -1;
      if (digit < 0) return false;
      value = value << 4 | static_cast<char32_t>(digit);
    }
    if (c == 'x') {
      out += static_cast<char>(value);
      return true;
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return false;
    append_rune(out, value);
    return true;
  }
  if (c < '0' || c > '7') return false;
  int value = c - '0';
  for (int i = 0; i < 2; ++i, ++at) {
    if (at >= text.size() || text[at] < '0' || text[at] > '7') return false;
    value = value * 8 + (text[at] - '0');
  }
  if (value > 255) return false;
  out += static_cast<char>(value);
  return true;
}

}  // namespace

std::optional<std::string> go_unquote(std::string_view quoted) {
  if (quoted.size() < 2 || quoted.front() != quoted.back()) return std::nullopt;
  const char quote = quoted.front();
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  std::string out;
  if (quote == '`') {
    if (text.find('`') != std::string_view::npos) return std::nullopt;
    out = text;
    std::erase(out, '\r');
    return out;
  }
  for (size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c == quote || c == '\n') return std::nullopt;
    if (c != '\\') {
      out += c;
    } else if (!escape(text, at, quote, out)) {
      return std::nullopt;
    }
  }
  if (quote == '\'' && rune_count(out) != 1) return std::nullopt;
  return out;
}

}  // namespace zelus::templates
