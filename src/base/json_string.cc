#include "bia/base/json_string.h"

#include <cstdint>
#include <cstring>

#include "base/utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bia {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101u;
constexpr uint64_t kHighs = 0x8080808080808080u;

/// High bits set where a byte of `word` is below 0x20, a quote, a backslash, or not ASCII.
inline uint64_t needs_work(uint64_t word) {
  uint64_t quote = word ^ (kOnes * '"');
  uint64_t backslash = word ^ (kOnes * '\\');
  uint64_t low = word - kOnes * 0x20;
  return (low | (quote - kOnes) | (backslash - kOnes) | word) & kHighs;
}

#if defined(__SSE2__)
/// Whether any of the sixteen bytes at `at` is one of those.
inline bool needs_work(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  // Signed: what is not ASCII is below 0x20 too.
  __m128i found = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
  found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
  found = _mm_or_si128(found, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
  return _mm_movemask_epi8(found) != 0;
}
#endif

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out.append("\\\"", 2);
      return;
    case '\\':
      out.append("\\\\", 2);
      return;
    case '\b':
      out.append("\\b", 2);
      return;
    case '\f':
      out.append("\\f", 2);
      return;
    case '\n':
      out.append("\\n", 2);
      return;
    case '\r':
      out.append("\\r", 2);
      return;
    case '\t':
      out.append("\\t", 2);
      return;
    default:
      static constexpr char kHex[] = "0123456789abcdef";
      out.append("\\u00", 4);
      out.push_back(kHex[(c >> 4) & 15]);
      out.push_back(kHex[c & 15]);
  }
}

}  // namespace

bool is_plain_ascii(const char* data, size_t size) {
#if defined(__SSE2__)
  if (size >= 16) {
    for (size_t i = 0; i + 16 < size; i += 16) {
      if (needs_work(data + i)) return false;
    }
    // The last sixteen, some of them twice, as below.
    return !needs_work(data + size - 16);
  }
#endif
  uint64_t word;
  if (size >= 8) {
    for (size_t i = 0; i + 8 < size; i += 8) {
      std::memcpy(&word, data + i, 8);
      if (needs_work(word)) return false;
    }
    // The last eight, some of them twice: cheaper than a byte at a time.
    std::memcpy(&word, data + size - 8, 8);
    return !needs_work(word);
  }
  for (size_t i = 0; i < size; ++i) {
    auto c = static_cast<uint8_t>(data[i]);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') return false;
  }
  return true;
}

bool append_json_string(std::string& out, std::string_view text) {
  bool valid = true;
  out.push_back('"');
  if (is_plain_ascii(text.data(), text.size())) {
    out.append(text);
  } else {
    valid = append_json_escaped(out, text);
  }
  out.push_back('"');
  return valid;
}

bool append_json_escaped(std::string& out, std::string_view text) {
  bool valid = true;
  size_t copied = 0;
  for (size_t i = 0; i < text.size();) {
    auto c = static_cast<uint8_t>(text[i]);
    if (c >= 0x80) {
      size_t length = utf8_length(text, i);
      if (length == 0) {
        out.append(text, copied, i - copied);
        out.append("\xEF\xBF\xBD", 3);
        copied = ++i;
        valid = false;
      } else {
        i += length;
      }
    } else if (c < 0x20 || c == '"' || c == '\\') {
      out.append(text, copied, i - copied);
      append_escape(out, static_cast<char>(c));
      copied = ++i;
    } else {
      ++i;
    }
  }
  out.append(text, copied, text.size() - copied);
  return valid;
}

}  // namespace bia
