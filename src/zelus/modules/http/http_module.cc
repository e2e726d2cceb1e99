// `k6/http` (parity/k6.md 5.2): the functions that send one request, and the small ones.
#include <fmt/format.h>

#include <chrono>

#include "zelus/modules/http/http_send.h"
#include "zelus/modules/input_bytes.h"
#include "zelus/modules/native.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

void register_response_class(JSRuntime* rt);

namespace {

bia::http::ClientOptions client_options(const Script& script) {
  bia::http::ClientOptions options;
  // http.batch keeps to batchPerHost by itself; other requests in flight have no limit in k6.
  options.connections_per_host_max = 4096;
  options.proxies = script.options.proxies;
  // k6's client has none but the request's own.
  options.tls_timeout = options.proxy_timeout = std::chrono::hours(24);
  if (script.options.no_connection_reuse) options.reuse = bia::http::ClientOptions::Reuse::kNever;
  return options;
}

}  // namespace

bia::http::Client& HttpUser::client() {
  if (!client_) {
    bia::http::ClientOptions options = client_options(vu_.script());
    options.resolver = &vu_.dialer();
    client_.emplace(options);
  }
  return *client_;
}

bia::Result<bia::http::Client*> HttpUser::tls_client() {
  if (!tls_client_) {
    const auto& tls = vu_.script().tls();
    if (!tls) return tls.error();
    bia::http::ClientOptions options = client_options(vu_.script());
    options.resolver = &vu_.dialer();
    options.tls = *tls;
    tls_client_.emplace(options);
  }
  return &*tls_client_;
}

Prepared prepare(Vu& vu, std::string_view method, JSValueConst url, JSValueConst body,
                 JSValueConst params) {
  Prepared out{ExchangePtr(vu.thread().http->take())};
  Exchange& exchange = *out.exchange;
  std::string error;
  if (read_request(vu, method, url, body, params, exchange.request, error)) return out;
  out.failed = true;
  exchange.request.url.reset();
  exchange.error_code = error.starts_with("invalid URL: ") ? 1020 : 0;
  exchange.error = error;
  exchange.log_error = std::move(error);
  return out;
}

JSValue finish(Vu& vu, ExchangePtr exchange) {
  if (exchange->interrupted) return vu.throw_interrupted();
  if (exchange->log_error.empty()) return new_response(vu.ctx(), exchange.release());
  bool throws = exchange->request.throws;
  return failed_response(vu, exchange.release(), throws, "Request Failed");
}

JSValue send_request(JSContext* ctx, std::string_view method, JSValueConst url, JSValueConst body,
                     JSValueConst params) {
  Vu& vu = Vu::of(ctx);
  if (vu.in_init())
    return vu.throw_in_init("Making http requests in the init context is not supported");
  Prepared prepared = prepare(vu, method, url, body, params);
  if (!prepared.failed) {
    Wait wait(vu);
    prepared.exchange->perform(vu, vu.http());
  }
  return finish(vu, std::move(prepared.exchange));
}

