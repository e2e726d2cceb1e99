#include "zelus/modules/go_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "zelus/metrics/go_float.h"
#include "zelus/metrics/go_time.h"
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

namespace {

/// Go's int64 where the number is whole and JavaScript counts so far, else its float64.
std::string go_number(double number) {
  constexpr double kWholeMax = 9007199254740992;
  if (number == std::trunc(number) && std::fabs(number) <= kWholeMax &&
      (number != 0 || !std::signbit(number)))
    return fmt::format("{}", static_cast<int64_t>(number));
  return metrics::format_go_g(number);
}

/// Go's time.Time as a text, of a Date's milliseconds.
std::string go_time(double ms) {
  if (!std::isfinite(ms)) return "0001-01-01 00:00:00 +0000 UTC";
  const double seconds = std::floor(ms / 1000);
  const auto rest = static_cast<int64_t>(ms - seconds * 1000);
  return metrics::time_text({static_cast<int64_t>(seconds), rest * 1'000'000});
}

}  // namespace

std::string go_print(JSContext* ctx, const Value& value, int depth) {
  if (value.is_nullish() || depth > kDepthMax) return "<nil>";
  if (JS_IsNumber(value.get()) || JS_IsDate(value.get())) {
    double number = 0;
    JS_ToFloat64(ctx, &number, value.get());
    return JS_IsDate(value.get()) ? go_time(number) : go_number(number);
  }
  if (JS_IsSymbol(value.get())) return to_text(ctx, value.property("description").get());
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
