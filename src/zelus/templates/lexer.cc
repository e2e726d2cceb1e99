#include "zelus/templates/lexer.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/go_quote.h"
#include "zelus/templates/runes.h"

namespace zelus::templates {
namespace {

constexpr std::string_view kLeft = "{{";
constexpr std::string_view kRight = "}}";
constexpr std::string_view kSpaces = " \t\r\n";

bool is_blank(char c) { return kSpaces.find(c) != std::string_view::npos; }
bool trims_left(std::string_view text) {
  return text.size() >= 2 && text[0] == '-' && is_blank(text[1]);
}
bool trims_right(std::string_view text) {
  return text.size() >= 2 && is_blank(text[0]) && text[1] == '-';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (!done_) {
      if (inside_) {
        inside_action();
      } else {
        outside();
      }
    }
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  static constexpr char32_t kEof = 0xFFFFFFFF;
  char32_t peek() const {
    if (at_ >= text_.size()) return kEof;
    size_t at = at_;
    return next_rune(text_, at);
  }
  char32_t next() {
    if (at_ >= text_.size()) return kEof;
    return next_rune(text_, at_);
  }
  bool accept(std::string_view set) {
    if (at_ >= text_.size() || set.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }
  void accept_run(std::string_view set) {
    while (accept(set)) {
    }
  }

  void emit(TokenKind kind) { emit(kind, text_.substr(start_, at_ - start_)); }
  void emit(TokenKind kind, std::string_view text) {
    tokens_.push_back({kind, start_, std::string(text), line_});
    ignore();
  }
  void ignore() {
    line_ +=
        static_cast<size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(start_),
                                       text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'));
    start_ = at_;
  }
  void fail(std::string what) {
    tokens_.push_back({TokenKind::kError, start_, std::move(what), line_});
    done_ = true;
  }

  void outside() {
    const size_t open = text_.find(kLeft, at_);
    if (open == std::string_view::npos) {
      at_ = text_.size();
      if (at_ > start_) emit(TokenKind::kText);
      emit(TokenKind::kEnd, "EOF");
      done_ = true;
      return;
    }
    const bool trim = trims_left(text_.substr(open + kLeft.size()));
    at_ = open;
    std::string_view before = text_.substr(start_, at_ - start_);
    if (trim) before = before.substr(0, before.find_last_not_of(kSpaces) + 1);
    if (!before.empty()) {
      emit(TokenKind::kText, before);
    } else {
      ignore();
    }
    left(trim);
  }

  void left(bool trim) {
    const size_t marker = trim ? 2 : 0;
    at_ += kLeft.size();
    if (text_.substr(at_ + std::min(marker, text_.size() - at_)).starts_with("/*")) {
      at_ += marker;
      ignore();
      return comment();
    }
    emit(TokenKind::kLeft);
    at_ += marker;
    ignore();
    inside_ = true;
    parens_ = 0;
  }

  void comment() {
    const size_t close = text_.find("*/", at_ + 2);
    if (close == std::string_view::npos) return fail("unclosed comment");
    at_ = close + 2;
    const bool trim = trims_right(rest()) && rest().substr(2).starts_with(kRight);
    if (!trim && !rest().starts_with(kRight)) return fail("comment ends before closing delimiter");
    at_ += kRight.size() + (trim ? 2 : 0);
    if (trim) accept_run(kSpaces);
    ignore();
  }

  void right(bool trim) {
    if (trim) {
      at_ += 2;
      ignore();
    }
    at_ += kRight.size();
    emit(TokenKind::kRight);
    if (trim) {
      accept_run(kSpaces);
      ignore();
    }
    inside_ = false;
  }

  void inside_action() {
    const bool trim = trims_right(rest()) && rest().substr(2).starts_with(kRight);
    if (trim || rest().starts_with(kRight)) {
      if (parens_ > 0) return fail("unclosed left paren");
      return right(trim);
    }
    if (at_ >= text_.size()) return fail("unclosed action");
    const char c = text_[at_];
    if (is_blank(c)) return space();
    const char32_t rune = next();
    switch (rune) {
      case '=':
        return emit(TokenKind::kAssign);
      case ':':
        if (!accept("=")) return fail("expected :=");
        return emit(TokenKind::kDeclare);
      case '|':
        return emit(TokenKind::kPipe);
      case '"':
        return quoted('"', TokenKind::kString, "unterminated quoted string");
      case '\'':
        return quoted('\'', TokenKind::kCharConstant, "unterminated character constant");
      case '`':
        return raw();
      case '$':
        return word(TokenKind::kVariable, TokenKind::kVariable);
      case '(':
        ++parens_;
        return emit(TokenKind::kLeftParen);
      case ')':
        if (--parens_ < 0) return fail("unexpected right paren");
        return emit(TokenKind::kRightParen);
      default:
        return other(rune);
    }
  }

  void other(char32_t rune) {
    const bool digit_next = at_ < text_.size() && is_digit(static_cast<unsigned char>(text_[at_]));
    // ".field" or a number such as ".5"
    if (rune == '.' && at_ < text_.size() && !digit_next)
      return word(TokenKind::kField, TokenKind::kDot);
    if (rune == '.' || rune == '+' || rune == '-' || is_digit(rune)) {
      at_ = start_;
      return number();
    }
    if (is_word(rune)) return identifier();
    if (rune < 0x7F && rune > ' ') return emit(TokenKind::kChar);
    fail(fmt::format("unrecognized character in action: {}", unicode_name(rune)));
  }
  static std::string unicode_name(char32_t rune) {
    if (rune == kEof) return "U+FFFFFFFFFFFFFFFF";
    std::string text;
    append_rune(text, rune);
    return rune < ' ' ? fmt::format("U+{:04X}", static_cast<uint32_t>(rune))
                      : fmt::format("U+{:04X} '{}'", static_cast<uint32_t>(rune), text);
  }
  static bool is_word(char32_t rune) { return rune == '_' || is_letter(rune) || is_digit(rune); }

  void space() {
    size_t count = 0;
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_, ++count;
    // The last blank may be that of " -}}".
    const std::string_view from_last = text_.substr(at_ - 1);
    if (trims_right(from_last) && from_last.substr(2).starts_with(kRight)) {
      --at_;
      if (count == 1) return right(true);
    }
    emit(TokenKind::kSpace);
  }

  bool at_terminator() const {
    const char32_t rune = peek();
    if (rune == kEof || (rune < 0x80 && is_blank(static_cast<char>(rune)))) return true;
    return (rune < 0x80 &&
            std::string_view(".,|:)(").find(static_cast<char>(rune)) != std::string_view::npos) ||
           rest().starts_with(kRight);
  }

  /// A "." or "$" has been read.
  void word(TokenKind kind, TokenKind alone) {
    if (at_terminator()) return emit(alone);
    while (is_word(peek()) && peek() != kEof) next();
    if (!at_terminator()) return fail("bad character " + unicode_name(peek()));
    emit(kind);
  }

  void identifier() {
    while (peek() != kEof && is_word(peek())) next();
    if (!at_terminator()) return fail("bad character " + unicode_name(peek()));
    constexpr std::string_view kKeywords[] = {"block", "break", "continue", "define",   "else",
                                              "end",   "if",    "range",    "template", "with"};
    const std::string_view text = text_.substr(start_, at_ - start_);
    if (text == "nil") return emit(TokenKind::kNil);
    if (text == "true" || text == "false") return emit(TokenKind::kBool);
    const bool keyword =
        std::find(std::begin(kKeywords), std::end(kKeywords), text) != std::end(kKeywords);
    emit(keyword ? TokenKind::kKeyword : TokenKind::kIdentifier);
  }

  void quoted(char quote, TokenKind kind, std::string_view open) {
    for (;;) {
      char32_t rune = next();
      if (rune == '\\') {
        rune = next();
        if (rune != kEof && rune != '\n') continue;
      }
      if (rune == kEof || rune == '\n') return fail(std::string(open));
      if (rune == static_cast<char32_t>(quote)) return emit(kind);
    }
  }
  void raw() {
    const size_t close = text_.find('`', at_);
    if (close == std::string_view::npos) return fail("unterminated raw quoted string");
    at_ = close + 1;
    emit(TokenKind::kRawString);
  }

  void number() {
    bool good = scan_number();
    const char32_t sign = good ? peek() : kEof;
    const bool complex = sign == '+' || sign == '-';
    if (complex) good = scan_number() && text_[at_ - 1] == 'i';
    if (!good)
      return fail("bad number syntax: " + bia::codec::go_quote(text_.substr(start_, at_ - start_)));
    emit(complex ? TokenKind::kComplex : TokenKind::kNumber);
  }
  bool scan_number() {
    accept("+-");
    std::string_view digits = "0123456789_";
    bool hex = false, decimal = true;
    if (accept("0")) {
      if (accept("xX")) {
        digits = "0123456789abcdefABCDEF_";
        hex = true;
        decimal = false;
      } else if (accept("oO")) {
        digits = "01234567_";
        decimal = false;
      } else if (accept("bB")) {
        digits = "01_";
        decimal = false;
      }
    }
    accept_run(digits);
    if (accept(".")) accept_run(digits);
    if ((decimal && accept("eE")) || (hex && accept("pP"))) {
      accept("+-");
      accept_run("0123456789_");
    }
    accept("i");
    if (peek() != kEof && is_word(peek())) {
      next();
      return false;
    }
    return true;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t start_ = 0;
  size_t at_ = 0;
  size_t line_ = 1;
  int parens_ = 0;
  bool inside_ = false;
  bool done_ = false;
};

}  // namespace

std::vector<Token> read_tokens(std::string_view text) { return Lexer(text).run(); }

}  // namespace zelus::templates
