#include "zelus/modules/go_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "zelus/modules/native.h"

namespace zelus::modules {

namespace {
constexpr int kDepthMax = 8;
}

std::string_view go_type_name(JSContext* ctx, JSValueConst value) {
  if (is_nullish(value)) return "<nil>";
  if (JS_IsBool(value)) return "bool";
  if (JS_IsNumber(value)) {
    double number = 0;
    JS_ToFloat64(ctx, &number, value);
    return number == std::trunc(number) && std::fabs(number) < 9e15 ? "int64" : "float64";
  }
  if (JS_IsFunction(ctx, value)) return "func(sobek.FunctionCall) sobek.Value";
  if (JS_IsDate(value)) return "time.Time";
  return JS_IsArray(value) ? "[]interface {}" : "map[string]interface {}";
}

std::string go_value_text(JSContext* ctx, const Value& value, int depth) {
  if (value.is_nullish() || depth > kDepthMax) return "<nil>";
  if (JS_IsBool(value.get())) return JS_ToBool(ctx, value.get()) > 0 ? "true" : "false";
  if (value.is_string()) {
    std::string out = "\"";
    for (char c : to_text(ctx, value.get())) {
      if (c == '\n') {
        out += "\\n";
      } else {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
    }
    return out + "\"";
  }
  if (!value.is_object()) return to_text(ctx, value.get());
  const bool array = JS_IsArray(value.get());
  std::vector<std::string> parts;
  each_property(ctx, value.get(), [&](JSAtom atom, const Value& field) {
    std::string text = go_value_text(ctx, field, depth + 1);
    parts.push_back(array ? text : fmt::format("\"{}\":{}", atom_text(ctx, atom), text));
    return true;
  });
  if (!array) std::sort(parts.begin(), parts.end());
  return fmt::format("{}{{{}}}", array ? "[]interface {}" : "map[string]interface {}",
                     fmt::join(parts, ", "));
}

std::string go_print(JSContext* ctx, const Value& value, int depth) {
  if (value.is_nullish() || depth > kDepthMax) return "<nil>";
  if (!value.is_object() || value.is_function()) return to_text(ctx, value.get());
  const bool array = JS_IsArray(value.get());
  std::vector<std::pair<std::string, std::string>> parts;
  each_property(ctx, value.get(), [&](JSAtom atom, const Value& field) {
    std::string text = go_print(ctx, field, depth + 1);
    parts.emplace_back(atom_text(ctx, atom), std::move(text));
    return true;
  });
  if (!array) std::sort(parts.begin(), parts.end());
  std::string out;
  for (const auto& [name, text] : parts)
    out += fmt::format("{}{}{}", out.empty() ? "" : " ", array ? "" : name + ":", text);
  return fmt::format("{}[{}]", array ? "" : "map", out);
}

}  // namespace zelus::modules
