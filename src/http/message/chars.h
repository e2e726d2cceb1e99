#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bia::http {

/// What a byte may be part of; a table look-up a byte.
enum CharClass : uint8_t {
  kTokenChar = 1,   ///< RFC 9110 section 5.6.2: methods and field names
  kTargetChar = 2,  ///< request target: visible, not '#'; bytes above 0x7f as curl sends them
  kHostChar = 4,    ///< RFC 3986 host and port
  kUnreservedChar = 8,
  kNameChar = 16,  ///< RFC 3986 reg-name: a host that is no IPv6 address, without its port
};

constexpr std::array<uint8_t, 256> make_char_classes() {
  std::array<uint8_t, 256> table{};
  auto mark = [&table](std::string_view chars, uint8_t bits) {
    for (char c : chars) table[static_cast<uint8_t>(c)] = table[static_cast<uint8_t>(c)] | bits;
  };
  for (int c = 0x21; c < 256; ++c) {
    if (c != 0x7f && c != '#') table[static_cast<size_t>(c)] = kTargetChar;
  }
  constexpr std::string_view kAlnum =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  mark(kAlnum, kTokenChar | kHostChar | kUnreservedChar | kNameChar);
  mark("!#$%&'*+-.^_`|~", kTokenChar);
  mark("-._~!$&'()*+,;=%:[]", kHostChar);
  mark("-._~!$&'()*+,;=%", kNameChar);
  mark("-._~", kUnreservedChar);
  return table;
}
inline constexpr std::array<uint8_t, 256> kCharClasses = make_char_classes();

inline bool char_is(char c, CharClass wanted) {
  return (kCharClasses[static_cast<uint8_t>(c)] & wanted) != 0;
}

/// "example.org", "example.org:80", "[::1]:80" (RFC 9110 section 7.2).
inline bool is_host_field(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && char_is(text[at], kNameChar)) ++at;
  if (at == text.size()) return true;
  if (at == 0 && text[0] == '[') {
    at = text.find(']');
    if (at == std::string_view::npos || at == 1) return false;
    for (char c : text.substr(1, at - 1)) {
      if (!char_is(c, kHostChar) || c == '[') return false;
    }
    ++at;
    if (at == text.size()) return true;
  }
  if (at == 0 || text[at] != ':') return false;
  for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9';) ++at;
  return at == text.size();
}

/// -1 where `c` is no hexadecimal digit.
inline int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Compares with a name that is already in lower case.
inline bool equals_lower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (ascii_lower(text[i]) != lower[i]) return false;
  }
  return true;
}

/// The first byte at or below `limit` (a tab excepted where `limit` is below the space) or DEL;
/// `end` where there is none.
template <uint8_t limit>
inline const char* find_stop(const char* at, const char* end) {
  constexpr bool kTabPasses = limit < ' ';
#if defined(__SSE2__)
  const __m128i bound = _mm_set1_epi8(static_cast<char>(limit));
  const __m128i del = _mm_set1_epi8(0x7f);
  const __m128i tab = _mm_set1_epi8('\t');
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    __m128i stop = _mm_cmpeq_epi8(_mm_min_epu8(bytes, bound), bytes);
    if (kTabPasses) stop = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), stop);
    stop = _mm_or_si128(stop, _mm_cmpeq_epi8(bytes, del));
    const int mask = _mm_movemask_epi8(stop);
    if (mask != 0) return at + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  for (; at < end; ++at) {
    const auto c = static_cast<uint8_t>(*at);
    if ((c <= limit && !(kTabPasses && c == '\t')) || c == 0x7f) return at;
  }
  return end;
}

}  // namespace bia::http
