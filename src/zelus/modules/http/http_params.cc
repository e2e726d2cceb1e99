// From the arguments of http.get and its kin to an HttpRequest (parity/k6.md 5.2).
#include <fmt/format.h>

#include <algorithm>

#include "zelus/modules/go_value.h"
#include "zelus/modules/http/content_encoding.h"
#include "zelus/modules/http/field_name.h"
#include "zelus/modules/http/http_user.h"
#include "zelus/modules/native.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

namespace {

constexpr int kRedirectsMax = 10;

bool is_plain_object(JSContext* ctx, JSValueConst value) {
  return JS_IsObject(value) && !JS_IsArray(value) && !JS_IsFunction(ctx, value) &&
         !JS_IsDate(value);
}

struct Reader {
  Vu& vu;
  JSContext* ctx;
  HttpRequest& request;
  std::string& error;
  std::string compression;

  bool url(JSValueConst value) {
    if (JS_IsObject(value) && JS_GetClassID(value) == kClassHttpUrl) {
      Value object = Value::dup(ctx, value);
      std::string name = to_text(ctx, object.property("name").get());
      if (!set_url(to_text(ctx, object.property("url").get()))) return false;
      if (!request.tags->has_name() && vu.script().has(metrics::SystemTag::kName))
        request.tags = vu.shard().tags().with(request.tags, "name", name);
      return true;
    }
    if (JS_IsString(value)) {
      CString text(ctx, value);
      return set_url(text.view());
    }
    error = fmt::format("invalid URL: '#{}'", go_print(ctx, Value::dup(ctx, value)));
    return false;
  }

  bool set_url(std::string_view text) {
    auto parsed = vu.thread().urls.get(text);
    if (!parsed) {
      error = "invalid URL: " + parsed.error().message();
      return false;
    }
    request.url = std::move(*parsed);
    return true;
  }

  bool headers(const Value& value) {
    if (!value.is_object()) return true;
    return each_property(ctx, value.get(), [&](JSAtom atom, const Value& field) {
      std::string name = atom_text(ctx, atom);
      std::string text = to_text(ctx, field.get());
      // As Go sends them.
      if (valid(name, text)) request.headers.set(canonical(name), text);
      return true;
    });
  }

  bool valid(const std::string& name, const std::string& text) {
    bool token = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return c > 0x20 && c < 0x7f &&
             std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
    });
    if (!token) request.refused = fmt::format("net/http: invalid header field name \"{}\"", name);
    bool printable = std::none_of(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    if (token && !printable)
      request.refused = fmt::format("net/http: invalid header field value for \"{}\"", name);
    return token && printable;
  }

  bool cookies(const Value& value) {
    if (!value.is_object()) return true;
    return each_property(ctx, value.get(), [&](JSAtom atom, const Value& cookie) {
      if (cookie.is_nullish()) return true;
      HttpRequest::RequestCookie out{atom_text(ctx, atom), "", false};
      if (is_plain_object(ctx, cookie.get())) {
        // Without the key: an empty value. k6 sends an undefined one as such.
        JSAtom value_atom = JS_NewAtom(ctx, "value");
        if (JS_HasProperty(ctx, cookie.get(), value_atom) > 0)
          out.value = to_text(ctx, cookie.property(value_atom).get());
        JS_FreeAtom(ctx, value_atom);
        Value replace = cookie.property("replace");
        out.replace = JS_ToBool(ctx, replace.get()) > 0;
      } else {
        out.value = to_text(ctx, cookie.get());
      }
      request.cookies.push_back(std::move(out));
      return true;
    });
  }

  bool response_type(const Value& value) {
    std::string name = to_text(ctx, value.get());
    if (name == "text") {
      request.response_type = ResponseType::kText;
    } else if (name == "binary") {
      request.response_type = ResponseType::kBinary;
    } else if (name == "none") {
      request.response_type = ResponseType::kNone;
    } else {
      error = fmt::format("{} does not belong to ResponseType values", name);
      return false;
    }
    return true;
  }

  bool response_callback(const Value& value) {
    request.default_expected = false;
    if (value.is_nullish()) {
      request.expected.reset();
      return true;
    }
    request.expected = expected_of(value.get());
    if (!request.expected) error = "unsupported responseCallback";
    return request.expected != nullptr;
  }

  bool tags(const Value& value) {
    if (value.is_nullish()) return true;
    if (!add_tags(vu, value.get(), request.tags, error)) {
      error = "invalid HTTP request metric tags: " + error;
      return false;
    }
    return true;
  }

