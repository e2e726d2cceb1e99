// Response: an opaque handle whose fields become JavaScript values when they are read
// (parity/k6.md 5.2).
#include <fmt/format.h>

#include <array>

#include "zelus/modules/http/cookie_text.h"
#include "zelus/modules/http/field_name.h"
#include "zelus/modules/http/http_send.h"
#include "zelus/modules/http/json_path.h"
#include "zelus/modules/http/ocsp_response.h"
#include "zelus/modules/http/response_fields.h"
#include "zelus/modules/native.h"
#include "zelus/modules/thread_state.h"
#include "zelus/options/go_json_error.h"

namespace zelus::modules {

namespace {

/// Where an Exchange keeps the fields that are objects or may be long, once they were read.
constexpr size_t made_slot(ResponseField field) {
  switch (field) {
    case kBody:
      return 0;
    case kHeaders:
      return 1;
    case kTimings:
      return 2;
    case kCookies:
      return 3;
    case kOcsp:
      return 4;
    default:
      return 5;
  }
}
static_assert(made_slot(kRequest) < Exchange::kMadeFields);

Exchange* exchange_of(JSValueConst value) {
  return static_cast<Exchange*>(JS_GetOpaque(value, kClassResponse));
}

void finalize(JSRuntime* rt, JSValueConst value) {
  Exchange* exchange = exchange_of(value);
  if (exchange == nullptr) return;
  if (exchange->any_made) {
    for (JSValue& made : exchange->made) JS_FreeValueRT(rt, made);
    exchange->any_made = false;
  }
  exchange->home->give_back(exchange);
}

void mark(JSRuntime* rt, JSValueConst value, JS_MarkFunc* mark_function) {
  Exchange* exchange = exchange_of(value);
  if (exchange == nullptr || !exchange->any_made) return;
  for (JSValue made : exchange->made) JS_MarkValue(rt, made, mark_function);
}

/// What Go's client keeps for itself.
bool is_framing(std::string_view name) {
  return bia::http::field_name_equals(name, "Transfer-Encoding") ||
         bia::http::field_name_equals(name, "Trailer");
}

JSValue make_headers(JSContext* ctx, const Exchange& exchange) {
  JSValue out = JS_NewObject(ctx);
  bool has_length = false;
  for (const auto& [name, value] : exchange.response.headers) {
    if (is_framing(name)) continue;
    // One that is repeated says the same; others the client refuses.
    if (bia::http::field_name_equals(name, "Content-Length") && std::exchange(has_length, true))
      continue;
    std::string key = canonical(name);
    Value before(ctx, JS_GetPropertyStr(ctx, out, key.c_str()));
    define(ctx, out, key,
           before.is_string() ? new_string(ctx, to_text(ctx, before.get()) + ", " + value)
                              : new_string(ctx, value));
  }
  return out;
}

JSValue make_cookies(JSContext* ctx, const Exchange& exchange) {
  // What Go's zero time is in milliseconds, as k6 shows it.
  constexpr int64_t kNoExpiry = -6795364578871;
  Value out(ctx, JS_NewObject(ctx));
  for (const auto& [name, value] : exchange.response.headers) {
    Cookie cookie;
    if (!bia::http::field_name_equals(name, "Set-Cookie") || !parse_set_cookie(value, cookie))
      continue;
    JSValue shown = JS_NewObject(ctx);
    define(ctx, shown, "name", new_string(ctx, cookie.name));
    define(ctx, shown, "value", new_string(ctx, cookie.value));
    define(ctx, shown, "domain", new_string(ctx, cookie.domain));
    define(ctx, shown, "path", new_string(ctx, cookie.path));
    define(ctx, shown, "http_only", JS_NewBool(ctx, cookie.http_only));
    define(ctx, shown, "secure", JS_NewBool(ctx, cookie.secure));
    define(ctx, shown, "max_age", JS_NewInt64(ctx, cookie.max_age));
    define(ctx, shown, "expires",
           JS_NewInt64(ctx, cookie.has_expires ? cookie.expires_ms : kNoExpiry));
    Value list = out.property(cookie.name.c_str());
    if (!list.is_object()) {
      list = Value(ctx, JS_NewArray(ctx));
      define(ctx, out.get(), cookie.name, list.dup());
    }
    int64_t length = 0;
    JS_GetLength(ctx, list.get(), &length);
    JS_SetPropertyInt64(ctx, list.get(), length, shown);
  }
  return out.release();
}

JSValue make_body(JSContext* ctx, const Exchange& exchange) {
  if (exchange.never_began()) return JS_NewArray(ctx);  // Go's empty list of bytes
  if (!exchange.body_kept) return JS_NULL;
  const std::string& body = exchange.response.body;
  if (exchange.request.response_type == ResponseType::kBinary) {
    return JS_NewArrayBufferCopy(ctx, reinterpret_cast<const uint8_t*>(body.data()), body.size());
  }
  return new_string(ctx, body);
}

JSValue make_timings(JSContext* ctx, const Exchange& exchange) {
  JSValue out = JS_NewObject(ctx);
  const bia::http::Timings& t = exchange.timings;
  auto set = [&](const char* name, Duration value) {
    define(ctx, out, name, JS_NewFloat64(ctx, exchange.ms(value)));
  };
  set("duration", exchange.duration());
  set("blocked", t.blocked);
  set("looking_up", Duration());
  set("connecting", t.connecting);
  set("tls_handshaking", t.tls_handshaking);
  set("sending", t.sending);
  set("waiting", t.waiting);
  set("receiving", t.receiving);
  return out;
}

JSValue make_ocsp(JSContext* ctx, const Exchange& exchange) {
  OcspAnswer answer;
  if (exchange.status != 0 && exchange.response.tls)
    answer = read_ocsp(exchange.response.tls->ocsp_response);
  JSValue out = JS_NewObject(ctx);
  define(ctx, out, "produced_at", JS_NewInt64(ctx, answer.produced_at));
  define(ctx, out, "this_update", JS_NewInt64(ctx, answer.this_update));
  define(ctx, out, "next_update", JS_NewInt64(ctx, answer.next_update));
  define(ctx, out, "revoked_at", JS_NewInt64(ctx, answer.revoked_at));
  define(ctx, out, "revocation_reason", new_string(ctx, answer.revocation_reason));
  define(ctx, out, "status", new_string(ctx, answer.status));
  return out;
}

JSValue make_request(JSContext* ctx, const Exchange& exchange) {
  const HttpRequest& request = exchange.request;
  JSValue out = JS_NewObject(ctx);
  define(ctx, out, "method", new_string(ctx, request.method));
  define(ctx, out, "url", new_string(ctx, request.url ? request.url->encoded : ""));
  JSValue headers = JS_NewObject(ctx);
  auto add = [&](const std::string& name, const std::string& value) {
    JSValue list = JS_NewArray(ctx);
    JS_SetPropertyUint32(ctx, list, 0, new_string(ctx, value));
    define(ctx, headers, canonical(name), list);
  };
  if (!request.headers.has("User-Agent"))
    add("User-Agent", Vu::of(ctx).script().options.user_agent);
  for (const auto& [name, value] : request.headers) add(name, value);
  JSValue cookies = JS_NewObject(ctx);
  for (const auto& [name, value] : read_cookie_line(exchange.sent_cookies)) {
    JSValue cookie = JS_NewObject(ctx);
    define(ctx, cookie, "name", new_string(ctx, name));
    define(ctx, cookie, "value", new_string(ctx, value));
    define(ctx, cookie, "replace", JS_FALSE);
    // One of the parameters and one of the jar may have the same name.
    Value list(ctx, JS_GetPropertyStr(ctx, cookies, name.c_str()));
    if (!JS_IsArray(list.get())) {
      list = Value(ctx, JS_NewArray(ctx));
      define(ctx, cookies, name, JS_DupValue(ctx, list.get()));
    }
    int64_t length = 0;
    JS_GetLength(ctx, list.get(), &length);
    JS_SetPropertyInt64(ctx, list.get(), length, cookie);
  }
  if (!exchange.sent_cookies.empty()) add("Cookie", exchange.sent_cookies);
  define(ctx, out, "headers", headers);
  define(ctx, out, "body",
         new_string(ctx, request.plain_body.empty() ? request.body : request.plain_body));
  define(ctx, out, "cookies", cookies);
  return out;
}

void start_made(Exchange& exchange) {
  if (!exchange.any_made) exchange.made.fill(JS_UNDEFINED);
  exchange.any_made = true;
}

JSValue made_once(JSContext* ctx, Exchange& exchange, ResponseField field) {
  start_made(exchange);
  JSValue& made = exchange.made[made_slot(field)];
  if (JS_IsUndefined(made)) {
    switch (field) {
      case kHeaders:
        made = make_headers(ctx, exchange);
        break;
      case kCookies:
        made = make_cookies(ctx, exchange);
        break;
      case kBody:
        made = make_body(ctx, exchange);
        break;
      case kTimings:
        made = make_timings(ctx, exchange);
        break;
      case kOcsp:
        made = make_ocsp(ctx, exchange);
        break;
      default:
        made = make_request(ctx, exchange);
    }
  }
  return JS_DupValue(ctx, made);
}

JSValue read_field(JSContext* ctx, Exchange& exchange, ResponseField field) {
  bool answered = exchange.status != 0;
  switch (field) {
    case kStatus:
      return JS_NewInt32(ctx, exchange.status);
    case kRemoteIp:
      return new_string(
          ctx, exchange.response.remote.port() != 0 ? exchange.response.remote.host() : "");
    case kRemotePort:
      return JS_NewInt32(ctx, exchange.response.remote.port());
    case kUrl:
      if (!exchange.request.url) return new_string(ctx, "");
      return new_string(ctx, answered || exchange.redirected ? exchange.final_url->encoded
                                                             : exchange.request.url->text);
    case kStatusText:
      return new_string(
          ctx, answered ? fmt::format("{} {}", exchange.status, exchange.response.reason) : "");
    case kProto:
      return new_string(ctx, !answered                              ? ""
                             : exchange.response.version == 2       ? "HTTP/2.0"
                             : exchange.response.version_minor == 0 ? "HTTP/1.0"
                                                                    : "HTTP/1.1");
    case kTlsVersion:
      if (!answered || !exchange.response.tls) return new_string(ctx, "");
      return new_string(ctx, bia::net::tls_version_name(exchange.response.tls->version));
    case kTlsCipherSuite:
      if (!answered || !exchange.response.tls) return new_string(ctx, "");
      return new_string(ctx, exchange.response.tls->cipher);
    case kError:
      return new_string(ctx, exchange.error);
    case kErrorCode:
      return JS_NewInt32(ctx, exchange.error_code);
    case kClickLink:
    case kHtml:
    case kJson:
    case kSubmitForm: {
      Value prototype(ctx, JS_GetClassProto(ctx, kClassResponse));
      return JS_GetPropertyStr(ctx, prototype.get(), kResponseFieldNames[field]);
    }
    default:
      return made_once(ctx, exchange, field);
  }
}

int get_own_property(JSContext* ctx, JSPropertyDescriptor* descriptor, JSValueConst object,
                     JSAtom name) {
  const auto& atoms = Vu::of(ctx).response_atoms();
  size_t field = 0;
  while (field < kResponseFields && atoms[field] != name) ++field;
  if (field == kResponseFields) return 0;
  Exchange* exchange = exchange_of(object);
  if (exchange == nullptr) return 0;
  if (descriptor == nullptr) return 1;
  descriptor->flags = JS_PROP_C_W_E;
  descriptor->getter = JS_UNDEFINED;
  descriptor->setter = JS_UNDEFINED;
  descriptor->value = read_field(ctx, *exchange, static_cast<ResponseField>(field));
  return JS_IsException(descriptor->value) ? -1 : 1;
}

int get_own_names(JSContext* ctx, JSPropertyEnum** names, uint32_t* count, JSValueConst) {
  // k6's order, which is not that of the fields: `status` is asked for most.
  auto* out =
      static_cast<JSPropertyEnum*>(js_malloc(ctx, sizeof(JSPropertyEnum) * kResponseFields));
  if (out == nullptr) return -1;
  const auto& atoms = Vu::of(ctx).response_atoms();
  for (size_t i = 0; i < kResponseFields; ++i) {
    out[i].atom = JS_DupAtom(ctx, atoms[kResponseOrder[i]]);
    out[i].is_enumerable = true;
  }
  *names = out;
  *count = kResponseFields;
  return 0;
}

JSClassExoticMethods exotic = {get_own_property, get_own_names, nullptr, nullptr,
                               nullptr,          nullptr,       nullptr};
const JSClassDef kResponseClass = {"Response", &finalize, &mark, nullptr, &exotic};

/// Go's words for a JSON text that does not parse, with the place as k6 counts it.
JSValue throw_json_error(JSContext* ctx, const std::string& body) {
  auto error = options::go_json_error(body);
  if (!error) return JS_EXCEPTION;  // what QuickJS says
  JS_FreeValue(ctx, JS_GetException(ctx));
  const size_t place = error->bytes_read == 0 ? 0 : error->bytes_read - 1;
  size_t line = 1, character = 0;
  for (size_t i = 0; i < body.size(); ++i) {
    if ((static_cast<unsigned char>(body[i]) & 0xc0) == 0x80) continue;  // within a character
    const bool line_end = body[i] == '\n';
    line += line_end ? 1 : 0;
    character = line_end ? (i >= place ? 1 : 0) : character + 1;
    if (i >= place) break;
  }
  return throw_go_error(
      ctx, fmt::format("cannot parse json due to an error at line {}, character {} , error: {}",
                       line, character, error->text));
}

JSValue response_json(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  auto* found = static_cast<Exchange*>(JS_GetOpaque2(ctx, self, kClassResponse));
  if (found == nullptr) return JS_EXCEPTION;
  Exchange& exchange = *found;
  if (!exchange.body_kept && !exchange.never_began()) {
    return throw_go_error(ctx,
                          "the body is null so we can't transform it to JSON - this likely was "
                          "because of a request error getting the response");
  }
  const std::string& body = exchange.response.body;
  const bool with_path = argc > 0;
  if (with_path && is_nullish(argv[0])) return JS_UNDEFINED;
  if (!with_path && exchange.any_made && !JS_IsUndefined(exchange.made[Exchange::kMadeJson]))
    return JS_DupValue(ctx, exchange.made[Exchange::kMadeJson]);
  Value value(ctx, JS_ParseJSON(ctx, body.c_str(), body.size(), "response"));
  if (value.is_exception()) {
    if (!with_path) return throw_json_error(ctx, body);
    JS_FreeValue(ctx, JS_GetException(ctx));
    return JS_UNDEFINED;
  }
  if (!with_path) {
    start_made(exchange);
    exchange.made[Exchange::kMadeJson] = value.dup();
    return value.release();
  }
  return json_path(ctx, std::move(value), to_text(ctx, argv[0])).release();
}

}  // namespace

void register_response_class(JSRuntime* rt) { JS_NewClass(rt, kClassResponse, &kResponseClass); }

void define_response_class(JSContext* ctx) {
  JSValue prototype = JS_NewObject(ctx);
  define_functions(ctx, prototype,
                   {{"json", response_json, 1},
                    {"html", response_html, 1},
                    {"submitForm", response_submit_form, 1},
                    {"clickLink", response_click_link, 1}});
  JS_SetClassProto(ctx, kClassResponse, prototype);
  Vu::of(ctx).keep_shape_of(Value(ctx, JS_NewObjectClass(ctx, kClassResponse)));
}

JSValue new_response(JSContext* ctx, Exchange* exchange) {
  JSValue object = JS_NewObjectClass(ctx, kClassResponse);
  if (JS_IsException(object)) {
    exchange->home->give_back(exchange);
    return object;
  }
  JS_SetOpaque(object, exchange);
  return object;
}

JSValue failed_response(Vu& vu, Exchange* exchange, bool throws, std::string_view warning) {
  if (throws) {
    std::string text = exchange->log_error;
    exchange->home->give_back(exchange);
    return throw_go_error(vu.ctx(), text);
  }
  if (!warning.empty())
    vu.script().log(LogLevel::kWarning, warning, {{"error", exchange->log_error}});
  return new_response(vu.ctx(), exchange);
}

}  // namespace zelus::modules
