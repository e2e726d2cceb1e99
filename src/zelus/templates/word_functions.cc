// sprig's functions of letter case, words and lines.
#include <algorithm>

#include "zelus/templates/format.h"
#include "zelus/templates/function.h"
#include "zelus/templates/runes.h"
#include "zelus/templates/words.h"

namespace zelus::templates {
namespace {

/// goutils reads bytes as if each were a character.
std::string byte_runes(std::string_view text, bool (*keep)(char32_t rune, bool& state)) {
  std::string out;
  bool state = true;
  for (char c : text) {
    const auto rune = static_cast<char32_t>(static_cast<unsigned char>(c));
    if (keep(rune, state)) append_rune(out, rune);
  }
  return out;
}

Result<Value> nospace(Args args) {
  const std::string& in = args[0].as_text();
  const bool none = std::none_of(in.begin(), in.end(),
                                 [](char c) { return is_space(static_cast<unsigned char>(c)); });
  if (none) return args[0];
  return Value::text(byte_runes(in, [](char32_t rune, bool&) { return !is_space(rune); }));
}

Result<Value> initials(Args args) {
  return Value::text(byte_runes(args[0].as_text(), [](char32_t rune, bool& gap) {
    const bool first = gap && !is_space(rune);
    gap = is_space(rune);
    return first;
  }));
}

Result<Value> title(Args args) {
  std::u32string runes = runes_of(args[0].as_text());
  bool begins = true;
  for (char32_t& rune : runes) {
    const bool of_word =
        rune == '_' || is_letter(rune) || is_digit(rune) || (rune >= 0x80 && !is_space(rune));
    if (begins && of_word) rune = to_upper(rune);
    begins = !of_word;
  }
  return Value::text(text_of(runes));
}

Result<Value> untitle(Args args) {
  std::u32string runes = runes_of(args[0].as_text());
  bool begins = true;
  for (char32_t& rune : runes) {
    if (begins && !is_space(rune)) rune = to_lower(rune);
    begins = is_space(rune);
  }
  return Value::text(text_of(runes));
}

Result<Value> swapcase(Args args) {
  std::u32string runes = runes_of(args[0].as_text());
  for (char32_t& rune : runes) {
    if (is_upper(rune))
      rune = to_lower(rune);
    else if (is_lower(rune))
      rune = to_upper(rune);
  }
  return Value::text(text_of(runes));
}

enum class LongWords { kKeep, kCut };

std::string wrapped(std::string_view text, int64_t width, std::string_view newline,
                    LongWords long_words) {
  if (newline.empty()) newline = "\n";
  const auto columns = static_cast<size_t>(std::clamp<int64_t>(width, 1, kMadeBytesMax));
  std::string out;
  while (text.size() > columns && out.size() <= kOutputBytesMax) {  // As `replaced`.
    if (text[0] == ' ') {
      text.remove_prefix(1);
      continue;
    }
    size_t cut = text.substr(0, columns + 1).rfind(' ');
    size_t skip = 1;
    if (cut == std::string_view::npos && long_words == LongWords::kCut) {
      cut = columns;
      skip = 0;
    } else if (cut == std::string_view::npos) {
      cut = text.find(' ', columns);
      if (cut == std::string_view::npos) break;
    }
    out += text.substr(0, cut);
    out += newline;
    text.remove_prefix(cut + skip);
  }
  return out += text;
}

constexpr Function kFunctions[] = {
    {"title", "s", title},
    {"untitle", "s", untitle},
    {"nospace", "s", nospace},
    {"initials", "s", initials},
    {"swapcase", "s", swapcase},
    {"snakecase", "s",
     [](Args args) -> Result<Value> { return Value::text(joined_words(args[0].as_text(), '_')); }},
    {"kebabcase", "s",
     [](Args args) -> Result<Value> { return Value::text(joined_words(args[0].as_text(), '-')); }},
    {"camelcase", "s",
     [](Args args) -> Result<Value> { return Value::text(camel_case(args[0].as_text())); }},
    {"wrap", "is",
     [](Args args) -> Result<Value> {
       return Value::text(wrapped(args[1].as_text(), args[0].as_int(), "", LongWords::kKeep));
     }},
    {"wrapWith", "iss",
     [](Args args) -> Result<Value> {
       return Value::text(
           wrapped(args[2].as_text(), args[0].as_int(), args[1].as_text(), LongWords::kCut));
     }},
};

}  // namespace

std::span<const Function> word_functions() { return kFunctions; }

}  // namespace zelus::templates
