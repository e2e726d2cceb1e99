#include "codec/go_quote.h"

#include <fmt/format.h>
#include <locale.h>
#include <wctype.h>

#include <algorithm>

#include "codec/utf8.h"

namespace bia::codec {

namespace {

struct Range {
  uint32_t first, last;
};
/// What strconv.IsPrint refuses although it is no control character of ASCII: spaces but ' ', what
/// formats without being seen, and private use. Unassigned ones the C library knows.
constexpr Range kUnseen[] = {
    {0x80, 0xa0},        {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
    {0x6dd, 0x6dd},      {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},
    {0x1680, 0x1680},    {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},
    {0x205f, 0x206f},    {0x3000, 0x3000},   {0xe000, 0xf8ff},   {0xfeff, 0xfeff},
    {0xfff0, 0xfffb},    {0xfffe, 0xffff},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
    {0x13430, 0x1343f},  {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe00ff},
    {0xf0000, 0x10ffff},
};

bool is_unseen(uint32_t rune) {
  static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (!iswprint_l(rune, unicode)) return true;
  return std::any_of(std::begin(kUnseen), std::end(kUnseen),
                     [rune](Range r) { return r.first <= rune && rune <= r.last; });
}

/// Empty: the character stands as it is.
std::string escape(char c) {
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v\"\\";
  constexpr std::string_view kNames = "abfnrtv\"\\";
  if (size_t at = kNamed.find(c); at != std::string_view::npos) return {'\\', kNames[at]};
  const auto byte = static_cast<uint8_t>(c);
  return byte < 0x20 || byte >= 0x7f ? fmt::format("\\x{:02x}", byte) : std::string();
}

}  // namespace

std::string go_quote(std::string_view text) {
  std::string quoted = "\"";
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    const std::string_view character = text.substr(at, std::max<size_t>(length, 1));
    at += character.size();
    if (length <= 1) {
      const std::string instead = escape(character[0]);
      quoted += instead.empty() ? std::string(character) : instead;
      continue;
    }
    std::string_view rest = character;
    const uint32_t rune = take_code_point(rest);
    if (!is_unseen(rune)) {
      quoted += character;
    } else {
      quoted += rune < 0x10000 ? fmt::format("\\u{:04x}", rune) : fmt::format("\\U{:08x}", rune);
    }
  }
  return quoted + '"';
}

}  // namespace bia::codec
