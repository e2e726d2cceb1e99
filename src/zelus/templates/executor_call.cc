// Calls: how many arguments, of which types, and what they come from.
#include <fmt/format.h>

#include <algorithm>

#include "zelus/templates/executor.h"
#include "zelus/templates/format.h"

namespace zelus::templates {
namespace {

std::string_view parameter_type(char letter) {
  switch (letter) {
    case 's':
      return "string";
    case 'i':
      return "int";
    case 'u':
      return "uint32";
    case 'f':
      return "float64";
    case 'b':
      return "bool";
    case 't':
      return "time.Time";
    case 'd':
      return "time.Duration";
    case 'm':
      return "map[string]interface {}";
    case 'l':
      return "[]interface {}";
    case 'c':
      return "sprig.certificate";
    case 'v':
      return "reflect.Value";
    default:
      return "interface {}";
  }
}

bool can_be_nil(char letter) {
  return letter == 'a' || letter == 'v' || letter == 'm' || letter == 'l';
}

bool fits(const Value& value, char letter) {
  switch (letter) {
    case 's':
      return value.is(Type::kString);
    case 'i':
      return value.is(Type::kInt);
    case 'u':
      return false;  // No value has that type; constants do.
    case 'f':
      return value.is(Type::kFloat64);
    case 'b':
      return value.is(Type::kBool);
    case 't':
      return value.is(Type::kTime);
    case 'd':
      return value.is(Type::kDuration);
    case 'm':
      return value.is(Type::kMap);
    case 'l':
      return value.is(Type::kList);
    case 'c':
      return value.is(Type::kCertificate);
    default:
      return true;
  }
}

}  // namespace

Result<Value> Executor::fit(Value value, char letter) {
  if (value.is_nil()) {
    if (letter == 'm') return Value::map({});
    if (letter == 'l') return Value::list({});
    if (can_be_nil(letter)) return value;
    return wrong(fmt::format("invalid value; expected {}", parameter_type(letter)));
  }
  if (!fits(value, letter))
    return wrong(fmt::format("wrong type for value; expected {}; got {}", parameter_type(letter),
                             type_name(value)));
  return value;
}

Result<Value> Executor::argument(const Value& dot, char letter, const Node& node) {
  at_ = &node;
  switch (node.kind) {
    case NodeKind::kDot:
      return fit(dot, letter);
    case NodeKind::kNil:
      if (!can_be_nil(letter))
        return wrong(fmt::format("cannot assign nil to {}", parameter_type(letter)));
      return fit(Value(), letter);
    case NodeKind::kField:
      return fit(
          BIA_TRY(fields(dot, dot, node.names.data(), node.names.size(), node, nullptr, nullptr)),
          letter);
    case NodeKind::kVariable:
      return fit(BIA_TRY(variable(dot, node, nullptr, nullptr)), letter);
    case NodeKind::kPipe:
      return fit(BIA_TRY(pipeline(dot, node)), letter);
    case NodeKind::kIdentifier:
      return fit(BIA_TRY(call(dot, *node.function, node, nullptr, nullptr, nullptr)), letter);
    case NodeKind::kChain:
      return fit(BIA_TRY(chain(dot, node, nullptr, nullptr)), letter);
    default:
      return literal_argument(letter, node);
  }
}

Result<Value> Executor::literal_argument(char letter, const Node& node) {
  const bool number = node.kind == NodeKind::kNumber;
  auto expected = [&](std::string_view what) {
    return wrong(fmt::format("expected {}; found {}", what, node_text(node)));
  };
  switch (letter) {
    case 'a':
    case 'v':
      return constant(node);
    case 's':
      if (node.kind != NodeKind::kString) return expected("string");
      return Value::text(node.value);
    case 'b':
      if (node.kind != NodeKind::kBool) return expected("bool");
      return Value::boolean(node.truth);
    case 'i':
    case 'd':
      if (!number || !node.number.is_int) return expected("integer");
      return Value::integer(node.number.integer, letter == 'i' ? Type::kInt : Type::kDuration);
    case 'u':
      if (!number || !node.number.is_uint) return expected("unsigned integer");
      return Value::integer(static_cast<int64_t>(static_cast<uint32_t>(node.number.natural)));
    case 'f':
      if (!number || !node.number.is_float) return expected("float");
      return Value::real(node.number.real);
    default:
      return wrong(fmt::format("can't handle {} for arg of type {}", node_text(node),
                               parameter_type(letter)));
  }
}

Result<Value> Executor::and_or(const Value& dot, bool is_or, const Node* command,
                               const Value* final) {
  Value value;
  for (size_t i = 1; command != nullptr && i < command->children.size(); ++i) {
    value = BIA_TRY(argument(dot, 'v', *command->children[i]));
    if (is_true(value) == is_or) return value;
  }
  return final != nullptr ? *final : value;
}

namespace {

/// What its first argument, a map, gets may be a map that holds it.
bool puts_values(const Function& function, const Items& arguments) {
  if (function.name == "set") return arguments[2].is_map() || arguments[2].is_list();
  return function.name.ends_with("merge") || function.name.ends_with("Merge") ||
         function.name.ends_with("ergeOverwrite");
}

}  // namespace

Result<Value> Executor::call(const Value& dot, const Function& function, const Node& shown,
                             const Node* command, const Value* final, const Value* receiver) {
  BIA_TRY(step());
  const size_t typed = argument_count(command);
  const size_t given = typed + (final != nullptr ? 1 : 0);
  const size_t fixed = function.fixed();
  if (function.variadic() ? given < fixed : given != fixed) {
    return wrong(fmt::format("wrong number of args for {}: want {}{} got {}", function.name,
                             function.variadic() ? "at least " : "", fixed,
                             function.variadic() ? typed : given));
  }
  if (function.name == "and" || function.name == "or")
    return and_or(dot, function.name == "or", command, final);
  auto letter = [&](size_t i) { return function.params[std::min(i, fixed)]; };
  Items arguments;
  arguments.reserve(given + 1);
  if (receiver != nullptr) arguments.push_back(*receiver);
  for (size_t i = 0; i < typed; ++i)
    arguments.push_back(BIA_TRY(argument(dot, letter(i), *command->children[i + 1])));
  if (final != nullptr) arguments.push_back(BIA_TRY(fit(*final, letter(typed))));
  auto result = function.call(arguments);
  if (puts_values(function, arguments)) changed_.push_back(arguments[0]);
  if (result.ok()) {
    const bool text = result->is(Type::kString) && result->as_text().size() > kOutputBytesMax;
    const bool list =
        result->is_list() && result->items().size() > static_cast<size_t>(kMadeItemsMax);
    if (!text && !list) return result;
    result = text ? call_error(fmt::format("makes more than {} bytes", kOutputBytesMax))
                  : call_error(fmt::format("makes more than {} items", kMadeItemsMax));
  }
  at_ = &shown;
  return wrong(fmt::format("error calling {}: {}", function.name, result.error().message()));
}

}  // namespace zelus::templates
