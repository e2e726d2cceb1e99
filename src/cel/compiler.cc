#include "cel/compiler.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

namespace bia::cel {
namespace {
namespace pb = google::protobuf;

std::string dotted(const Expr& expr) {
  if (expr.kind == Expr::Kind::kIdent) return expr.text;
  if (expr.kind != Expr::Kind::kSelect) return {};
  const std::string outer = dotted(*expr.parts[0]);
  return outer.empty() ? outer : outer + "." + expr.text;
}

}  // namespace

Result<Compiler::Part> Compiler::compile(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kConst:
      return constant(expr.value);
    case Expr::Kind::kIdent:
      return name(expr);
    case Expr::Kind::kSelect:
      return select(expr);
    case Expr::Kind::kHas:
      return field(BIA_TRY(compile(*expr.parts[0])), expr, expr.text, true);
    case Expr::Kind::kCall:
      return call(expr);
    case Expr::Kind::kMember: {
      // `strings.quote(x)`: a function with a name of two parts.
      const std::string outer = dotted(*expr.parts[0]);
      if (outer == "strings" && expr.text == "quote" && !variable(outer))
        return function(expr, "strings.quote", false, 1);
      return function(expr, expr.text, true, 0);
    }
    case Expr::Kind::kList:
      return list(expr);
    case Expr::Kind::kMap:
      return map(expr);
    case Expr::Kind::kMessage:
      return message(expr);
    case Expr::Kind::kLoop:
      return loop(expr);
  }
  return wrong(expr, "not an expression");
}

Result<Compiler::Part> Compiler::constant(Value value) {
  auto node = std::make_unique<ConstNode>(value);
  const ConstNode* made = node.get();
  return Part{std::move(node), types_.of(value.kind()), made};
}

std::optional<Compiler::Part> Compiler::variable(std::string_view name) {
  for (auto local = locals_.rbegin(); local != locals_.rend(); ++local) {
    if (local->name == name)
      return Part{std::make_unique<SlotNode>(local->slot), local->type, nullptr};
  }
  if (name.starts_with('.')) name.remove_prefix(1);
  for (size_t i = 0; i < environment_.variables.size(); ++i) {
    if (environment_.variables[i].name == name)
      return Part{std::make_unique<SlotNode>(i), environment_.variables[i].type, nullptr};
  }
  if (name == "now") return of_kind(std::make_unique<NowNode>(), Kind::kTimestamp);
  return std::nullopt;
}

Result<Compiler::Part> Compiler::name(const Expr& expr) { return qualified(expr, expr.text); }

Result<Compiler::Part> Compiler::select(const Expr& expr) {
  const std::string text = dotted(expr);
  if (!text.empty()) return qualified(expr, text);
  return field(BIA_TRY(compile(*expr.parts[0])), expr, expr.text, false);
}

Result<Compiler::Part> Compiler::qualified(const Expr& expr, const std::string& text) {
  // A variable of a macro hides what has its name as the first part.
  const std::string first = text.substr(0, text.find('.', 1));
  const bool local = std::any_of(locals_.begin(), locals_.end(),
                                 [&](const Local& one) { return one.name == first; });
  const Expr* front = &expr;
  for (std::string part = text;;
       part.resize(part.size() - front->text.size() - 1), front = front->parts[0].get()) {
    if (!local || part == first) {
      std::optional<Part> found = variable(part);
      if (!found) {
        if (const auto value = names_.constant(part)) found = BIA_TRY(constant(*value));
      }
      if (found) {
        // The rest are fields, from the inside out.
        std::vector<const Expr*> rest;
        for (const Expr* outer = &expr; outer != front; outer = outer->parts[0].get())
          rest.push_back(outer);
        Part whole = std::move(*found);
        for (auto one = rest.rbegin(); one != rest.rend(); ++one)
          whole = BIA_TRY(field(std::move(whole), **one, (*one)->text, false));
        return whole;
      }
    }
    if (front->kind == Expr::Kind::kIdent) break;
  }
  return wrong(*front, fmt::format("\"{}\" is not known here", text));
}

