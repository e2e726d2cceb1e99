#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cel/cel.h"
#include "cel/expr.h"
#include "cel/function.h"
#include "cel/names.h"
#include "cel/node.h"

namespace bia::cel {

/// Checks the types of an expression and makes the nodes that give its value, in one walk.
class Compiler {
 public:
  Compiler(std::string_view text, const Environment& environment)
      : text_(text), environment_(environment), names_(environment) {}

  /// A part that is ready, and what it gives.
  struct Part {
    NodePtr node;
    const Type* type = nullptr;
    const ConstNode* constant = nullptr;  ///< `node`, where it is one.
  };
  Result<Part> compile(const Expr& expr);
  size_t slots() const { return slots_; }

 private:
  struct Local {
    std::string_view name;
    size_t slot;
    const Type* type;
  };

  Result<Part> constant(Value value);
  Result<Part> name(const Expr& expr);
  Result<Part> select(const Expr& expr);
  /// The longest front of "a.b.c" that is a name, and the rest as its fields.
  Result<Part> qualified(const Expr& expr, const std::string& text);
  Result<Part> field(Part of, const Expr& expr, const std::string& name, bool test);
  std::optional<Part> variable(std::string_view name);
  Result<Part> call(const Expr& expr);
  Result<Part> function(const Expr& expr, const std::string& name, bool is_member,
                        size_t first_part);
  Result<Part> overloaded(const Expr& expr, std::string_view name, bool is_member,
                          std::vector<Part> arguments);
  Result<std::optional<Part>> prepared(const Expr& expr, std::string_view name,
                                       std::vector<Part>& arguments);
  Result<Part> logic(const Expr& expr, bool is_or);
  Result<Part> condition(const Expr& expr);
  Result<Part> equality(const Expr& expr, bool negated);
  Result<Part> membership(const Expr& expr);
  Result<Part> index(const Expr& expr);
  Result<Part> list(const Expr& expr);
  Result<Part> map(const Expr& expr);
  Result<Part> message(const Expr& expr);
  Result<Part> loop(const Expr& expr);
  Result<Part> predicate(const Expr& expr);
  static Part folded(Part part);

  const Type* result_of(const std::vector<const Overload*>& shapes,
                        const std::vector<Part>& arguments);
  Part any(AnyNode::Operator which, Part left, Part right, const Type* type);
  Part of_kind(NodePtr node, Kind kind) { return {std::move(node), types_.of(kind), nullptr}; }
  const Type* joined(const Type* a, const Type* b);
  Error wrong(const Expr& expr, std::string_view what) const {
    return error_at(text_, expr.at, what);
  }

  std::string_view text_;
  const Environment& environment_;
  Names names_;
  Types types_;
  std::vector<Local> locals_;
  size_t slots_ = 0;
};

}  // namespace bia::cel
