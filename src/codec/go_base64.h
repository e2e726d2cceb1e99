#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bia::codec {

inline int base64_value(char c, bool url) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == (url ? '-' : '+')) return 62;
  return c == (url ? '_' : '/') ? 63 : -1;
}

/// One group of four, as Go's encoding/base64 reads it: newlines do not count, and an error names
/// the byte that Go names.
struct Base64Decoder {
  std::string_view text;
  bool url;
  bool padded;
  size_t at = 0;
  size_t bad = std::string_view::npos;

  bool fail(size_t where) {
    bad = where;
    return false;
  }
  void skip_newlines() {
    while (at < text.size() && (text[at] == '\n' || text[at] == '\r')) ++at;
  }
  /// What follows the first `=` of a group with `j` digits.
  bool padding(size_t j) {
    if (j < 2) return fail(at - 1);
    if (j == 2) {
      skip_newlines();
      if (at == text.size()) return fail(at);
      if (text[at] != '=') return fail(at - 1);
      ++at;
    }
    skip_newlines();
    return at == text.size() || fail(at);
  }
  /// False at the end of the text or with `bad` set.
  bool group(std::string& out) {
    uint32_t digits = 0;
    size_t j = 0;
    bool more = true;
    while (j < 4) {
      skip_newlines();
      if (at == text.size()) {
        if (j == 0) return false;
        if (j == 1 || padded) return fail(at - j);
        more = false;
        break;
      }
      int value = base64_value(text[at++], url);
      if (value >= 0) {
        digits = digits << 6 | static_cast<uint32_t>(value);
        ++j;
      } else if (!padded || text[at - 1] != '=') {
        return fail(at - 1);
      } else {
        if (!padding(j)) return false;
        more = false;
        break;
      }
    }
    digits <<= 6 * (4 - j);
    for (size_t i = 0; i + 1 < j; ++i) out.push_back(static_cast<char>(digits >> (16 - 8 * i)));
    return more;
  }
};

/// All of `text`, or Go's words of what is wrong in `problem`.
inline std::string go_base64_decode(std::string_view text, bool url, bool padded,
                                    std::string& problem) {
  Base64Decoder decoder{text, url, padded};
  std::string out;
  while (decoder.group(out)) {
  }
  if (decoder.bad != std::string_view::npos)
    problem = "illegal base64 data at input byte " + std::to_string(decoder.bad);
  return out;
}

}  // namespace bia::codec
