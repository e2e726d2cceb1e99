#include "base/base64.h"

#include <array>

namespace bia {
namespace {

constexpr char kStandard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kUrl[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Values = std::array<int8_t, 256>;

constexpr Values values_of(Base64Digits digits) {
  Values values{};
  for (auto& value : values) value = -1;
  for (int i = 0; i < 64; ++i) {
    if (digits != Base64Digits::kUrl)
      values[static_cast<uint8_t>(kStandard[i])] = static_cast<int8_t>(i);
    if (digits != Base64Digits::kStandard)
      values[static_cast<uint8_t>(kUrl[i])] = static_cast<int8_t>(i);
  }
  return values;
}

constexpr Values kValues[] = {values_of(Base64Digits::kStandard), values_of(Base64Digits::kUrl),
                              values_of(Base64Digits::kEither)};

}  // namespace

void append_base64(std::string& out, std::string_view bytes, Base64 form) {
  const bool url = form == Base64::kUrl || form == Base64::kRawUrl;
  const bool raw = form == Base64::kRawStandard || form == Base64::kRawUrl;
  const char* alphabet = url ? kUrl : kStandard;
  const size_t left = bytes.size() % 3;
  const size_t before = out.size();
  out.resize(before + bytes.size() / 3 * 4 + (left == 0 ? 0 : raw ? left + 1 : 4));
  char* to = out.data() + before;
  const auto* from = reinterpret_cast<const uint8_t*>(bytes.data());
  for (const uint8_t* end = from + (bytes.size() - left); from != end; from += 3, to += 4) {
    const uint32_t group = static_cast<uint32_t>(from[0] << 16 | from[1] << 8 | from[2]);
    to[0] = alphabet[group >> 18];
    to[1] = alphabet[group >> 12 & 63];
    to[2] = alphabet[group >> 6 & 63];
    to[3] = alphabet[group & 63];
  }
  if (left == 0) return;
  const uint32_t group = static_cast<uint32_t>(from[0] << 16 | (left == 2 ? from[1] << 8 : 0));
  *to++ = alphabet[group >> 18];
  *to++ = alphabet[group >> 12 & 63];
  if (left == 2) *to++ = alphabet[group >> 6 & 63];
  while (to != out.data() + out.size()) *to++ = '=';
}

int base64_digit(char c, Base64Digits digits) {
  return kValues[static_cast<size_t>(digits)][static_cast<uint8_t>(c)];
}

bool append_base64_decoded(std::string& out, std::string_view text, Base64Digits digits) {
  const Values& values = kValues[static_cast<size_t>(digits)];
  const size_t left = text.size() % 4;
  if (left == 1) return false;
  const size_t before = out.size();
  out.resize(before + text.size() / 4 * 3 + (left == 0 ? 0 : left - 1));
  char* to = out.data() + before;
  const auto* from = reinterpret_cast<const uint8_t*>(text.data());
  // Negative as soon as one was no digit.
  int32_t all = 0;
  for (const uint8_t* end = from + (text.size() - left); from != end; from += 4, to += 3) {
    const int32_t a = values[from[0]], b = values[from[1]], c = values[from[2]],
                  d = values[from[3]];
    all |= a | b | c | d;
    const uint32_t group = static_cast<uint32_t>(a) << 18 | static_cast<uint32_t>(b) << 12 |
                           static_cast<uint32_t>(c) << 6 | static_cast<uint32_t>(d);
    to[0] = static_cast<char>(group >> 16);
    to[1] = static_cast<char>(group >> 8);
    to[2] = static_cast<char>(group);
  }
  uint32_t group = 0;
  for (size_t i = 0; i < left; ++i) {
    const int32_t value = values[from[i]];
    all |= value;
    group |= static_cast<uint32_t>(value) << (18 - 6 * i);
  }
  for (size_t i = 0; i + 1 < left; ++i) to[i] = static_cast<char>(group >> (16 - 8 * i));
  if (all >= 0) return true;
  out.resize(before);
  return false;
}

}  // namespace bia
