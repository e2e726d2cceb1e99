#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/base64.h"

namespace bia::codec {

/// One group of four, as Go's encoding/base64 reads it: padding is what the form says, newlines do
/// not count wherever they stand, and an error names the byte that Go names.
struct Base64Decoder {
  std::string_view text;
  Base64Digits digits;
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
    uint32_t bits = 0;
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
      int value = base64_digit(text[at++], digits);
      if (value >= 0) {
        bits = bits << 6 | static_cast<uint32_t>(value);
        ++j;
      } else if (!padded || text[at - 1] != '=') {
        return fail(at - 1);
      } else {
        if (!padding(j)) return false;
        more = false;
        break;
      }
    }
    bits <<= 6 * (4 - j);
    for (size_t i = 0; i + 1 < j; ++i) out.push_back(static_cast<char>(bits >> (16 - 8 * i)));
    return more;
  }
};

/// All of `text`, or Go's words of what is wrong in `problem`.
inline std::string go_base64_decode(std::string_view text, Base64 form, std::string& problem) {
  const bool url = form == Base64::kUrl || form == Base64::kRawUrl;
  const bool padded = form == Base64::kStandard || form == Base64::kUrl;
  Base64Decoder decoder{text, url ? Base64Digits::kUrl : Base64Digits::kStandard, padded};
  std::string out;
  while (decoder.group(out)) {
  }
  if (decoder.bad != std::string_view::npos)
    problem = "illegal base64 data at input byte " + std::to_string(decoder.bad);
  return out;
}

}  // namespace bia::codec
