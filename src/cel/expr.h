#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "cel/value.h"

namespace bia::cel {

/// Bytes of one expression, and how deep its parts may lie in one another.
inline constexpr size_t kExpressionBytesMax = 65536;
inline constexpr int kDepthMax = 64;

/// A part of an expression.
struct Expr {
  enum class Kind : uint8_t {
    kConst,    ///< `value`.
    kIdent,    ///< `text`; with a leading dot where one is written.
    kSelect,   ///< parts[0].text
    kHas,      ///< has(parts[0].text)
    kCall,     ///< text(parts…); operators by their names in cel-spec ("_+_", "_?_:_").
    kMember,   ///< parts[0].text(parts[1], …)
    kList,     ///< [parts…]
    kMap,      ///< {parts[0]: parts[1], …}
    kMessage,  ///< text{names[0]: parts[0], …}
    kLoop,     ///< parts[0].text(names[0], parts[1], …): a macro.
  };
  Kind kind = Kind::kConst;
  size_t at = 0;  ///< Bytes from the expression's start.
  int depth = 1;
  Value value;  ///< Views `text` where it is one.
  std::string text;
  std::vector<std::string> names;
  std::vector<std::unique_ptr<Expr>> parts;
};

/// An expression with its macros resolved. Errors: kInvalidArgument, with "column 5: …".
Result<std::unique_ptr<Expr>> parse(std::string_view text);

/// What is wrong at a place of an expression: "column 5: …", or "line 2, column 5: …".
Error error_at(std::string_view expression, size_t at, std::string_view what);

}  // namespace bia::cel
