#pragma once
#include <cstddef>
#include <string_view>

namespace bia::cel {

/// Characters of valid UTF-8.
inline size_t code_points(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (c & 0xC0) != 0x80;
  return count;
}

/// Where the character `index` begins; the text's end for what is beyond.
inline size_t byte_of(std::string_view text, size_t index) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((text[at] & 0xC0) != 0x80 && index-- == 0) return at;
  }
  return at;
}

}  // namespace bia::cel
