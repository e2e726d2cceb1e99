#include "bia/codec/json_writer.h"

#include <cmath>
#include <limits>

#include "base/base64.h"

namespace bia::codec {
namespace {

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
