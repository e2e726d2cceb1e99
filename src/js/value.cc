#include "js/value.h"

#include <cstring>

#include "js/runtime.h"

namespace bia::js {

void replace_surrogates(const char* text, size_t size) {
  constexpr char kLead = '\xed';
  const char* const end = text + size;
  while (text < end) {
    text = static_cast<const char*>(std::memchr(text, kLead, static_cast<size_t>(end - text)));
    if (text == nullptr || end - text < 3) return;
    if (static_cast<unsigned char>(text[1]) >= 0xa0)
      std::memcpy(const_cast<char*>(text), "\xef\xbf\xbd", 3);
    text += 3;
  }
}

std::string to_text(JSContext* ctx, JSValueConst value) {
  CString text(ctx, value);
  if (!text.ok()) {
    JS_FreeValue(ctx, JS_GetException(ctx));
    return {};
  }
  return std::string(text.view());
}

void define(JSContext* ctx, JSValueConst object, std::string_view name, JSValue value) {
  JSAtom atom = JS_NewAtomLen(ctx, name.data(), name.size());
  JS_DefinePropertyValue(ctx, object, atom, value, JS_PROP_C_W_E);
  JS_FreeAtom(ctx, atom);
}

std::string to_json(JSContext* ctx, JSValueConst value) {
  Value text(ctx, JS_JSONStringify(ctx, value, JS_UNDEFINED, JS_UNDEFINED));
  if (text.is_exception() || text.is_undefined()) return {};
  return to_text(ctx, text.get());
}

namespace {
JSValue throw_with_message(JSContext* ctx, JSValue error, std::string_view message) {
  if (JS_IsException(error)) return JS_EXCEPTION;
  JS_DefinePropertyValueStr(ctx, error, "message", new_string(ctx, message),
                            JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
  return JS_Throw(ctx, error);
}
}  // namespace

JSValue throw_go_error(JSContext* ctx, std::string_view message) {
  JSValue error = JS_NewError(ctx);
  if (Context* context = Context::of(ctx); context != nullptr && !JS_IsException(error)) {
    JS_SetPrototype(ctx, error, context->go_error_prototype());
  }
  return throw_with_message(ctx, error, message);
}

JSValue throw_type_error(JSContext* ctx, std::string_view message) {
  // QuickJS formats into 256 bytes; the message is set after.
  JS_ThrowTypeError(ctx, "%s", "");
  return throw_with_message(ctx, JS_GetException(ctx), message);
}

}  // namespace bia::js