namespace {

void warn_of_arguments(JSContext* ctx, std::string_view function, int argc) {
  Vu& vu = Vu::of(ctx);
  if (argc <= 2 || vu.in_init()) return;
  vu.script().log(LogLevel::kWarning,
                  fmt::format("http.{} only accepts a url and a params argument (2 arguments), but "
                              "{} were given",
                              function, argc));
}

JSValue get(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  warn_of_arguments(ctx, "get", argc);
  return send_request(ctx, "GET", argument(argc, argv, 0), JS_UNDEFINED, argument(argc, argv, 1));
}
JSValue head(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  warn_of_arguments(ctx, "head", argc);
  return send_request(ctx, "HEAD", argument(argc, argv, 0), JS_UNDEFINED, argument(argc, argv, 1));
}

constexpr const char* kBodyMethods[] = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
template <int method>
JSValue with_body(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  return send_request(ctx, kBodyMethods[method], argument(argc, argv, 0), argument(argc, argv, 1),
                      argument(argc, argv, 2));
}

JSValue request(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  JSValueConst given = argument(argc, argv, 0);
  std::string method = is_nullish(given) ? "GET" : to_text(ctx, given);
  return send_request(ctx, method, argument(argc, argv, 1), argument(argc, argv, 2),
                      argument(argc, argv, 3));
}

/// http.url`…${x}…`: the text for the request, with `${}` in its name.
JSValue url_tag(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  std::string name;
  std::string text;
  if (!JS_IsArray(argument(argc, argv, 0)))
    return throw_go_error(ctx, "http.url is a template tag: http.url`http://…`");
  int64_t parts = 0;
  JS_GetLength(ctx, argv[0], &parts);
  for (int64_t i = 0; i < parts; ++i) {
    std::string part = to_text(ctx, Value(ctx, JS_GetPropertyInt64(ctx, argv[0], i)).get());
    name += part;
    text += part;
    if (i + 1 < argc && i + 1 < parts) {
      name += "${}";
      text += to_text(ctx, argv[i + 1]);
    }
  }
  JSValue object = JS_NewObjectClass(ctx, kClassHttpUrl);
  auto parsed = Vu::of(ctx).thread().urls.get(text);
  define(ctx, object, "name", new_string(ctx, name));
  define(ctx, object, "url", new_string(ctx, text));
  define(ctx, object, "clean_url",
         new_string(ctx, parsed ? (*parsed)->has_user ? (*parsed)->tag : text : text));
  return object;
}

JSValue file(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  std::string text;
  std::string_view bytes;
  std::string error;
  JSValueConst data = argument(argc, argv, 0);
  if (!input_bytes(ctx, data, text, bytes, error)) return throw_go_error(ctx, error);
  JSValue object = JS_NewObjectClass(ctx, kClassFileData);
  bool named = argc > 1 && !is_nullish(argv[1]);
  bool typed = argc > 2 && !is_nullish(argv[2]);
  define(ctx, object, "data", JS_DupValue(ctx, data));
  define(ctx, object, "filename",
         new_string(ctx, named ? to_text(ctx, argv[1]) : std::to_string(metrics::unix_now_ns())));
  define(ctx, object, "content_type",
         new_string(ctx, typed ? to_text(ctx, argv[2]) : "application/octet-stream"));
  return object;
}

JSValue cookie_jar(JSContext* ctx, JSValueConst, int, JSValueConst*) {
  Vu& vu = Vu::of(ctx);
  if (vu.in_init())
    return vu.throw_in_init("Making cookie jars in the init context is not supported");
  return new_cookie_jar(ctx, vu.http().jar());
}

JSValue set_response_callback(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  HttpUser& http = Vu::of(ctx).http();
  JSValueConst callback = argument(argc, argv, 0);
  // k6: without an argument as with null.
  if (argc == 0 || JS_IsNull(callback)) {
    http.default_expected = false;
    http.expected.reset();
    return JS_UNDEFINED;
  }
  auto expected = expected_of(callback);
  if (!expected) return throw_go_error(ctx, "unsupported argument, expected http.expectedStatuses");
  http.default_expected = false;
  http.expected = std::move(expected);
  return JS_UNDEFINED;
}

struct Constant {
  const char* name;
  const char* value;
};
constexpr Constant kConstants[] = {
    {"TLS_1_0", "tls1.0"},
    {"TLS_1_1", "tls1.1"},
    {"TLS_1_2", "tls1.2"},
    {"TLS_1_3", "tls1.3"},
    {"OCSP_STATUS_GOOD", "good"},
    {"OCSP_STATUS_REVOKED", "revoked"},
    {"OCSP_STATUS_SERVER_FAILED", "server_failed"},
    {"OCSP_STATUS_UNKNOWN", "unknown"},
    {"OCSP_REASON_UNSPECIFIED", "unspecified"},
    {"OCSP_REASON_KEY_COMPROMISE", "key_compromise"},
    {"OCSP_REASON_CA_COMPROMISE", "ca_compromise"},
    {"OCSP_REASON_AFFILIATION_CHANGED", "affiliation_changed"},
    {"OCSP_REASON_SUPERSEDED", "superseded"},
    {"OCSP_REASON_CESSATION_OF_OPERATION", "cessation_of_operation"},
    {"OCSP_REASON_CERTIFICATE_HOLD", "certificate_hold"},
    {"OCSP_REASON_REMOVE_FROM_CRL", "remove_from_crl"},
    {"OCSP_REASON_PRIVILEGE_WITHDRAWN", "privilege_withdrawn"},
    {"OCSP_REASON_AA_COMPROMISE", "aa_compromise"},
};

bool fill(JSContext* ctx, JSValueConst object) {
  Vu::of(ctx).make_response_atoms();
  define_response_class(ctx);
  JS_SetClassProto(ctx, kClassHttpUrl, JS_NewObject(ctx));
  for (const Constant& constant : kConstants)
    define(ctx, object, constant.name, JS_NewAtomString(ctx, constant.value));
  define_functions(ctx, object,
                   {{"get", get, 2},
                    {"head", head, 2},
                    {"post", with_body<0>, 3},
                    {"put", with_body<1>, 3},
                    {"patch", with_body<2>, 3},
                    {"del", with_body<3>, 3},
                    {"options", with_body<4>, 3},
                    {"request", request, 4},
                    {"asyncRequest", http_async_request, 4},
                    {"batch", http_batch, 1},
                    {"url", url_tag, 1},
                    {"file", file, 3},
                    {"cookieJar", cookie_jar, 0},
                    {"setResponseCallback", set_response_callback, 1}});
  fill_cookie_jar(ctx, object);
  fill_expected_statuses(ctx, object);
  return true;
}

}  // namespace

void add_http_module(bia::js::ModuleSet& modules) {
  std::vector<std::string> names = {"get",
                                    "head",
                                    "post",
                                    "put",
                                    "patch",
                                    "del",
                                    "options",
                                    "request",
                                    "asyncRequest",
                                    "batch",
                                    "url",
                                    "file",
                                    "cookieJar",
                                    "CookieJar",
                                    "setResponseCallback",
                                    "expectedStatuses"};
  for (const Constant& constant : kConstants) names.emplace_back(constant.name);
  modules.add_native(
      {"k6/http", std::move(names), &fill, nullptr, bia::js::NativeModule::Names::kShared});
}

namespace {
const JSClassDef kUrlClass = {"HttpURL", nullptr, nullptr, nullptr, nullptr};
const JSClassDef kFileClass = {"FileData", nullptr, nullptr, nullptr, nullptr};
}  // namespace
void register_cookie_jar_class(JSRuntime* rt);
void register_expected_class(JSRuntime* rt);
void register_http_classes(JSRuntime* rt) {
  register_response_class(rt);
  register_cookie_jar_class(rt);
  register_expected_class(rt);
  JS_NewClass(rt, kClassHttpUrl, &kUrlClass);
  JS_NewClass(rt, kClassFileData, &kFileClass);
}

}  // namespace zelus::modules
