#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace bia::cel {

/// A piece of an expression.
struct Token {
  enum class Kind : uint8_t {
    kEnd,
    kIdent,   ///< Also the words true, false, null and in.
    kQuoted,  ///< `name-with-dashes`, a field's.
    kInt,
    kUint,
    kDouble,
    kString,
    kBytes,
    kMark,  ///< An operator or bracket.
  };
  Kind kind = Kind::kEnd;
  size_t at = 0;          ///< Where it begins: bytes from the expression's start.
  std::string_view text;  ///< As it is written.
  std::string value;      ///< Of a string or bytes: without quotes and escapes.
  uint64_t number = 0;    ///< Of an integer, without its sign.
  double real = 0;
};

/// The pieces of an expression, one after the other.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}
  /// False with `error()` where no piece begins.
  bool next(Token& token);
  const std::string& error() const { return error_; }
  size_t error_at() const { return at_; }

 private:
  void pass_over_blanks();
  bool number(Token& token);
  bool hex_number(Token& token);
  bool quoted(Token& token);
  bool string(Token& token, size_t prefix);
  bool escape(Token& token, bool bytes);
  bool code_point(Token& token, size_t digits, int base, bool bytes);
  bool fail(std::string text) {
    error_ = std::move(text);
    return false;
  }
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string error_;
};

}  // namespace bia::cel
