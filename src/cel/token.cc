// Lexis as cel-spec's langdef.md has it ("Syntax").
#include "cel/token.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "codec/real_text.h"
#include "codec/utf8.h"

namespace bia::cel {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f'); }
bool is_name_start(char c) { return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_'; }
bool is_name(char c) { return is_name_start(c) || is_digit(c); }

}  // namespace

void Tokens::pass_over_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == ' ' || (c >= '\t' && c <= '\r' && c != '\v')) {
      ++at_;
    } else if (text_.substr(at_).starts_with("//")) {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else {
      return;
    }
  }
}

bool Tokens::next(Token& token) {
  pass_over_blanks();
  token = Token();
  token.at = at_;
  const size_t begin = at_;
  if (at_ == text_.size()) return true;
  const char c = peek();
  bool good = true;
  size_t prefix = 0;
  if ((peek(prefix) | 32) == 'b') ++prefix;
  if ((peek(prefix) | 32) == 'r') ++prefix;
  if (peek(prefix) == '"' || peek(prefix) == '\'') {
    good = string(token, prefix);
  } else if (is_name_start(c)) {
    token.kind = Token::Kind::kIdent;
    while (is_name(peek())) ++at_;
  } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
    good = number(token);
  } else if (c == '`') {
    good = quoted(token);
  } else {
    token.kind = Token::Kind::kMark;
    for (std::string_view two : {"==", "!=", "<=", ">=", "&&", "||"}) {
      if (text_.substr(at_).starts_with(two)) ++at_;
      if (at_ != begin) break;
    }
    if (at_ == begin && std::string_view("+-*/%<>!?:.,()[]{}").find(c) == std::string_view::npos)
      return fail(c == '=' ? "\"=\" is no operator; write \"==\""
                  : c == '&' || c == '|'
                      ? fmt::format("\"{0}\" is no operator; write \"{0}{0}\"", c)
                      : "a character that begins nothing here");
    ++at_;
  }
  token.text = text_.substr(begin, at_ - begin);
  return good;
}

bool Tokens::quoted(Token& token) {
  const size_t end = text_.find('`', at_ + 1);
  if (end == std::string_view::npos || end == at_ + 1) return fail("a \"`\" without its end");
  token.kind = Token::Kind::kQuoted;
  token.value = text_.substr(at_ + 1, end - at_ - 1);
  at_ = end + 1;
  return true;
}

bool Tokens::hex_number(Token& token) {
  const size_t begin = at_ + 2;
  at_ = begin;
  while (is_hex(peek())) ++at_;
  const auto [end, error] =
      std::from_chars(text_.data() + begin, text_.data() + at_, token.number, 16);
  if (at_ == begin || error != std::errc()) return fail("an integer beyond 64 bits");
  return true;
}

bool Tokens::number(Token& token) {
  const size_t begin = at_;
  if (peek() == '0' && (peek(1) | 32) == 'x') {
    if (!hex_number(token)) return false;
    token.kind = Token::Kind::kInt;
  } else {
    token.kind = Token::Kind::kInt;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      token.kind = Token::Kind::kDouble;
      for (++at_; is_digit(peek());) ++at_;
    }
    const size_t sign = peek(1) == '+' || peek(1) == '-' ? 2 : 1;
    if ((peek() | 32) == 'e' && is_digit(peek(sign))) {
      token.kind = Token::Kind::kDouble;
      for (at_ += sign; is_digit(peek());) ++at_;
    }
    const char* first = text_.data() + begin;
    const char* last = text_.data() + at_;
    if (token.kind == Token::Kind::kDouble) {
      const auto result = codec::real_from_chars({first, last}, token.real);
      // What is beyond is infinite, what is below is nothing.
      if (result.ec != std::errc()) token.real = HUGE_VAL;
    } else if (std::from_chars(first, last, token.number).ec != std::errc()) {
      return fail("an integer beyond 64 bits");
    }
  }
  if (token.kind == Token::Kind::kInt && (peek() | 32) == 'u') {
    token.kind = Token::Kind::kUint;
    ++at_;
  }
  if (is_name(peek())) return fail("a number that goes on with letters");
  return true;
}

bool Tokens::string(Token& token, size_t prefix) {
  bool raw = false;
  token.kind = Token::Kind::kString;
  for (size_t i = 0; i < prefix; ++i, ++at_) {
    raw |= (peek() | 32) == 'r';
    if ((peek() | 32) == 'b') token.kind = Token::Kind::kBytes;
  }
  const char quote = peek();
  const std::string three(3, quote);
  const bool triple = text_.substr(at_).starts_with(three);
  const std::string_view closing = std::string_view(three).substr(0, triple ? 3 : 1);
  at_ += closing.size();
  for (;;) {
    if (at_ >= text_.size()) return fail("a string without its end");
    if (text_.substr(at_).starts_with(closing)) break;
    const char c = peek();
    if (!triple && (c == '\n' || c == '\r')) return fail("a string that ends with its line");
    if (c == '\\' && !raw) {
      if (!escape(token, token.kind == Token::Kind::kBytes)) return false;
    } else {
      token.value += c;
      ++at_;
    }
  }
  at_ += closing.size();
  return true;
}

bool Tokens::escape(Token& token, bool bytes) {
  const char c = peek(1);
  constexpr std::string_view kFrom = "abfnrtv\\?\"'`";
  constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\?\"'`";
  if (const size_t plain = kFrom.find(c); c && plain != std::string_view::npos) {
    token.value += kTo[plain];
    at_ += 2;
    return true;
  }
  if (c >= '0' && c <= '3') {
    ++at_;
    return code_point(token, 3, 8, bytes);
  }
  const size_t digits = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0 || (bytes && digits > 2)) return fail("an escape that is none of CEL's");
  at_ += 2;
  return code_point(token, digits, 16, bytes);
}

bool Tokens::code_point(Token& token, size_t digits, int base, bool bytes) {
  uint32_t code = 0;
  const std::string_view text = text_.substr(std::min(at_, text_.size()), digits);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code, base);
  if (text.size() != digits || error != std::errc() || end != text.data() + digits)
    return fail("an escape with too few digits");
  at_ += digits;
  if (bytes) {
    token.value += static_cast<char>(code);
    return true;
  }
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
    return fail("an escape that is no character of Unicode");
  codec::append_utf8(token.value, code);
  return true;
}

}  // namespace bia::cel
