#include "bia/codec/json_writer.h"

#include <cmath>
#include <cstring>

#include "base/base64.h"
#include "codec/utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bia::codec {
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

template <typename T>
void append_real(std::string& out, T value) {
  if (std::isnan(value)) {
    out.append("\"NaN\"");
    return;
  }
  if (std::isinf(value)) {
    out.append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    return;
  }
  T magnitude = std::fabs(value);
  bool exponent =
      magnitude != 0 && (magnitude < static_cast<T>(1e-6) || magnitude >= static_cast<T>(1e21));
  // Above what it holds exactly, to_chars writes all digits; Go the ones that tell it, and zeros.
  if (!exponent && magnitude >= static_cast<T>(uint64_t{1} << std::numeric_limits<T>::digits)) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    const std::string_view all(text, static_cast<size_t>(end.ptr - text));
    const size_t e = all.find('e');
    size_t power = 0;
    std::from_chars(all.data() + e + 2, end.ptr, power);
    size_t digits = 0;
    for (char c : all.substr(0, e)) {
      if (c == '.') continue;
      out.push_back(c);
      digits += c != '-';
    }
    out.append(power + 1 - std::min(digits, power + 1), '0');
    return;
  }
  char text[64];
  auto end = std::to_chars(text, text + sizeof text, value,
                           exponent ? std::chars_format::scientific : std::chars_format::fixed);
  auto size = static_cast<size_t>(end.ptr - text);
  // Go writes 1e-7 where C++ writes 1e-07, but both write 1e+21.
  if (exponent && size >= 4 && text[size - 4] == 'e' && text[size - 3] == '-' &&
      text[size - 2] == '0') {
    text[size - 2] = text[size - 1];
    --size;
  }
  out.append(text, size);
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

void append_json_double(std::string& out, double value) { append_real(out, value); }
void append_json_float(std::string& out, float value) { append_real(out, value); }

void append_base64(std::string& out, std::string_view bytes) {
  bia::append_base64(out, bytes, Base64::kStandard);
}

bool decode_base64(std::string_view text, std::string& bytes) {
  bytes.clear();
  size_t padding = 0;
  while (!text.empty() && text.back() == '=' && padding < 2) {
    text.remove_suffix(1);
    ++padding;
  }
  if (padding > 0 && (text.size() + padding) % 4 != 0) return false;
  return append_base64_decoded(bytes, text, Base64Digits::kEither);
}

}  // namespace bia::codec
