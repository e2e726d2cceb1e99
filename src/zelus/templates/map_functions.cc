// sprig's functions of maps.
#include <fmt/format.h>

#include <algorithm>

#include "zelus/templates/format.h"
#include "zelus/templates/function.h"

namespace zelus::templates {
namespace {

Result<Value> dict(Args args) {
  Members members;
  for (size_t i = 0; i < args.size(); i += 2)
    members[value_text(args[i])] = i + 1 < args.size() ? args[i + 1] : Value::text("");
  return Value::map(std::move(members));
}

Result<Value> get(Args args) {
  const auto found = args[0].members().find(args[1].as_text());
  return found == args[0].members().end() ? Value::text("") : found->second;
}
Result<Value> set(Args args) {
  args[0].members()[args[1].as_text()] = args[2];
  return args[0];
}
Result<Value> unset(Args args) {
  args[0].members().erase(args[1].as_text());
  return args[0];
}
Result<Value> has_key(Args args) {
  return Value::boolean(args[0].members().contains(args[1].as_text()));
}

Result<Value> pluck(Args args) {
  Items items;
  for (const Value& map : args.subspan(1)) {
    const auto found = map.members().find(args[0].as_text());
    if (found != map.members().end()) items.push_back(found->second);
  }
  return Value::list(std::move(items));
}

/// Go's order is random; this is sorted.
Result<Value> keys(Args args) {
  std::vector<std::string> names;
  for (const Value& map : args) {
    for (const auto& [key, value] : map.members()) names.push_back(key);
  }
  return Value::strings(names);
}
Result<Value> values(Args args) {
  Items items;
  for (const auto& [key, value] : args[0].members()) items.push_back(value);
  return Value::list(std::move(items));
}

bool names(Args args, const std::string& key) {
  return std::any_of(args.begin() + 1, args.end(),
                     [&key](const Value& name) { return name.as_text() == key; });
}
Result<Value> pick(Args args) {
  Members members;
  for (const auto& [key, value] : args[0].members()) {
    if (names(args, key)) members.emplace(key, value);
  }
  return Value::map(std::move(members));
}
Result<Value> omit(Args args) {
  Members members;
  for (const auto& [key, value] : args[0].members()) {
    if (!names(args, key)) members.emplace(key, value);
  }
  return Value::map(std::move(members));
}

enum class Existing { kKept, kOverwritten };

/// mergo's: maps inside are merged too; what is empty counts as not there.
void merge_into(Members& to, const Members& from, Existing existing, size_t depth) {
  for (const auto& [key, value] : from) {
    auto found = to.find(key);
    if (found == to.end()) {
      to.emplace(key, value);
    } else if (found->second.is(Type::kMap) && value.is(Type::kMap) && depth < kValueDepthMax) {
      // Kept: what is overwritten below may be the only one that holds them.
      const Value into = found->second;
      const Value source = value;
      if (&into.members() != &source.members())
        merge_into(into.members(), source.members(), existing, depth + 1);
    } else if (is_empty(found->second) || (existing == Existing::kOverwritten && is_true(value))) {
      found->second = value;
    }
  }
}
Result<Value> merged(Args args, Existing existing) {
  for (const Value& from : args.subspan(1)) {
    if (&from.members() != &args[0].members())
      merge_into(args[0].members(), from.members(), existing, 0);
  }
  return args[0];
}
Result<Value> merge(Args args) { return merged(args, Existing::kKept); }
Result<Value> merge_overwrite(Args args) { return merged(args, Existing::kOverwritten); }

Error no_conversion(const Value& value, std::string_view to) {
  return call_error(value.is_nil()
                        ? fmt::format("interface conversion: interface {{}} is nil, not {}", to)
                        : fmt::format("interface conversion: interface {{}} is {}, not {}",
                                      type_name(value), to));
}

Result<Value> dig(Args args) {
  if (args.size() < 3) return call_error("dig needs at least three arguments");
  constexpr std::string_view kMap = "map[string]interface {}";
  if (!args.back().is(Type::kMap)) return no_conversion(args.back(), kMap);
  for (const Value& name : args.first(args.size() - 2)) {
    if (!name.is(Type::kString)) return no_conversion(name, "string");
  }
  Value at = args.back();
  for (const Value& name : args.first(args.size() - 2)) {
    if (!at.is(Type::kMap)) return no_conversion(at, kMap);
    const auto found = at.members().find(name.as_text());
    if (found == at.members().end()) return args[args.size() - 2];
    at = Value(found->second);
  }
  return at;
}

Result<Value> copied(const Value& value, size_t depth) {
  if (depth > kValueDepthMax) return call_error("deepCopy error: too deep");
  if (value.is_map()) {
    Members members;
    for (const auto& [key, item] : value.members())
      members.emplace(key, BIA_TRY(copied(item, depth + 1)));
    return Value::map(std::move(members), value.type());
  }
  if (!value.is_list()) return value;
  Items items;
  for (const Value& item : value.items()) items.push_back(BIA_TRY(copied(item, depth + 1)));
  return Value::list(std::move(items), value.type());
}
Result<Value> deep_copy(Args args) { return copied(args[0], 0); }

constexpr Function kFunctions[] = {
    {"dict", "a*", dict},
    {"get", "ms", get},
    {"set", "msa", set},
    {"unset", "ms", unset},
    {"hasKey", "ms", has_key},
    {"pluck", "sm*", pluck},
    {"keys", "m*", keys},
    {"values", "m", values},
    {"pick", "ms*", pick},
    {"omit", "ms*", omit},
    {"merge", "mm*", merge},
    {"mustMerge", "mm*", merge},
    {"mergeOverwrite", "mm*", merge_overwrite},
    {"mustMergeOverwrite", "mm*", merge_overwrite},
    {"dig", "a*", dig},
    {"deepCopy", "a", deep_copy},
    {"mustDeepCopy", "a", deep_copy},
};

}  // namespace

std::span<const Function> map_functions() { return kFunctions; }

}  // namespace zelus::templates
