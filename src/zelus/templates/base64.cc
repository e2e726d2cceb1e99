#include "zelus/templates/base64.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "codec/go_base64.h"

namespace zelus::templates {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr size_t kBits = 5;   // of a letter
constexpr size_t kGroup = 8;  // letters

}  // namespace

Decoded base64_decode(std::string_view text) {
  Decoded out;
  out.bytes = bia::codec::go_base64_decode(text, bia::Base64::kStandard, out.problem);
  return out;
}

std::string base32_encode(std::string_view bytes) {
  std::string out;
  uint32_t held = 0;
  size_t bits = 0;
  for (char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= kBits) {
      bits -= kBits;
      out += kLetters[held >> bits & (kLetters.size() - 1)];
    }
  }
  if (bits > 0) out += kLetters[held << (kBits - bits) & (kLetters.size() - 1)];
  while (out.size() % kGroup != 0) out += '=';
  return out;
}

Decoded base32_decode(std::string_view text) {
  Decoded out;
  auto wrong = [&](size_t at) {
    out.problem = fmt::format("illegal base32 data at input byte {}", at);
    return out;
  };
  uint32_t held = 0;
  size_t bits = 0, letters = 0, at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n' || c == '\r') continue;
    if (c == '=') break;
    const size_t digit = kLetters.find(c);
    if (digit == std::string_view::npos) return wrong(at);
    held = held << kBits | static_cast<uint32_t>(digit);
    bits += kBits;
    ++letters;
    if (bits >= 8) {
      bits -= 8;
      out.bytes += static_cast<char>(held >> bits & 0xFF);
    }
  }
  const size_t rest = letters % kGroup;
  size_t padding = 0;
  const size_t first_padding = at;
  for (; at < text.size(); ++at) {
    if (text[at] == '=')
      ++padding;
    else if (text[at] != '\n' && text[at] != '\r')
      return wrong(at);
  }
  const size_t wanted = rest == 0 ? 0 : kGroup - rest;
  if (rest == 1 || rest == 3 || rest == 6 || padding < wanted)
    return wrong(padding == 0 ? text.size() - rest : text.size());
  if (padding > wanted) return wrong(first_padding + wanted);
  return out;
}

}  // namespace zelus::templates