Result<Compiler::Part> Compiler::field(Part of, const Expr& expr, const std::string& name,
                                       bool test) {
  const Type* type = test ? types_.of(Kind::kBool) : types_.of(Kind::kDyn);
  if (of.type->kind == Kind::kMap) {
    if (!test && of.type->element) type = of.type->element;
  } else if (of.type->kind == Kind::kMessage) {
    const pb::FieldDescriptor* found = of.type->message->FindFieldByName(name);
    if (!found && name.find('.') != std::string::npos)
      found = of.type->message->file()->pool()->FindExtensionByName(name);
    if (!found || found->containing_type() != of.type->message)
      return wrong(expr,
                   fmt::format("{} has no field \"{}\"", of.type->message->full_name(), name));
    if (!test) type = types_.of_field(found);
    return Part{std::make_unique<FieldNode>(std::move(of.node), found, test), type, nullptr};
  } else if (of.type->kind != Kind::kDyn) {
    return wrong(expr, fmt::format("a {} has no fields (\"{}\")", type_text(*of.type), name));
  }
  return Part{std::make_unique<SelectNode>(std::move(of.node), expr.text, test), type, nullptr};
}

// Of two types that are not quite alike (a wrapper and its scalar, null and a message) the values
// tell: what a type promises must hold, because exact calls do not ask again.
const Type* Compiler::joined(const Type* a, const Type* b) {
  if (is_same(*a, *b)) return a;
  return is_assignable(*a, *b) || is_assignable(*b, *a) ? types_.of(Kind::kDyn) : nullptr;
}

Compiler::Part Compiler::any(AnyNode::Operator which, Part left, Part right, const Type* type) {
  return {std::make_unique<AnyNode>(which, std::move(left.node), std::move(right.node)), type,
          nullptr};
}

Result<Compiler::Part> Compiler::list(const Expr& expr) {
  std::vector<NodePtr> nodes;
  std::vector<Value> values;
  const Type* element = nullptr;
  for (const auto& one : expr.parts) {
    Part part = BIA_TRY(compile(*one));
    if (part.constant) values.push_back(part.constant->value());
    // Values of several types are of any.
    const Type* both = element ? joined(element, part.type) : part.type;
    element = both ? both : types_.of(Kind::kDyn);
    nodes.push_back(std::move(part.node));
  }
  const Type* type = types_.list_of(element ? element : types_.of(Kind::kDyn));
  if (values.size() == nodes.size())
    return Part{std::make_unique<ConstListNode>(std::move(values)), type, nullptr};
  return Part{std::make_unique<ListNode>(std::move(nodes)), type, nullptr};
}

Result<Compiler::Part> Compiler::map(const Expr& expr) {
  std::vector<NodePtr> nodes;
  const Type* types[2] = {nullptr, nullptr};
  for (size_t i = 0; i < expr.parts.size(); ++i) {
    Part part = BIA_TRY(compile(*expr.parts[i]));
    const Kind kind = part.type->kind;
    if (i % 2 == 0 && kind != Kind::kDyn && kind != Kind::kBool && kind != Kind::kInt &&
        kind != Kind::kUint && kind != Kind::kString)
      return wrong(*expr.parts[i],
                   fmt::format("a {} can be no key of a map", type_text(*part.type)));
    const Type*& so_far = types[i % 2];
    const Type* both = so_far ? joined(so_far, part.type) : part.type;
    so_far = both ? both : types_.of(Kind::kDyn);
    nodes.push_back(std::move(part.node));
  }
  for (const Type*& type : types) {
    if (!type) type = types_.of(Kind::kDyn);
  }
  return Part{std::make_unique<MapNode>(std::move(nodes)), types_.map_of(types[0], types[1]),
              nullptr};
}

