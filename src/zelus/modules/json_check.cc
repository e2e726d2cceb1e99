#include "zelus/modules/json_check.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "zelus/modules/native.h"

namespace zelus::modules {

namespace {

/// Deeper than any option; what is below is left to JSON.stringify.
constexpr size_t kDepthMax = 64;

/// Go's word for what JSON does not have in `value` or below it; empty: nothing.
std::string unsupported(JSContext* ctx, const Value& value, std::vector<void*>& above) {
  if (JS_IsProxy(value.get())) return "";
  if (value.is_function()) return "unsupported type: func(sobek.FunctionCall) sobek.Value";
  if (JS_IsNumber(value.get())) {
    double number = 0;
    JS_ToFloat64(ctx, &number, value.get());
    if (std::isfinite(number)) return "";
    return std::isnan(number) ? "unsupported value: NaN"
           : number < 0       ? "unsupported value: -Inf"
                              : "unsupported value: +Inf";
  }
  if (!JS_IsObject(value.get()) || above.size() >= kDepthMax) return "";
  // Their methods are no members to Go; a metric's `add` is one.
  const JSClassID kind = JS_GetClassID(value.get());
  if (kind == kClassMetric) return "unsupported type: func(sobek.Value, sobek.Value) (bool, error)";
  if (kind >= kClassResponse) return "";
  void* object = JS_VALUE_GET_PTR(value.get());
  if (std::find(above.begin(), above.end(), object) != above.end())
    return "unsupported value: encountered a cycle via map[string]interface {}";
  above.push_back(object);
  // Go looks at the members of an object in the order of their names.
  const bool array = JS_IsArray(value.get());
  std::string found, first;
  each_property(ctx, value.get(), [&](JSAtom atom, const Value& member) {
    std::string name = array ? "" : atom_text(ctx, atom);
    if (!found.empty() && name >= first) return !array;
    if (std::string why = unsupported(ctx, member, above); !why.empty()) {
      found = std::move(why);
      first = std::move(name);
    }
    return true;
  });
  above.pop_back();
  return found;
}

}  // namespace

std::string not_in_json(JSContext* ctx, JSValueConst value) {
  std::vector<void*> above;
  const std::string why = unsupported(ctx, Value::dup(ctx, value), above);
  return why.empty() ? why : "json: " + why;
}

}  // namespace zelus::modules
