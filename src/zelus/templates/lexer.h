#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace zelus::templates {

enum class TokenKind {
  kError,
  kEnd,  ///< of the text
  kText,
  kLeft,   ///< {{
  kRight,  ///< }}
  kSpace,
  kAssign,
  kDeclare,
  kPipe,
  kLeftParen,
  kRightParen,
  kChar,  ///< a printable ASCII character, such as a comma
  kCharConstant,
  kBool,
  kDot,
  kField,
  kIdentifier,
  kNumber,
  kComplex,
  kNil,
  kRawString,
  kString,
  kVariable,
  kKeyword
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t at = 0;  ///< in the text
  std::string text;
  size_t line = 1;
};

/// The words of a template, as Go's text/template/parse cuts them. Ends with kEnd or kError, whose
/// text is the error's.
std::vector<Token> read_tokens(std::string_view text);

}  // namespace zelus::templates
