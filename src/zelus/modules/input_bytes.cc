#include "zelus/modules/input_bytes.h"

#include <fmt/format.h>

#include <cmath>

#include "zelus/modules/native.h"

namespace zelus::modules {

namespace {
/// What Go calls the type of a value that a script hands over.
std::string_view go_type(JSContext* ctx, JSValueConst value) {
  if (is_nullish(value)) return "<nil>";
  if (JS_IsBool(value)) return "bool";
  if (JS_IsNumber(value)) {
    double number = 0;
    JS_ToFloat64(ctx, &number, value);
    return number == std::trunc(number) && std::fabs(number) < 9e15 ? "int64" : "float64";
  }
  if (JS_IsFunction(ctx, value)) return "func(sobek.FunctionCall) sobek.Value";
  return JS_IsArray(value) ? "[]interface {}" : "map[string]interface {}";
}
}  // namespace

bool input_bytes(JSContext* ctx, JSValueConst value, std::string& text, std::string_view& bytes,
                 std::string& error) {
  if (JS_IsString(value)) {
    text = to_text(ctx, value);
    bytes = text;
    return true;
  }
  if (buffer_bytes(ctx, value, bytes)) return true;
  error =
      fmt::format("invalid type {}, expected string, []byte or ArrayBuffer", go_type(ctx, value));
  return false;
}

}  // namespace zelus::modules
