#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace bia::codec {

using bia::utf8_length;

/// Takes a character from the front of a text that is not empty. A byte that begins none is taken
/// alone, for U+FFFD (Go's utf8.DecodeRune).
inline uint32_t take_code_point(std::string_view& text) {
  constexpr uint32_t kReplacement = 0xFFFD;
  const size_t size = utf8_length(text, 0);
  const std::string_view character = text.substr(0, size == 0 ? 1 : size);
  text.remove_prefix(character.size());
  if (size == 0) return kReplacement;
  uint32_t code = static_cast<uint8_t>(character[0]);
  if (size > 1) code &= 0xFFu >> (size + 1);
  for (char c : character.substr(1)) code = code << 6 | (static_cast<uint8_t>(c) & 0x3Fu);
  return code;
}

inline void append_utf8(std::string& out, uint32_t rune) {
  if (rune < 0x80) {
    out.push_back(static_cast<char>(rune));
  } else if (rune < 0x800) {
    out.push_back(static_cast<char>(0xC0 | rune >> 6));
    out.push_back(static_cast<char>(0x80 | (rune & 63)));
  } else if (rune < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | rune >> 12));
    out.push_back(static_cast<char>(0x80 | (rune >> 6 & 63)));
    out.push_back(static_cast<char>(0x80 | (rune & 63)));
  } else {
    out.push_back(static_cast<char>(0xF0 | rune >> 18));
    out.push_back(static_cast<char>(0x80 | (rune >> 12 & 63)));
    out.push_back(static_cast<char>(0x80 | (rune >> 6 & 63)));
    out.push_back(static_cast<char>(0x80 | (rune & 63)));
  }
}

}  // namespace bia::codec
