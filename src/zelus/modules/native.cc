#include "zelus/modules/native.h"

#include <fmt/format.h>

#include <cmath>

#include "bia/base/time.h"
#include "zelus/modules/go_value.h"

namespace zelus::modules {

bool add_tags(Vu& vu, JSValueConst object, const metrics::TagSet*& tags, std::string& error) {
  JSContext* ctx = vu.ctx();
  // As k6: what is no object has no tags.
  if (!JS_IsObject(object)) return true;
  const metrics::TagSet* out = tags;
  bool ok = each_property(ctx, object, [&](JSAtom atom, const Value& value) {
    CString name(ctx, Value(ctx, JS_AtomToString(ctx, atom)).get());
    if (!JS_IsString(value.get()) && !JS_IsNumber(value.get()) && !JS_IsBool(value.get())) {
      error = fmt::format(
          "invalid value for metric tag '{}': only String, Boolean and Number types are accepted "
          "as a metric tag values",
          name.view());
      return false;
    }
    CString text(ctx, value.get());
    out = vu.shard().tags().with(out, name.view(), text.view());
    return true;
  });
  if (ok) {
    tags = out;
  } else if (error.empty()) {
    error = bia::js::take_exception(ctx).head();
  }
  return ok;
}

bool parse_duration(JSContext* ctx, JSValueConst value, Duration& out, std::string& error) {
  if (JS_IsNumber(value)) {
    double ms = 0;
    JS_ToFloat64(ctx, &ms, value);
    // What has no end in Go's 64 bits is over at once there.
    const bool fits = std::isfinite(ms) && std::fabs(ms) < 9e12;
    out = fits ? Duration(static_cast<int64_t>(ms * 1e6)) : Duration(0);
    return true;
  }
  if (!JS_IsString(value)) {
    error = fmt::format("unable to use type {} as a duration value", go_type_name(ctx, value));
    return false;
  }
  std::string text = to_text(ctx, value);
  char* end = nullptr;
  double ms = std::strtod(text.c_str(), &end);
  if (!text.empty() && *end == '\0' && std::isfinite(ms) && std::fabs(ms) < 9e12) {
    out = Duration(static_cast<int64_t>(ms * 1e6));
    return true;
  }
  // k6 adds days to Go's units.
  Duration days{};
  if (size_t d = text.find('d');
      d != std::string::npos && d > 0 && text.find_first_not_of("0123456789") == d) {
    days = std::chrono::hours(24) * std::min(100'000L, std::strtol(text.c_str(), nullptr, 10));
    text = text.substr(d + 1);
    if (text.empty()) text = "0";
  }
  auto parsed = bia::parse_go_duration(text);
  if (!parsed) {
    error = parsed.error().message();
    return false;
  }
  out = *parsed + days;
  return true;
}

bool buffer_bytes(JSContext* ctx, JSValueConst value, std::string_view& bytes) {
  size_t size = 0;
  if (JS_IsArrayBuffer(value)) {
    const uint8_t* data = JS_GetArrayBuffer(ctx, &size, value);
    bytes = {reinterpret_cast<const char*>(data), size};
    return true;
  }
  if (!JS_IsObject(value) || JS_GetTypedArrayType(value) < 0) return false;
  size_t offset = 0;
  size_t length = 0;
  Value buffer(ctx, JS_GetTypedArrayBuffer(ctx, value, &offset, &length, nullptr));
  if (buffer.is_exception()) {
    JS_FreeValue(ctx, JS_GetException(ctx));
    return false;
  }
  const uint8_t* data = JS_GetArrayBuffer(ctx, &size, buffer.get());
  bytes = {reinterpret_cast<const char*>(data) + offset, length};
  return true;
}

bool is_async_function(JSContext* ctx, JSValueConst value) {
  if (!JS_IsFunction(ctx, value)) return false;
  Value constructor(ctx, JS_GetPropertyStr(ctx, value, "constructor"));
  if (!constructor.is_object()) return false;
  std::string name = to_text(ctx, constructor.property("name").get());
  return name == "AsyncFunction" || name == "AsyncGeneratorFunction";
}

JSValue lists_by_name(JSContext* ctx,
                      const std::vector<std::pair<std::string, std::string>>& values) {
  Value out(ctx, JS_NewObject(ctx));
  for (const auto& [name, value] : values) {
    Value list = out.property(name.c_str());
    if (!list.is_object()) {
      list = Value(ctx, JS_NewArray(ctx));
      define(ctx, out.get(), name, list.dup());
    }
    int64_t length = 0;
    JS_GetLength(ctx, list.get(), &length);
    JS_SetPropertyInt64(ctx, list.get(), length, new_string(ctx, value));
  }
  return out.release();
}

}  // namespace zelus::modules