Result<Compiler::Part> Compiler::message(const Expr& expr) {
  const pb::Descriptor* type = names_.message(expr.text);
  if (!type) return wrong(expr, fmt::format("\"{}\" is no message that is known here", expr.text));
  std::vector<MessageNode::Field> fields;
  for (size_t i = 0; i < expr.parts.size(); ++i) {
    const pb::FieldDescriptor* field = type->FindFieldByName(expr.names[i]);
    if (!field)
      return wrong(*expr.parts[i],
                   fmt::format("{} has no field \"{}\"", type->full_name(), expr.names[i]));
    Part part = BIA_TRY(compile(*expr.parts[i]));
    const Type* wanted = types_.of_field(field);
    if (!is_assignable(*part.type, *wanted))
      return wrong(*expr.parts[i], fmt::format("the field {} takes {}, not {}", field->name(),
                                               type_text(*wanted), type_text(*part.type)));
    fields.emplace_back(field, std::move(part.node));
  }
  auto* factory =
      environment_.factory ? environment_.factory : pb::MessageFactory::generated_factory();
  return Part{std::make_unique<MessageNode>(type, *factory, std::move(fields)),
              types_.of_message(type), nullptr};
}

Result<Compiler::Part> Compiler::predicate(const Expr& expr) {
  Part part = BIA_TRY(compile(expr));
  if (part.type->kind != Kind::kBool && part.type->kind != Kind::kDyn)
    return wrong(expr, fmt::format("a bool is due, not {}", type_text(*part.type)));
  return part;
}

Result<Compiler::Part> Compiler::loop(const Expr& expr) {
  Part range = BIA_TRY(compile(*expr.parts[0]));
  const Type* element = types_.of(Kind::kDyn);
  if (range.type->kind == Kind::kList) {
    element = range.type->element;
  } else if (range.type->kind == Kind::kMap) {
    element = range.type->key;
  } else if (range.type->kind != Kind::kDyn) {
    return wrong(expr, fmt::format("{}() is for lists and maps, not for {}", expr.text,
                                   type_text(*range.type)));
  }
  const size_t slot = environment_.variables.size() + slots_++;
  locals_.push_back({expr.names[0], slot, element});
  NodePtr condition;
  NodePtr result;
  const Type* type = types_.of(Kind::kBool);
  const bool maps = expr.text == "map";
  if (!maps || expr.parts.size() == 3)
    condition = std::move(BIA_TRY(predicate(*expr.parts[1])).node);
  if (maps) {
    Part made = BIA_TRY(compile(*expr.parts.back()));
    type = types_.list_of(made.type);
    result = std::move(made.node);
  } else if (expr.text == "filter") {
    type = types_.list_of(element);
  }
  locals_.pop_back();
  const auto macro = maps                        ? LoopNode::Macro::kMap
                     : expr.text == "filter"     ? LoopNode::Macro::kFilter
                     : expr.text == "all"        ? LoopNode::Macro::kAll
                     : expr.text == "exists_one" ? LoopNode::Macro::kExistsOne
                                                 : LoopNode::Macro::kExists;
  return Part{std::make_unique<LoopNode>(macro, slot, std::move(range.node), std::move(condition),
                                         std::move(result)),
              type, nullptr};
}

struct Program::Parsed {
  std::string text;
  std::unique_ptr<Expr> expr;
};
Program::Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

Result<Program> Program::compile(std::string_view expression, const Environment& environment) {
  Program made;
  made.parsed_ = std::make_unique<Parsed>();
  made.parsed_->text = expression;
  made.parsed_->expr = BIA_TRY(parse(made.parsed_->text));
  Compiler compiler(made.parsed_->text, environment);
  Compiler::Part root = BIA_TRY(compiler.compile(*made.parsed_->expr));
  made.root_ = std::move(root.node);
  made.kind_ = root.type->kind;
  made.slots_ = compiler.slots();
  return made;
}

Value Program::evaluate(Evaluation& evaluation, std::span<const Value> variables) const {
  evaluation.slots = evaluation.array(variables.size() + slots_);
  std::copy(variables.begin(), variables.end(), evaluation.slots);
  return root_->evaluate(evaluation);
}

}  // namespace bia::cel
