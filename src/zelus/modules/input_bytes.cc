#include "zelus/modules/input_bytes.h"

#include <fmt/format.h>

#include "zelus/modules/go_value.h"
#include "zelus/modules/native.h"

namespace zelus::modules {

bool input_bytes(JSContext* ctx, JSValueConst value, std::string& text, std::string_view& bytes,
                 std::string& error) {
  if (JS_IsString(value)) {
    text = to_text(ctx, value);
    bytes = text;
    return true;
  }
  if (buffer_bytes(ctx, value, bytes)) return true;
  error = fmt::format("invalid type {}, expected string, []byte or ArrayBuffer",
                      go_type_name(ctx, value));
  return false;
}

}  // namespace zelus::modules