  bool param(std::string_view key, const Value& value) {
    if (key == "headers") return headers(value);
    if (key == "tags") return tags(value);
    if (key == "cookies") return cookies(value);
    if (key == "timeout") {
      if (parse_duration(ctx, value.get(), request.timeout, error)) return true;
      error = "invalid timeout value: " + error;
      return false;
    }
    if (key == "redirects") {
      int32_t redirects = 0;
      JS_ToInt32(ctx, &redirects, value.get());
      request.redirects = redirects;
      request.redirects_set = true;
    } else if (key == "responseType") {
      return response_type(value);
    } else if (key == "responseCallback") {
      return response_callback(value);
    } else if (key == "jar" && !value.is_nullish()) {
      auto* handle = static_cast<JarHandle*>(JS_GetOpaque(value.get(), kClassCookieJar));
      if (handle != nullptr) request.jar = handle->jar.get();
    } else if (key == "throw") {
      request.throws = JS_ToBool(ctx, value.get()) > 0;
    } else if (key == "auth") {
      std::string kind = to_text(ctx, value.get());
      request.auth = kind == "digest" ? HttpRequest::Auth::kDigest
                     : kind == "ntlm" ? HttpRequest::Auth::kNtlm
                                      : HttpRequest::Auth::kBasic;
    } else if (key == "compression") {
      compression = to_text(ctx, value.get());
    }
    return true;
  }

  /// After all parameters: a Content-Encoding that the script set stays.
  bool compress() {
    if (compression.empty()) return true;
    if (request.has_body) request.plain_body = request.body;
    std::string encodings, nothing;
    std::string& body = request.has_body ? request.body : nothing;
    if (auto packed = encode_content(compression, body, encodings); !packed) {
      error = packed.error().message();
      return false;
    }
    if (!request.has_body) return true;
    std::string_view custom = request.headers.get("Content-Encoding");
    if (custom.empty()) {
      request.headers.set("Content-Encoding", encodings);
    } else if (custom != encodings) {
      vu.script().log(
          LogLevel::kWarning,
          fmt::format("There's a mismatch between the desired `compression` the manually set "
                      "`Content-Encoding` header in the {} request for '{}', the custom header has "
                      "precedence and won't be overwritten. This may result in invalid data being "
                      "sent to the server.",
                      request.method, request.url->text));
    }
    return true;
  }
};

}  // namespace

bool read_request(Vu& vu, std::string_view method, JSValueConst url, JSValueConst body,
                  JSValueConst params, HttpRequest& request, std::string& error) {
  JSContext* ctx = vu.ctx();
  HttpUser& http = vu.http();
  const exec::UserOptions& options = vu.script().options;
  request.method = method;
  request.tags = vu.tags();
  request.has_body = false;
  request.timeout = std::chrono::seconds(60);
  request.redirects = options.max_redirects.value_or(kRedirectsMax);
  request.redirects_set = options.max_redirects.has_value();
  request.response_type =
      options.discard_response_bodies ? ResponseType::kNone : ResponseType::kText;
  request.default_expected = http.default_expected;
  request.expected = http.expected;
  request.throws = options.throw_on_failed_request;
  request.jar = http.jar().get();
  Reader reader{vu, ctx, request, error, ""};
  // `throw` counts also where another parameter is wrong.
  if (JS_IsObject(params)) {
    Value throws(ctx, JS_GetPropertyStr(ctx, params, "throw"));
    if (!throws.is_nullish()) request.throws = JS_ToBool(ctx, throws.get()) > 0;
  }
  if (!reader.url(url)) return false;
  if (!is_nullish(body) && !read_body(ctx, body, request, error)) return false;
  if (!JS_IsObject(params)) return true;
  bool ok = each_property(ctx, params, [&](JSAtom atom, const Value& value) {
    CString name(ctx, Value(ctx, JS_AtomToString(ctx, atom)).get());
    return reader.param(name.view(), value);
  });
  if (!ok && error.empty()) error = bia::js::take_exception(ctx).head();
  if (ok && request.headers.has("Content-Length") &&
      request.headers.get("Content-Length") != std::to_string(request.body.size())) {
    vu.script().log(LogLevel::kWarning,
                    fmt::format("The specified Content-Length header \"{}\" in the {} request for "
                                "{} doesn't match the actual request body length of {}, so it "
                                "will be ignored!",
                                request.headers.get("Content-Length"), request.method,
                                request.url->text, request.body.size()));
  }
  return ok && reader.compress();
}

}  // namespace zelus::modules
