#pragma once
#include "cel/expr.h"
#include "cel/token.h"

namespace bia::cel {

/// By cel-spec's grammar: an operator's binding decides which of them takes a part.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(text) {}
  Result<std::unique_ptr<Expr>> parse();

 private:
  using Part = std::unique_ptr<Expr>;

  Part expression();
  Part binary(int binding_min);
  Part unary();
  Part member();
  Part primary();
  Part literal();
  Part name();
  Part list();
  Part map();
  Part message(Part type);
  Part select(Part of);
  Part index(Part of);
  Part call(Part on, std::string function, size_t at);
  Part macro(Part on, const std::string& function, std::vector<Part> arguments, size_t at);
  bool arguments(std::vector<Part>& into);

  Part make(Expr::Kind kind, size_t at, std::string text = {}, std::vector<Part> parts = {});
  Part text_value(Expr::Kind kind, bool bytes);
  Part fail(std::string_view what) { return fail_at(token_.at, what); }
  Part fail_at(size_t at, std::string_view what);
  bool is_mark(std::string_view mark) const {
    return token_.kind == Token::Kind::kMark && token_.text == mark;
  }
  bool is_word(std::string_view word) const {
    return token_.kind == Token::Kind::kIdent && token_.text == word;
  }
  void advance();
  bool take(std::string_view mark);
  bool expect(std::string_view mark);

  std::string_view text_;
  Tokens tokens_;
  Token token_;
  int depth_ = 0;
  bool failed_ = false;
  size_t failed_at_ = 0;
  std::string failure_;
};

}  // namespace bia::cel
