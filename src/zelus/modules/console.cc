#include "zelus/modules/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "js/value.h"

namespace zelus::modules {

using bia::js::to_text;
using bia::js::Value;

namespace {

/// Objects within objects; deeper ones are cut, where k6 would go on until memory ends.
constexpr size_t kDepthMax = 100;

/// As k6: what is inside stands as it is.
std::string quoted(const std::string& text) { return '"' + text + '"'; }

class Formatter {
 public:
  explicit Formatter(JSContext* ctx) : ctx_(ctx) {}

  std::string text(JSValueConst value, bool top) {
    if (JS_IsUndefined(value)) return top ? "undefined" : "null";
    if (JS_IsNull(value)) return "null";
    if (JS_IsString(value)) return top ? to_text(ctx_, value) : quoted(to_text(ctx_, value));
    if (JS_IsSymbol(value)) return top ? symbol(value) : quoted(symbol(value));
    if (JS_IsFunction(ctx_, value)) return "[object Function]";
    if (JS_IsError(value)) return top ? to_text(ctx_, value) : to_text(ctx_, value);
    if (!JS_IsObject(value)) return to_text(ctx_, value);
    return object(value);
  }

 private:
  std::string symbol(JSValueConst value) {
    Value description(ctx_, JS_GetPropertyStr(ctx_, value, "description"));
    return description.is_string() ? to_text(ctx_, description.get()) : std::string();
  }

  std::string object(JSValueConst value) {
    void* identity = JS_VALUE_GET_PTR(value);
    if (std::find(above_.begin(), above_.end(), identity) != above_.end()) return "[Circular]";
    if (above_.size() >= kDepthMax) return "[Object]";
    above_.push_back(identity);
    std::string out;
    if (JS_IsDate(value)) {
      double time = 0;
      JS_ToFloat64(ctx_, &time, value);
      out = std::isnan(time) ? "{}" : bia::js::to_json(ctx_, value);
    } else if (JS_IsArrayBuffer(value)) {
      out = buffer(value);
    } else if (JS_GetTypedArrayType(value) >= 0) {
      out = list(value, typed_name(value));
    } else if (JS_IsArray(value) || is_array_proxy(value)) {
      out = list(value, "");
    } else {
      out = fields(value);
    }
    above_.pop_back();
    return out;
  }

  /// A SharedArray is one.
  bool is_array_proxy(JSValueConst value) {
    return JS_IsProxy(value) && JS_IsArray(Value(ctx_, JS_GetProxyTarget(ctx_, value)).get());
  }

  std::string typed_name(JSValueConst value) {
    Value constructor(ctx_, JS_GetPropertyStr(ctx_, value, "constructor"));
    Value name = constructor.property("name");
    int64_t length = 0;
    JS_GetLength(ctx_, value, &length);
    return fmt::format("{}({}) ", to_text(ctx_, name.get()), length);
  }

  std::string buffer(JSValueConst value) {
    size_t size = 0;
    const uint8_t* bytes = JS_GetArrayBuffer(ctx_, &size, value);
    std::string hex;
    for (size_t i = 0; i < size; ++i) hex += fmt::format("{}{:02x}", i == 0 ? "" : " ", bytes[i]);
    return fmt::format("ArrayBuffer {{ [Uint8Contents]: <{}>, byteLength: {} }}", hex, size);
  }

  std::string list(JSValueConst value, const std::string& prefix) {
    int64_t length = 0;
    if (JS_GetLength(ctx_, value, &length) < 0) JS_FreeValue(ctx_, JS_GetException(ctx_));
    if (length == 0) return prefix + "[]";
    std::string out = prefix + "[ ";
    for (int64_t i = 0; i < length; ++i) {
      Value element(ctx_, JS_GetPropertyInt64(ctx_, value, i));
      if (i != 0) out += ", ";
      out += text(element.get(), false);
    }
    return out + " ]";
  }

  std::string fields(JSValueConst value) {
    JSPropertyEnum* names = nullptr;
    uint32_t count = 0;
    if (JS_GetOwnPropertyNames(ctx_, &names, &count, value, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) <
        0) {
      JS_FreeValue(ctx_, JS_GetException(ctx_));
      return "{}";
    }
    std::string out;
    for (uint32_t i = 0; i < count; ++i) {
      Value member(ctx_, JS_GetProperty(ctx_, value, names[i].atom));
      if (member.is_exception()) JS_FreeValue(ctx_, JS_GetException(ctx_));
      const char* name = JS_AtomToCString(ctx_, names[i].atom);
      if (name != nullptr) bia::js::replace_surrogates(name, std::strlen(name));
      out += fmt::format("{}{}: {}", i == 0 ? "{ " : ", ", name != nullptr ? name : "",
                         text(member.get(), false));
      JS_FreeCString(ctx_, name);
    }
    JS_FreePropertyEnum(ctx_, names, count);
    return count == 0 ? "{}" : out + " }";
  }

  JSContext* ctx_;
  std::vector<void*> above_;
};

}  // namespace

std::string console_text(JSContext* ctx, JSValueConst value) {
  return Formatter(ctx).text(value, true);
}

}  // namespace zelus::modules
