#pragma once
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "js/value.h"
#include "zelus/modules/vu.h"

/// Small helpers for functions that scripts call.
namespace zelus::modules {

using bia::js::CString;
using bia::js::define;
using bia::js::new_string;
using bia::js::throw_go_error;
using bia::js::throw_type_error;
using bia::js::to_text;
using bia::js::Value;

using NativeFunction = JSCFunction*;
struct Function {
  const char* name;
  NativeFunction call;
  int length;
};

inline void define_functions(JSContext* ctx, JSValueConst object,
                             std::initializer_list<Function> functions) {
  for (const Function& f : functions)
    define(ctx, object, f.name, JS_NewCFunction(ctx, f.call, f.name, f.length));
}
inline JSValueConst argument(int argc, JSValueConst* argv, int index) {
  return index < argc ? argv[index] : JS_UNDEFINED;
}
inline bool is_nullish(JSValueConst value) { return JS_IsUndefined(value) || JS_IsNull(value); }

/// Own enumerable properties with string keys, in order. Calls visit(atom, name, value); stops and
/// returns false when it returns false or a getter throws.
template <typename Visit>
bool each_property(JSContext* ctx, JSValueConst object, Visit&& visit) {
  JSPropertyEnum* names = nullptr;
  uint32_t count = 0;
  if (JS_GetOwnPropertyNames(ctx, &names, &count, object, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) <
      0)
    return false;
  bool ok = true;
  for (uint32_t i = 0; i < count && ok; ++i) {
    Value value(ctx, JS_GetProperty(ctx, object, names[i].atom));
    ok = !value.is_exception() && visit(names[i].atom, value);
  }
  JS_FreePropertyEnum(ctx, names, count);
  return ok;
}
inline std::string atom_text(JSContext* ctx, JSAtom atom) {
  const char* text = JS_AtomToCString(ctx, atom);
  if (text != nullptr) bia::js::replace_surrogates(text, std::strlen(text));
  std::string out = text != nullptr ? text : "";
  JS_FreeCString(ctx, text);
  return out;
}

/// `base` with the tags of a JS object: strings, numbers and booleans. False with k6's text in
/// `error`; an exception of a getter is cleared.
bool add_tags(Vu& vu, JSValueConst object, const metrics::TagSet*& tags, std::string& error);
/// k6's durations in parameters: a number of milliseconds, or Go's text ("1m30s"). False with the
/// text in `error`.
bool parse_duration(JSContext* ctx, JSValueConst value, Duration& out, std::string& error);
/// The bytes of an ArrayBuffer or a typed array; false for anything else.
bool buffer_bytes(JSContext* ctx, JSValueConst value, std::string_view& bytes);
/// {name: [value, …]}: values of one name together, in their order.
JSValue lists_by_name(JSContext* ctx,
                      const std::vector<std::pair<std::string, std::string>>& values);
/// True for async functions, which check and group refuse.
bool is_async_function(JSContext* ctx, JSValueConst value);

void set_up_globals(Vu& vu);

}  // namespace zelus::modules
