#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bia {

/// Bytes of the UTF-8 sequence at `at`, or 0 where it is not one (overlong, surrogate, above
/// U+10FFFF, cut off).
inline size_t utf8_length(std::string_view text, size_t at) {
  auto byte = [&](size_t index) {
    return index < text.size() ? static_cast<uint8_t>(text[index]) : uint8_t{0};
  };
  auto follows = [&](size_t index) { return (byte(index) & 0xC0) == 0x80; };
  uint8_t first = byte(at);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!follows(at + 1) || !follows(at + 2)) return 0;
    if (first == 0xE0 && byte(at + 1) < 0xA0) return 0;
    if (first == 0xED && byte(at + 1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!follows(at + 1) || !follows(at + 2) || !follows(at + 3)) return 0;
    if (first == 0xF0 && byte(at + 1) < 0x90) return 0;
    if (first == 0xF4 && byte(at + 1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

}  // namespace bia
