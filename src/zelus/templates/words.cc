// Words of identifiers, as huandu/xstrings (which sprig uses) tells them apart.
#include "zelus/templates/words.h"

#include <cstdint>

#include "zelus/templates/runes.h"

namespace zelus::templates {
namespace {

bool is_connector(char32_t rune) { return rune == '-' || rune == '_' || is_space(rune); }

enum class Kind : uint8_t { kNone, kNumber, kUpper, kLetters, kConnector, kPunct, kOther };

class Words {
 public:
  Words(std::string_view text, char connector) : runes_(runes_of(text)), connector_(connector) {}

  std::string run() {
    if (runes_.empty()) return "";
    next();
    while (at_ < runes_.size()) {
      if (kind_ != Kind::kConnector) put(kind_, word_);
      const Kind before = kind_;
      const std::u32string_view last = word_;
      next();
      if (before == Kind::kNumber) {
        after_number();
      } else if (before == Kind::kConnector) {
        put(before, last);
      } else if (before != Kind::kPunct) {
        after_letters();
      }
    }
    put(kind_, word_);
    return text_of(out_);
  }

 private:
  static bool letters(Kind kind) { return kind == Kind::kLetters || kind == Kind::kNumber; }
  static bool starts_word(Kind kind) { return kind != Kind::kConnector && kind != Kind::kPunct; }

  void put_letters() {
    while (letters(kind_)) {
      put(kind_, word_);
      next();
    }
  }
  void after_number() {
    put_letters();
    if (kind_ != Kind::kNone && starts_word(kind_)) connect();
  }
  void after_letters() {
    if (kind_ != Kind::kNumber) {
      if (starts_word(kind_)) connect();
      return;
    }
    if (at_ >= runes_.size()) return;
    const std::u32string_view number = word_;
    next();
    // "Bld4Floor": the number is of the word before it; "HTTP2xx": of the one behind.
    if (kind_ != Kind::kLetters) {
      put(Kind::kNumber, number);
      if (starts_word(kind_)) connect();
      return;
    }
    connect();
    put(Kind::kNumber, number);
    put_letters();
    if (kind_ != Kind::kNone && starts_word(kind_)) connect();
  }

  void connect() { out_ += static_cast<char32_t>(connector_); }
  void put(Kind kind, std::u32string_view word) {
    const bool change = kind == Kind::kUpper || kind == Kind::kConnector;
    for (char32_t rune : word) {
      if (change && is_connector(rune))
        connect();
      else
        out_ += change ? to_lower(rune) : rune;
    }
  }

  static bool is_plain(char32_t rune) { return is_letter(rune) && !is_upper(rune); }
  template <typename Test>
  void take(Test test) {
    while (at_ < runes_.size() && test(runes_[at_])) ++at_;
  }
  void next() {
    const size_t begin = at_;
    kind_ = Kind::kNone;
    if (at_ < runes_.size()) {
      const char32_t rune = runes_[at_++];
      if (is_connector(rune)) {
        kind_ = Kind::kConnector;
        take(is_connector);
      } else if (is_punct(rune)) {
        kind_ = Kind::kPunct;
        take(is_punct);
      } else if (is_upper(rune)) {
        kind_ = Kind::kUpper;
        upper_word();
      } else if (is_letter(rune)) {
        kind_ = Kind::kLetters;
        take(is_plain);
      } else if (is_digit(rune)) {
        kind_ = Kind::kNumber;
        take(is_digit);
      } else {
        kind_ = Kind::kOther;
        take([](char32_t other) {
          return !is_connector(other) && !is_letter(other) && !is_digit(other) && !is_punct(other);
        });
      }
    }
    word_ = std::u32string_view(runes_).substr(begin, at_ - begin);
  }
  void upper_word() {
    if (at_ < runes_.size() && is_upper(runes_[at_])) {
      take(is_upper);
      // The last one begins the next word: "HTTPStatus".
      if (at_ < runes_.size() && is_letter(runes_[at_])) --at_;
    } else {
      take(is_plain);
    }
  }

  std::u32string runes_;
  char connector_;
  std::u32string out_;
  size_t at_ = 0;
  Kind kind_ = Kind::kNone;
  std::u32string_view word_;
};

}  // namespace

std::string camel_case(std::string_view text) {
  const std::u32string runes = runes_of(text);
  std::u32string out;
  size_t at = 0;
  while (at < runes.size() && is_connector(runes[at])) out += runes[at++];
  if (at == runes.size()) return text_of(out);
  char32_t held = to_upper(runes[at++]);
  for (; at < runes.size(); ++at) {
    const char32_t before = held;
    held = runes[at];
    if (is_connector(held) && is_connector(before)) {
      out += before;
    } else if (is_connector(before)) {
      held = to_upper(held);
    } else {
      held = to_lower(held);
      out += before;
    }
  }
  return text_of(out += held);
}

std::string joined_words(std::string_view text, char connector) {
  return Words(text, connector).run();
}

}  // namespace zelus::templates
