#include "zelus/templates/base64.h"

#include <fmt/format.h>

namespace zelus::templates {
namespace {

struct Alphabet {
  std::string_view letters;
  size_t bits;   // of a letter
  size_t group;  // letters
  std::string_view name;
};
constexpr Alphabet k64 = {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6, 4,
                          "base64"};
constexpr Alphabet k32 = {"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5, 8, "base32"};

std::string encode(std::string_view bytes, const Alphabet& alphabet) {
  std::string out;
  uint32_t held = 0;
  size_t bits = 0;
  for (char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= alphabet.bits) {
      bits -= alphabet.bits;
      out += alphabet.letters[held >> bits & (alphabet.letters.size() - 1)];
    }
  }
  if (bits > 0)
    out += alphabet.letters[held << (alphabet.bits - bits) & (alphabet.letters.size() - 1)];
  while (out.size() % alphabet.group != 0) out += '=';
  return out;
}

Decoded decode(std::string_view text, const Alphabet& alphabet) {
  Decoded out;
  auto wrong = [&](size_t at) {
    out.problem = fmt::format("illegal {} data at input byte {}", alphabet.name, at);
    return out;
  };
  uint32_t held = 0;
  size_t bits = 0, letters = 0, at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n' || c == '\r') continue;
    if (c == '=') break;
    const size_t digit = alphabet.letters.find(c);
    if (digit == std::string_view::npos) return wrong(at);
    held = held << alphabet.bits | static_cast<uint32_t>(digit);
    bits += alphabet.bits;
    ++letters;
    if (bits >= 8) {
      bits -= 8;
      out.bytes += static_cast<char>(held >> bits & 0xFF);
    }
  }
  const size_t rest = letters % alphabet.group;
  const bool good_rest = alphabet.group == 4 ? rest != 1 : rest != 1 && rest != 3 && rest != 6;
  size_t padding = 0;
  const size_t first_padding = at;
  for (; at < text.size(); ++at) {
    if (text[at] == '=')
      ++padding;
    else if (text[at] != '\n' && text[at] != '\r')
      return wrong(at);
  }
  const size_t wanted = rest == 0 ? 0 : alphabet.group - rest;
  if (!good_rest || padding < wanted) return wrong(padding == 0 ? text.size() - rest : text.size());
  if (padding > wanted) return wrong(first_padding + wanted);
  return out;
}

}  // namespace

std::string base64_encode(std::string_view bytes) { return encode(bytes, k64); }
std::string base32_encode(std::string_view bytes) { return encode(bytes, k32); }
Decoded base64_decode(std::string_view text) { return decode(text, k64); }
Decoded base32_decode(std::string_view text) { return decode(text, k32); }

}  // namespace zelus::templates
