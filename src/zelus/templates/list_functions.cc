// sprig's functions of lists. Each has a twin with "must", which here is the same one: a call's
// error ends the template in either way.
#include <fmt/format.h>

#include <algorithm>

#include "zelus/templates/convert.h"
#include "zelus/templates/format.h"
#include "zelus/templates/function.h"

namespace zelus::templates {
namespace {

/// The error of a value that is no list; nullptr-like ok.
Result<void> need_list(const Value& value, std::string_view what) {
  if (value.is_nil())
    return call_error("runtime error: invalid memory address or nil pointer dereference");
  if (!value.is_list()) return call_error(fmt::format("{} {}", what, kind_name(value)));
  return {};
}

Result<Value> push(Args args) {
  BIA_TRY(need_list(args[0], "Cannot push on type"));
  Items items = args[0].items();
  items.push_back(args[1]);
  return Value::list(std::move(items));
}
Result<Value> prepend(Args args) {
  BIA_TRY(need_list(args[0], "Cannot prepend on type"));
  Items items = args[0].items();
  items.insert(items.begin(), args[1]);
  return Value::list(std::move(items));
}
Result<Value> first(Args args) {
  BIA_TRY(need_list(args[0], "Cannot find first on type"));
  return args[0].items().empty() ? Value() : args[0].items().front();
}
Result<Value> last(Args args) {
  BIA_TRY(need_list(args[0], "Cannot find last on type"));
  return args[0].items().empty() ? Value() : args[0].items().back();
}
Result<Value> rest(Args args) {
  BIA_TRY(need_list(args[0], "Cannot find rest on type"));
  Items items = args[0].items();
  if (!items.empty()) items.erase(items.begin());
  return Value::list(std::move(items));
}
Result<Value> initial(Args args) {
  BIA_TRY(need_list(args[0], "Cannot find initial on type"));
  Items items = args[0].items();
  if (!items.empty()) items.pop_back();
  return Value::list(std::move(items));
}
Result<Value> reverse(Args args) {
  BIA_TRY(need_list(args[0], "Cannot find reverse on type"));
  Items items = args[0].items();
  std::reverse(items.begin(), items.end());
  return Value::list(std::move(items));
}
Result<Value> compact(Args args) {
  BIA_TRY(need_list(args[0], "Cannot compact on type"));
  Items items = args[0].items();
  std::erase_if(items, [](const Value& item) { return is_empty(item); });
  return Value::list(std::move(items));
}

bool is_in(const Items& items, const Value& value) {
  return std::any_of(items.begin(), items.end(),
                     [&value](const Value& item) { return deep_equal(value, item); });
}

Result<Value> uniq(Args args) {
  BIA_TRY(need_list(args[0], "Cannot find uniq on type"));
  Items items;
  for (const Value& item : args[0].items()) {
    if (!is_in(items, item)) items.push_back(item);
  }
  return Value::list(std::move(items));
}
Result<Value> without(Args args) {
  BIA_TRY(need_list(args[0], "Cannot find without on type"));
  const Items omitted(args.begin() + 1, args.end());
  Items items = args[0].items();
  std::erase_if(items, [&omitted](const Value& item) { return is_in(omitted, item); });
  return Value::list(std::move(items));
}
Result<Value> has(Args args) {
  if (args[1].is_nil()) return Value::boolean(false);
  BIA_TRY(need_list(args[1], "Cannot find has on type"));
  return Value::boolean(is_in(args[1].items(), args[0]));
}

Result<Value> slice(Args args) {
  BIA_TRY(need_list(args[0], "list should be type of slice or array but"));
  const Items& items = args[0].items();
  const auto size = static_cast<int64_t>(items.size());
  if (size == 0) return Value();
  const int64_t start = args.size() > 1 ? to_int64(args[1]) : 0;
  const int64_t end = args.size() > 2 ? to_int64(args[2]) : size;
  if (start < 0 || start > end || end > size)
    return call_error("reflect.Value.Slice: slice index out of bounds");
  return Value::list(Items(items.begin() + start, items.begin() + end), args[0].type());
}

Result<Value> concat(Args args) {
  Items items;
  for (const Value& list : args) {
    if (list.is_nil())
      return call_error("runtime error: invalid memory address or nil pointer dereference");
    if (!list.is_list())
      return call_error(fmt::format("Cannot concat type {} as list", kind_name(list)));
    items.insert(items.end(), list.items().begin(), list.items().end());
  }
  return Value::list(std::move(items));
}

Result<Value> chunk(Args args) {
  BIA_TRY(need_list(args[1], "Cannot chunk type"));
  const int64_t size = args[0].as_int();
  if (size <= 0) return call_error("runtime error: makeslice: len out of range");
  Items chunks;
  Items held;
  for (const Value& item : args[1].items()) {
    held.push_back(item);
    if (static_cast<int64_t>(held.size()) < size) continue;
    chunks.push_back(Value::list(std::move(held)));
    held.clear();
  }
  if (!held.empty()) chunks.push_back(Value::list(std::move(held)));
  return Value::list(std::move(chunks), Type::kLists);
}

Result<Value> sort_alpha(Args args) {
  if (!args[0].is_list()) return Value::strings({value_text(args[0])});
  std::vector<std::string> texts = to_strings(args[0]);
  std::sort(texts.begin(), texts.end());
  return Value::strings(texts);
}

Result<Value> list(Args args) { return Value::list(Items(args.begin(), args.end())); }

constexpr Function kFunctions[] = {
    {"list", "a*", list},
    {"tuple", "a*", list},
    {"append", "aa", push},
    {"mustAppend", "aa", push},
    {"push", "aa", push},
    {"mustPush", "aa", push},
    {"prepend", "aa", prepend},
    {"mustPrepend", "aa", prepend},
    {"first", "a", first},
    {"mustFirst", "a", first},
    {"rest", "a", rest},
    {"mustRest", "a", rest},
    {"last", "a", last},
    {"mustLast", "a", last},
    {"initial", "a", initial},
    {"mustInitial", "a", initial},
    {"reverse", "a", reverse},
    {"mustReverse", "a", reverse},
    {"uniq", "a", uniq},
    {"mustUniq", "a", uniq},
    {"without", "aa*", without},
    {"mustWithout", "aa*", without},
    {"has", "aa", has},
    {"mustHas", "aa", has},
    {"slice", "aa*", slice},
    {"mustSlice", "aa*", slice},
    {"concat", "a*", concat},
    {"chunk", "ia", chunk},
    {"mustChunk", "ia", chunk},
    {"compact", "a", compact},
    {"mustCompact", "a", compact},
    {"sortAlpha", "a", sort_alpha},
    {"toStrings", "a",
     [](Args args) -> Result<Value> { return Value::strings(to_strings(args[0])); }},
};

}  // namespace

std::span<const Function> list_functions() { return kFunctions; }

}  // namespace zelus::templates
