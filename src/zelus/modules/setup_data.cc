#include "zelus/modules/setup_data.h"

#include <rapidjson/document.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "base/base64.h"
#include "zelus/metrics/go_time.h"
#include "zelus/modules/native.h"

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

using Names = std::initializer_list<std::pair<const char*, const char*>>;

/// A new object with members of `from`, each under Go's name of it.
JSValue renamed(JSContext* ctx, const Value& from, Names names) {
  JSValue out = JS_NewObject(ctx);
  for (const auto& [name, go_name] : names)
    define(ctx, out, go_name, from.property(name).release());
  return out;
}

constexpr std::initializer_list<std::pair<const char*, const char*>> kCookie = {
    {"name", "Name"},          {"value", "Value"},   {"domain", "Domain"},  {"path", "Path"},
    {"http_only", "HTTPOnly"}, {"secure", "Secure"}, {"max_age", "MaxAge"}, {"expires", "Expires"}};
constexpr std::initializer_list<std::pair<const char*, const char*>> kRequestCookie = {
    {"name", "Name"}, {"value", "Value"}, {"replace", "Replace"}};

/// Name → list of its cookies.
JSValue export_cookies(JSContext* ctx, const Value& cookies, Names names) {
  JSValue out = JS_NewObject(ctx);
  each_property(ctx, cookies.get(), [&](JSAtom name, const Value& list) {
    JSValue copies = JS_NewArray(ctx);
    each_property(ctx, list.get(), [&](JSAtom index, const Value& cookie) {
      JS_DefinePropertyValue(ctx, copies, index, renamed(ctx, cookie, names), JS_PROP_C_W_E);
      return true;
    });
    JS_DefinePropertyValue(ctx, out, name, copies, JS_PROP_C_W_E);
    return true;
  });
  return out;
}

/// The fields of a Response, or of its request: their cookies are Go's.
JSValue export_fields(JSContext* ctx, const Value& from, Names cookie) {
  Value out(ctx, JS_NewObject(ctx));
  const bool ok = each_property(ctx, from.get(), [&](JSAtom name, const Value& member) {
    if (member.is_function()) return true;
    const std::string field = atom_text(ctx, name);
    JSValue copy = field == "cookies"   ? export_cookies(ctx, member, cookie)
                   : field == "request" ? export_fields(ctx, member, kRequestCookie)
                                        : member.dup();
    JS_DefinePropertyValue(ctx, out.get(), name, copy, JS_PROP_C_W_E);
    return true;
  });
  return ok ? out.release() : JS_EXCEPTION;
}

/// What Go's JSON has of an object that the modules made: its struct, or nothing.
JSValue export_native(JSContext* ctx, const Value& value) {
  switch (JS_GetClassID(value.get())) {
    case kClassResponse:
      return export_fields(ctx, value, kCookie);
    case kClassHttpUrl:
      return renamed(ctx, value, {{"url", "URL"}, {"name", "Name"}, {"clean_url", "CleanURL"}});
    case kClassFileData:
      return renamed(ctx, value,
                     {{"data", "Data"}, {"filename", "Filename"}, {"content_type", "ContentType"}});
    case kClassHtmlSelection: {
      JSValue out = JS_NewObject(ctx);
      define(ctx, out, "url", new_string(ctx, ""));
      return out;
    }
    case kClassGrpcResponse:
      return value.dup();
    default:
      return JS_NewObject(ctx);
  }
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
  // A SharedArray is a proxy too.
  if (JS_IsProxy(value.get())) return JS_NewObject(ctx);
  if (JS_GetClassID(value.get()) >= kClassResponse) return export_native(ctx, value);
  const int type = JS_GetTypedArrayType(value.get());
  if (type == JS_TYPED_ARRAY_UINT8 || type == JS_TYPED_ARRAY_UINT8C) {
    std::string_view bytes;
    if (buffer_bytes(ctx, value.get(), bytes)) return new_string(ctx, bia::base64_encode(bytes));
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
