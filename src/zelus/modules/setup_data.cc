#include "zelus/modules/setup_data.h"

#include <rapidjson/document.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cmath>

#include "zelus/metrics/go_time.h"
#include "zelus/modules/native.h"
#include "zelus/modules/url.h"

namespace zelus::modules {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

std::string_view text_of(const rapidjson::Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

void sort_keys(rapidjson::Value& value) {
  if (value.IsArray()) {
    for (rapidjson::Value& element : value.GetArray()) sort_keys(element);
  } else if (value.IsObject()) {
    std::sort(value.MemberBegin(), value.MemberEnd(),
              [](const auto& a, const auto& b) { return text_of(a.name) < text_of(b.name); });
    for (auto& member : value.GetObject()) sort_keys(member.value);
  }
}

/// Go's time.RFC3339Nano of a local time.
std::string go_time(double ms) {
  const double seconds = std::floor(ms / 1000);
  const metrics::UnixTime at{static_cast<int64_t>(seconds),
                             static_cast<int64_t>(ms - seconds * 1000) * 1'000'000};
  std::string out;
  metrics::append_rfc3339(out, at, metrics::TimePrecision::kNano);
  return out;
}

/// Array.from(collection)
JSValue to_array(JSContext* ctx, const Value& collection) {
  Value global(ctx, JS_GetGlobalObject(ctx));
  Value array = global.property("Array");
  Value from = array.property("from");
  JSValueConst arguments[] = {collection.get()};
  return JS_Call(ctx, from.get(), array.get(), 1, arguments);
}

/// The function that JSON.stringify asks for each value.
JSValue exported(JSContext* ctx, JSValueConst holder, int, JSValueConst* argv) {
  // What is in the object: argv[1] is what toJSON made of it, which Go does not see.
  const JSAtom name = JS_ValueToAtom(ctx, argv[0]);
  Value value(ctx, JS_GetProperty(ctx, holder, name));
  JS_FreeAtom(ctx, name);
  if (value.is_undefined()) return JS_NULL;
  if (JS_IsSymbol(value.get())) return value.property("description").release();
  if (JS_IsBigInt(value.get())) {
    double number = 0;
    JS_ToFloat64(ctx, &number, Value(ctx, new_string(ctx, to_text(ctx, value.get()))).get());
    return JS_NewFloat64(ctx, number);
  }
  if (!value.is_object()) return value.release();
  if (JS_IsDate(value.get())) {
    double ms = 0;
    if (JS_ToFloat64(ctx, &ms, value.get()) < 0) return JS_EXCEPTION;
    if (!std::isfinite(ms)) return JS_NULL;
    return new_string(ctx, go_time(ms));
  }
  if (JS_IsMap(value.get()) || JS_IsSet(value.get())) return to_array(ctx, value);
  const int type = JS_GetTypedArrayType(value.get());
  if (type == JS_TYPED_ARRAY_UINT8 || type == JS_TYPED_ARRAY_UINT8C) {
    std::string_view bytes;
    if (buffer_bytes(ctx, value.get(), bytes)) return new_string(ctx, base64_encode(bytes));
  }
  return type >= 0 ? to_array(ctx, value) : value.release();
}

}  // namespace

std::string exported_json(JSContext* ctx, JSValueConst value) {
  Value replace(ctx, JS_NewCFunction(ctx, &exported, "", 2));
  if (JS_IsUndefined(value) || replace.is_exception()) return "";
  Value text(ctx, JS_JSONStringify(ctx, value, replace.get(), JS_UNDEFINED));
  return text.is_exception() ? "" : to_text(ctx, text.get());
}

std::string setup_data_json(std::string json) {
  // Most setups return an array, a token or nothing: no keys to sort.
  if (json.find('{') == std::string::npos) return json;
  rapidjson::Document document;
  // Iterative: how deep the data nests is the script's choice, and this runs on a fiber's stack.
  document.Parse<rapidjson::kParseFullPrecisionFlag | rapidjson::kParseIterativeFlag>(json.data(),
                                                                                      json.size());
  if (document.HasParseError()) return json;
  sort_keys(document);
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  document.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace zelus::modules
