#include "zelus/templates/runes.h"

#include <clocale>
#include <cwctype>

namespace zelus::templates {
namespace {

constexpr char32_t kBad = 0xFFFD;

locale_t unicode() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

bool in_class(char32_t rune, int (*test)(wint_t, locale_t)) {
  return unicode() != nullptr && test(static_cast<wint_t>(rune), unicode()) != 0;
}

bool is_surrogate(char32_t rune) { return rune >= 0xD800 && rune <= 0xDFFF; }

}  // namespace

char32_t next_rune(std::string_view text, size_t& at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) {
    ++at;
    return first;
  }
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + size > text.size()) {
    ++at;
    return kBad;
  }
  char32_t rune = first & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xC0) != 0x80) {
      ++at;
      return kBad;
    }
    rune = rune << 6 | (next & 0x3Fu);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (rune < kLeast[size] || rune > 0x10FFFF || is_surrogate(rune)) {
    ++at;
    return kBad;
  }
  at += size;
  return rune;
}

void append_rune(std::string& out, char32_t rune) {
  if (rune > 0x10FFFF || is_surrogate(rune)) rune = kBad;
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    out += static_cast<char>(0xC0 | rune >> 6);
    out += static_cast<char>(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    out += static_cast<char>(0xE0 | rune >> 12);
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | rune >> 18);
    out += static_cast<char>(0x80 | (rune >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  }
}

size_t rune_count(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) next_rune(text, at);
  return count;
}

std::u32string runes_of(std::string_view text) {
  std::u32string runes;
  for (size_t at = 0; at < text.size();) runes += next_rune(text, at);
  return runes;
}

std::string text_of(std::u32string_view runes) {
  std::string text;
  for (char32_t rune : runes) append_rune(text, rune);
  return text;
}

bool is_space(char32_t rune) {
  switch (rune) {
    case 0x85:
    case 0xA0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202F:
    case 0x205F:
    case 0x3000:
      return true;
    default:
      return rune == ' ' || (rune >= '\t' && rune <= '\r') || (rune >= 0x2000 && rune <= 0x200A);
  }
}
bool is_upper(char32_t rune) { return in_class(rune, iswupper_l); }
bool is_lower(char32_t rune) { return in_class(rune, iswlower_l); }
bool is_letter(char32_t rune) { return in_class(rune, iswalpha_l) && !is_digit(rune); }
bool is_digit(char32_t rune) { return rune >= '0' && rune <= '9'; }
bool is_punct(char32_t rune) {
  // Go's punctuation leaves ASCII's symbols out.
  if (rune < 0x80)
    return rune > ' ' &&
           std::string_view("!\"#%&'()*,-./:;?@[\\]_{}").find(static_cast<char>(rune)) !=
               std::string_view::npos;
  return in_class(rune, iswpunct_l);
}
char32_t to_upper(char32_t rune) {
  if (unicode() == nullptr) return rune;
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(rune), unicode()));
}
char32_t to_lower(char32_t rune) {
  if (unicode() == nullptr) return rune;
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(rune), unicode()));
}

std::string upper_text(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) append_rune(out, to_upper(next_rune(text, at)));
  return out;
}
std::string lower_text(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) append_rune(out, to_lower(next_rune(text, at)));
  return out;
}

std::string_view trim_runes(std::string_view text) {
  size_t begin = 0;
  while (begin < text.size()) {
    size_t at = begin;
    if (!is_space(next_rune(text, at))) break;
    begin = at;
  }
  size_t end = begin;
  for (size_t at = begin; at < text.size();) {
    if (!is_space(next_rune(text, at))) end = at;
  }
  return text.substr(begin, end - begin);
}

}  // namespace zelus::templates
