#pragma once
#include <charconv>
#include <string_view>

namespace bia::codec {

/// Of a text that std::from_chars took and found out of range: whether it is too near zero, not too
/// far from it.
bool is_underflow(std::string_view number, std::chars_format format);

/// std::from_chars as Go's ParseFloat has the edges: what is nearer to zero than any T is zero,
/// with its sign. result_out_of_range is of what is beyond the largest alone, and leaves `value`.
template <typename T>
std::from_chars_result real_from_chars(std::string_view text, T& value,
                                       std::chars_format format = std::chars_format::general) {
  auto read = std::from_chars(text.data(), text.data() + text.size(), value, format);
  if (read.ec == std::errc::result_out_of_range &&
      is_underflow(text.substr(0, static_cast<size_t>(read.ptr - text.data())), format)) {
    value = text.front() == '-' ? -T{0} : T{0};
    read.ec = {};
  }
  return read;
}

}  // namespace bia::codec
