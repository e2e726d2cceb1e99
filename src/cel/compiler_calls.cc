// Operators and functions: which of their shapes fit.
#include <fmt/format.h>

#include <algorithm>

#include "cel/compiler.h"

namespace bia::cel {
namespace {

std::vector<const Overload*> shapes_of(std::string_view name) {
  std::vector<const Overload*> found;
  for (auto list :
       {arithmetic_overloads(), relation_overloads(), conversion_overloads(), text_overloads(),
        text_extension_overloads(), time_overloads(), protovalidate_overloads()}) {
    for (const Overload& one : list) {
      if (one.name == name) found.push_back(&one);
    }
  }
  return found;
}

/// "_+_" as it is written.
std::string shown(std::string_view name) {
  if (name == "@in") return "in";
  std::string text;
  for (char c : name) {
    if (c != '_' || (name.front() != '_' && name.back() != '_')) text += c;
  }
  return text;
}

bool is_certain(const Type& type) { return type.kind != Kind::kDyn && !type.nullable; }

}  // namespace

Result<Compiler::Part> Compiler::call(const Expr& expr) {
  const std::string& name = expr.text;
  if (name == "_&&_" || name == "_||_") return logic(expr, name == "_||_");
  if (name == "_?_:_") return condition(expr);
  if (name == "_==_" || name == "_!=_") return equality(expr, name == "_!=_");
  if (name == "@in") return membership(expr);
  if (name == "_[_]") return index(expr);
  if (name == "type" && expr.parts.size() == 1) {
    Part of = BIA_TRY(compile(*expr.parts[0]));
    return any(AnyNode::Operator::kType, std::move(of), {}, types_.of(Kind::kType));
  }
  if (name == "getField" && expr.parts.size() == 2) {
    Part of = BIA_TRY(compile(*expr.parts[0]));
    Part field = BIA_TRY(compile(*expr.parts[1]));
    if (!is_assignable(*field.type, *types_.of(Kind::kString)))
      return wrong(*expr.parts[1], "getField() takes the field's name as a string");
    return of_kind(std::make_unique<GetFieldNode>(std::move(of.node), std::move(field.node)),
                   Kind::kDyn);
  }
  return function(expr, name, false, 0);
}

Result<Compiler::Part> Compiler::logic(const Expr& expr, bool is_or) {
  std::vector<NodePtr> nodes;
  for (const auto& one : expr.parts) nodes.push_back(std::move(BIA_TRY(predicate(*one)).node));
  return of_kind(std::make_unique<LogicNode>(std::move(nodes), is_or), Kind::kBool);
}

Result<Compiler::Part> Compiler::condition(const Expr& expr) {
  Part which = BIA_TRY(predicate(*expr.parts[0]));
  Part yes = BIA_TRY(compile(*expr.parts[1]));
  Part no = BIA_TRY(compile(*expr.parts[2]));
  const Type* type = joined(yes.type, no.type);
  if (!type)
    return wrong(expr, fmt::format("both values of \"?:\" must be of one type, not {} and {}",
                                   type_text(*yes.type), type_text(*no.type)));
  return Part{std::make_unique<ConditionNode>(std::move(which.node), std::move(yes.node),
                                              std::move(no.node)),
              type, nullptr};
}

Result<Compiler::Part> Compiler::equality(const Expr& expr, bool negated) {
  Part left = BIA_TRY(compile(*expr.parts[0]));
  Part right = BIA_TRY(compile(*expr.parts[1]));
  if (!joined(left.type, right.type))
    return wrong(expr, fmt::format("\"{}\" has no shape for ({}, {})", shown(expr.text),
                                   type_text(*left.type), type_text(*right.type)));
  return any(negated ? AnyNode::Operator::kNotEqual : AnyNode::Operator::kEqual, std::move(left),
             std::move(right), types_.of(Kind::kBool));
}

Result<Compiler::Part> Compiler::membership(const Expr& expr) {
  Part left = BIA_TRY(compile(*expr.parts[0]));
  Part right = BIA_TRY(compile(*expr.parts[1]));
  const Type* of = right.type->kind == Kind::kList  ? right.type->element
                   : right.type->kind == Kind::kMap ? right.type->key
                                                    : nullptr;
  if (right.type->kind != Kind::kDyn && (!of || !joined(left.type, of)))
    return wrong(expr, fmt::format("\"in\" has no shape for ({}, {})", type_text(*left.type),
                                   type_text(*right.type)));
  return any(AnyNode::Operator::kIn, std::move(left), std::move(right), types_.of(Kind::kBool));
}

Result<Compiler::Part> Compiler::index(const Expr& expr) {
  Part of = BIA_TRY(compile(*expr.parts[0]));
  Part key = BIA_TRY(compile(*expr.parts[1]));
  const Type* type = types_.of(Kind::kDyn);
  bool fits = of.type->kind == Kind::kDyn;
  if (of.type->kind == Kind::kList) {
    fits = key.type->kind == Kind::kInt || key.type->kind == Kind::kDyn;
    type = of.type->element;
  } else if (of.type->kind == Kind::kMap) {
    fits = is_assignable(*key.type, *of.type->key);
    type = of.type->element;
  }
  if (!fits)
    return wrong(expr, fmt::format("\"[]\" has no shape for ({}, {})", type_text(*of.type),
                                   type_text(*key.type)));
  return any(AnyNode::Operator::kIndex, std::move(of), std::move(key), type);
}

Result<Compiler::Part> Compiler::function(const Expr& expr, const std::string& name, bool is_member,
                                          size_t first_part) {
  std::vector<Part> arguments;
  for (size_t i = first_part; i < expr.parts.size(); ++i)
    arguments.push_back(BIA_TRY(compile(*expr.parts[i])));
  std::optional<Part> made = BIA_TRY(prepared(expr, name, arguments));
  if (made) return std::move(*made);
  return overloaded(expr, name.starts_with('.') ? std::string_view(name).substr(1) : name,
                    is_member, std::move(arguments));
}

/// What can be made ready beforehand: patterns, and the zones of times.
Result<std::optional<Compiler::Part>> Compiler::prepared(const Expr& expr, std::string_view name,
                                                         std::vector<Part>& arguments) {
  if (arguments.size() != 2 || !arguments[1].constant || arguments[1].type->kind != Kind::kString)
    return std::optional<Part>();
  const std::string_view text = arguments[1].constant->value().text();
  const Kind on = arguments[0].type->kind;
  if (name == "matches" && (on == Kind::kString || on == Kind::kDyn)) {
    auto pattern =
        std::make_unique<re2::RE2>(re2::StringPiece(text.data(), text.size()), re2::RE2::Quiet);
    if (!pattern->ok())
      return wrong(expr,
                   fmt::format("the pattern `{}` is none of RE2's: {}", text, pattern->error()));
    return std::optional(
        of_kind(std::make_unique<MatchNode>(std::move(arguments[0].node), std::move(pattern)),
                Kind::kBool));
  }
  if (!name.starts_with("get") || on != Kind::kTimestamp) return std::optional<Part>();
  auto zone = Zone::of_offset(text);
  if (!zone) zone = Zone::of_name(text);
  if (!zone) return wrong(expr, fmt::format("\"{}\" is no time zone of this system", text));
  std::vector<Part> moved;
  moved.push_back(of_kind(std::make_unique<ZoneNode>(std::move(arguments[0].node), std::move(zone)),
                          Kind::kTimestamp));
  return std::optional(BIA_TRY(overloaded(expr, name, true, std::move(moved))));
}

Result<Compiler::Part> Compiler::overloaded(const Expr& expr, std::string_view name, bool is_member,
                                            std::vector<Part> arguments) {
  const std::vector<const Overload*> all = shapes_of(name);
  std::vector<const Overload*> shapes;
  bool exact = true;
  for (const Overload* one : all) {
    bool fits = one->is_member == is_member && one->count == arguments.size();
    for (size_t i = 0; fits && i < arguments.size(); ++i) {
      const Kind kind = arguments[i].type->kind;
      fits = kind == Kind::kDyn || one->parameters[i] == Kind::kDyn || kind == one->parameters[i];
    }
    if (fits) shapes.push_back(one);
  }
  std::string types;
  for (const Part& part : arguments) {
    types += (types.empty() ? "" : ", ") + type_text(*part.type);
    exact &= is_certain(*part.type);
  }
  if (all.empty()) return wrong(expr, fmt::format("there is no function \"{}\"", shown(name)));
  if (shapes.empty())
    return wrong(expr, fmt::format("\"{}\" has no shape for ({})", shown(name), types));
  const Type* type = result_of(shapes, arguments);
  std::vector<NodePtr> nodes;
  bool constant = true;
  for (Part& part : arguments) {
    constant &= part.constant != nullptr;
    nodes.push_back(std::move(part.node));
  }
  exact &= shapes.size() == 1;
  Part made{std::make_unique<CallNode>(std::move(shapes), std::move(nodes), exact), type, nullptr};
  if (constant) return folded(std::move(made));
  return made;
}

const Type* Compiler::result_of(const std::vector<const Overload*>& shapes,
                                const std::vector<Part>& arguments) {
  const Kind kind = shapes[0]->result;
  const bool one = std::all_of(shapes.begin(), shapes.end(),
                               [&](const Overload* shape) { return shape->result == kind; });
  if (!one) return types_.of(Kind::kDyn);
  if (kind != Kind::kList) return types_.of(kind);
  if (shapes[0]->name != "_+_") return types_.list_of(types_.of(Kind::kString));  // split
  const Type* both =
      arguments[0].type->kind == Kind::kList && arguments[1].type->kind == Kind::kList
          ? joined(arguments[0].type->element, arguments[1].type->element)
          : nullptr;
  return types_.list_of(both ? both : types_.of(Kind::kDyn));
}

/// `duration('1h')` is a constant: it is made once. An error stays for the evaluation to tell.
Compiler::Part Compiler::folded(Part part) {
  Evaluation evaluation;
  const Value value = part.node->evaluate(evaluation);
  const bool plain = value.is_number() || value.kind() == Kind::kBool ||
                     value.kind() == Kind::kDuration || value.kind() == Kind::kTimestamp;
  if (!plain || part.type->kind != value.kind()) return part;
  auto node = std::make_unique<ConstNode>(value);
  const ConstNode* made = node.get();
  return {std::move(node), part.type, made};
}

}  // namespace bia::cel
