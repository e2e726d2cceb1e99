#include "zelus/options/go_json_error.h"

#include <fmt/format.h>

#include <vector>

#include "codec/utf8.h"

namespace zelus::options {

namespace {

/// A character as Go's scanner quotes it: bytes are taken for Latin-1.
std::string quoted(unsigned char c) {
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v\\'", kNames = "abfnrtv\\'";
  if (size_t at = kNamed.find(static_cast<char>(c)); at != std::string_view::npos && c != 0)
    return fmt::format("'\\{}'", kNames[at]);
  if (c < 0x20 || c == 0x7f) return fmt::format("'\\x{:02x}'", c);
  if (c < 0x80) return fmt::format("'{}'", static_cast<char>(c));
  if (c <= 0xa0 || c == 0xad) return fmt::format("'\\u{:04x}'", c);
  std::string text = "'";
  bia::codec::append_utf8(text, c);
  return text + "'";
}

/// The grammar of RFC 8259; iterative, as the text's nesting is not ours to choose.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<GoJsonError> run() {
    while (!error_) {
      while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos)
        ++at_;
      if (at_ == text_.size()) {
        if (state_ != State::kAfterValue || !inside_.empty()) ended();
        break;
      }
      step(text_[at_]);
    }
    return std::move(error_);
  }

 private:
  enum class State { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kAfterValue };

  void ended() { error_ = {text_.size(), "unexpected end of JSON input"}; }
  /// At the end, Go takes a blank for the next character.
  void refuse(std::string_view where) {
    const bool end = at_ >= text_.size();
    error_ = {end ? text_.size() : at_ + 1,
              fmt::format("invalid character {} {}",
                          quoted(end ? ' ' : static_cast<unsigned char>(text_[at_])), where)};
  }

  void step(char c) {
    switch (state_) {
      case State::kValueOrEnd:
        if (c == ']') return close();
        [[fallthrough]];
      case State::kValue:
        return value(c);
      case State::kKeyOrEnd:
        if (c == '}') return close();
        [[fallthrough]];
      case State::kKey:
        if (c != '"') return refuse("looking for beginning of object key string");
        string();
        state_ = State::kColon;
        return;
      case State::kColon:
        if (c != ':') return refuse("after object key");
        state_ = State::kValue;
        ++at_;
        return;
      case State::kAfterValue:
        return after_value(c);
    }
  }

  void open(bool object) {
    inside_.push_back(object);
    state_ = object ? State::kKeyOrEnd : State::kValueOrEnd;
    ++at_;
  }
  void close() {
    inside_.pop_back();
    state_ = State::kAfterValue;
    ++at_;
  }

  void after_value(char c) {
    if (inside_.empty()) return refuse("after top-level value");
    const bool object = inside_.back();
    if (c == (object ? '}' : ']')) return close();
    if (c != ',') return refuse(object ? "after object key:value pair" : "after array element");
    state_ = object ? State::kKey : State::kValue;
    ++at_;
  }

  void value(char c) {
    if (c == '{' || c == '[') return open(c == '{');
    state_ = State::kAfterValue;
    if (c == '"') return string();
    if (c == '-' || is_digit()) return number();
    for (std::string_view word : {"true", "false", "null"}) {
      if (c == word[0]) return literal(word);
    }
    refuse("looking for beginning of value");
  }

  void literal(std::string_view word) {
    for (size_t i = 0; i < word.size(); ++i, ++at_) {
      if (at_ >= text_.size() || text_[at_] != word[i])
        return refuse(fmt::format("in literal {} (expecting {})", word,
                                  quoted(static_cast<unsigned char>(word[i]))));
    }
  }

  void string() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return;
      }
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return refuse("in string literal");
      if (text_[at_] == '\\' && !escape()) return;
    }
    ended();
  }

  /// Leaves `at_` at the escape's last character.
  bool escape() {
    ++at_;
    if (at_ >= text_.size() || std::string_view("bfnrt\\/\"u").find(text_[at_]) == text_.npos) {
      refuse("in string escape code");
      return false;
    }
    if (text_[at_] != 'u') return true;
    for (int i = 0; i < 4; ++i) {
      ++at_;
      const char c = at_ < text_.size() ? text_[at_] : ' ';
      if (std::string_view("0123456789abcdefABCDEF").find(c) == std::string_view::npos) {
        refuse("in \\u hexadecimal character escape");
        return false;
      }
    }
    return true;
  }

  bool is_digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  bool digits() {
    if (!is_digit()) return false;
    while (is_digit()) ++at_;
    return true;
  }
  bool take(std::string_view any) {
    if (at_ >= text_.size() || any.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }

  void number() {
    take("-");
    if (!take("0") && !digits()) return refuse("in numeric literal");
    if (take(".") && !digits()) return refuse("after decimal point in numeric literal");
    if (!take("eE")) return;
    take("+-");
    if (!digits()) refuse("in exponent of numeric literal");
  }

  std::string_view text_;
  size_t at_ = 0;
  State state_ = State::kValue;
  std::vector<bool> inside_;  ///< true: of an object, false: of an array
  std::optional<GoJsonError> error_;
};

}  // namespace

std::optional<GoJsonError> go_json_error(std::string_view text) { return Scanner(text).run(); }

}  // namespace zelus::options
