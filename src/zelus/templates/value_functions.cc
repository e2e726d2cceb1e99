// sprig's functions of any values: defaults and types.
#include <algorithm>

#include "zelus/templates/convert.h"
#include "zelus/templates/format.h"
#include "zelus/templates/function.h"

namespace zelus::templates {

std::vector<std::string> to_strings(const Value& value) {
  std::vector<std::string> out;
  if (value.is_nil()) return out;
  if (!value.is_list()) return {value_text(value)};
  for (const Value& item : value.items()) {
    if (!item.is_nil()) out.push_back(value_text(item));
  }
  return out;
}

namespace {

Result<Value> use_default(Args args) {
  return args.size() < 2 || is_empty(args[1]) ? args[0] : args[1];
}

Result<Value> coalesce(Args args) {
  const auto found = std::find_if(args.begin(), args.end(), is_true);
  return found == args.end() ? Value() : *found;
}

Result<Value> kind_is(Args args) { return Value::boolean(args[0].as_text() == kind_name(args[1])); }

Result<Value> type_is_like(Args args) {
  const std::string type = type_name(args[1]);
  return Value::boolean(args[0].as_text() == type || "*" + args[0].as_text() == type);
}

constexpr Function kFunctions[] = {
    {"default", "aa*", use_default},
    {"empty", "a", [](Args args) -> Result<Value> { return Value::boolean(is_empty(args[0])); }},
    {"coalesce", "a*", coalesce},
    {"all", "a*",
     [](Args args) -> Result<Value> {
       return Value::boolean(std::all_of(args.begin(), args.end(), is_true));
     }},
    {"any", "a*",
     [](Args args) -> Result<Value> {
       return Value::boolean(std::any_of(args.begin(), args.end(), is_true));
     }},
    {"ternary", "aab",
     [](Args args) -> Result<Value> { return args[2].as_bool() ? args[0] : args[1]; }},
    {"typeOf", "a", [](Args args) -> Result<Value> { return Value::text(type_name(args[0])); }},
    {"typeIs", "sa",
     [](Args args) -> Result<Value> {
       return Value::boolean(args[0].as_text() == type_name(args[1]));
     }},
    {"typeIsLike", "sa", type_is_like},
    {"kindOf", "a",
     [](Args args) -> Result<Value> { return Value::text(std::string(kind_name(args[0]))); }},
    {"kindIs", "sa", kind_is},
    {"deepEqual", "aa",
     [](Args args) -> Result<Value> { return Value::boolean(deep_equal(args[0], args[1])); }},
};

}  // namespace

std::span<const Function> value_functions() { return kFunctions; }

}  // namespace zelus::templates
