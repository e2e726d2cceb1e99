// http.CookieJar and http.expectedStatuses.
#include <fmt/format.h>

#include "zelus/modules/http/http_send.h"
#include "zelus/modules/native.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

namespace {

void finalize_jar(JSRuntime*, JSValueConst value) {
  delete static_cast<JarHandle*>(JS_GetOpaque(value, kClassCookieJar));
}
const JSClassDef kJarClass = {"CookieJar", &finalize_jar, nullptr, nullptr, nullptr};

struct ExpectedHandle {
  std::shared_ptr<const ExpectedStatuses> expected;
};
void finalize_expected(JSRuntime*, JSValueConst value) {
  delete static_cast<ExpectedHandle*>(JS_GetOpaque(value, kClassExpectedStatuses));
}
const JSClassDef kExpectedClass = {"expectedStatuses", &finalize_expected, nullptr, nullptr,
                                   nullptr};

/// The jar and the URL of a call. False with an exception pending.
bool jar_call(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv, CookieJar*& jar,
              std::shared_ptr<const Url>& url) {
  auto* handle = static_cast<JarHandle*>(JS_GetOpaque2(ctx, self, kClassCookieJar));
  if (handle == nullptr) return false;
  jar = handle->jar.get();
  auto parsed = Vu::of(ctx).thread().urls.get(to_text(ctx, argument(argc, argv, 0)));
  if (!parsed) {
    throw_go_error(ctx, parsed.error().message());
    return false;
  }
  url = std::move(*parsed);
  return true;
}

JSValue cookies_for_url(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  CookieJar* jar = nullptr;
  std::shared_ptr<const Url> url;
  if (!jar_call(ctx, self, argc, argv, jar, url)) return JS_EXCEPTION;
  return lists_by_name(ctx, jar->for_url(*url, unix_now_ms()));
}

/// As `expires`, which k6 reads as Go's time.RFC1123. False with the error.
bool set_expiry(Cookie& cookie, const std::string& date, std::string& error) {
  if (date.empty()) return true;
  cookie.has_expires =
      date.find('-') == std::string::npos && parse_cookie_date(date, cookie.expires_ms);
  if (cookie.has_expires) return true;
  error = fmt::format("unable to parse \"expires\" date string \"{}\"", date);
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  const size_t day = kDays.find(std::string_view(date).substr(0, 3));
  // What else is wrong with it Go says too; this is what it says of a text that is no such date.
  if (day == std::string_view::npos || day % 3 != 0 || date.size() < 3)
    error += fmt::format(
        ": parsing time \"{0}\" as \"Mon, 02 Jan 2006 15:04:05 MST\": cannot parse "
        "\"{0}\" as \"Mon\"",
        date);
  return false;
}

JSValue set(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  CookieJar* jar = nullptr;
  std::shared_ptr<const Url> url;
  if (!jar_call(ctx, self, argc, argv, jar, url)) return JS_EXCEPTION;
  Cookie cookie;
  cookie.name = to_text(ctx, argument(argc, argv, 1));
  cookie.value = to_text(ctx, argument(argc, argv, 2));
  std::string error;
  if (argc > 3 && JS_IsObject(argv[3])) {
    bool ok = each_property(ctx, argv[3], [&](JSAtom atom, const Value& value) {
      std::string key = atom_text(ctx, atom);
      if (key == "domain") cookie.domain = to_text(ctx, value.get());
      if (key == "path") cookie.path = to_text(ctx, value.get());
      if (key == "secure") cookie.secure = JS_ToBool(ctx, value.get()) > 0;
      if (key == "http_only") cookie.http_only = JS_ToBool(ctx, value.get()) > 0;
      if (key == "max_age") JS_ToInt64(ctx, &cookie.max_age, value.get());
      return key != "expires" || set_expiry(cookie, to_text(ctx, value.get()), error);
    });
    if (!ok) return error.empty() ? JS_EXCEPTION : throw_go_error(ctx, error);
  }
  jar->set(*url, std::move(cookie), unix_now_ms());
  return JS_TRUE;
}

JSValue clear(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  CookieJar* jar = nullptr;
  std::shared_ptr<const Url> url;
  if (!jar_call(ctx, self, argc, argv, jar, url)) return JS_EXCEPTION;
  jar->clear(*url);
  return JS_UNDEFINED;
}

JSValue remove(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  CookieJar* jar = nullptr;
  std::shared_ptr<const Url> url;
  if (!jar_call(ctx, self, argc, argv, jar, url)) return JS_EXCEPTION;
  jar->remove(*url, to_text(ctx, argument(argc, argv, 1)));
  return JS_UNDEFINED;
}

JSValue construct_jar(JSContext* ctx, JSValueConst, int, JSValueConst*) {
  return new_cookie_jar(ctx, std::make_shared<CookieJar>());
}

bool read_range(JSContext* ctx, JSValueConst value, ExpectedStatuses::Range& range) {
  if (JS_VALUE_GET_TAG(value) == JS_TAG_INT) {
    range.min = range.max = JS_VALUE_GET_INT(value);
    return true;
  }
  if (!JS_IsObject(value)) return false;
  Value object = Value::dup(ctx, value);
  Value min = object.property("min");
  Value max = object.property("max");
  if (JS_VALUE_GET_TAG(min.get()) != JS_TAG_INT || JS_VALUE_GET_TAG(max.get()) != JS_TAG_INT)
    return false;
  range = {JS_VALUE_GET_INT(min.get()), JS_VALUE_GET_INT(max.get())};
  return true;
}

JSValue expected_statuses(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  if (argc == 0) return throw_go_error(ctx, "no arguments");
  auto expected = std::make_shared<ExpectedStatuses>();
  for (int i = 0; i < argc; ++i) {
    ExpectedStatuses::Range range{};
    if (!read_range(ctx, argv[i], range)) {
      return throw_go_error(ctx, fmt::format("argument number {} to expectedStatuses was neither "
                                             "an integer nor an object like {{min:100, max:329}}",
                                             i + 1));
    }
    expected->ranges.push_back(range);
  }
  JSValue object = JS_NewObjectClass(ctx, kClassExpectedStatuses);
  if (!JS_IsException(object)) JS_SetOpaque(object, new ExpectedHandle{std::move(expected)});
  return object;
}

}  // namespace

std::shared_ptr<const ExpectedStatuses> expected_of(JSValueConst value) {
  auto* handle = static_cast<ExpectedHandle*>(JS_GetOpaque(value, kClassExpectedStatuses));
  return handle != nullptr ? handle->expected : nullptr;
}

JSValue new_cookie_jar(JSContext* ctx, std::shared_ptr<CookieJar> jar) {
  JSValue object = JS_NewObjectClass(ctx, kClassCookieJar);
  if (!JS_IsException(object)) JS_SetOpaque(object, new JarHandle{std::move(jar)});
  return object;
}

void fill_cookie_jar(JSContext* ctx, JSValueConst object) {
  JSValue prototype = JS_NewObject(ctx);
  define_functions(ctx, prototype,
                   {{"cookiesForURL", cookies_for_url, 1},
                    {"set", set, 4},
                    {"clear", clear, 1},
                    {"delete", remove, 2}});
  JSValue constructor =
      JS_NewCFunction2(ctx, construct_jar, "CookieJar", 0, JS_CFUNC_constructor, 0);
  JS_SetConstructor(ctx, constructor, prototype);
  JS_SetClassProto(ctx, kClassCookieJar, prototype);
  define(ctx, object, "CookieJar", constructor);
}

void fill_expected_statuses(JSContext* ctx, JSValueConst object) {
  define_functions(ctx, object, {{"expectedStatuses", expected_statuses, 1}});
}

void register_cookie_jar_class(JSRuntime* rt) { JS_NewClass(rt, kClassCookieJar, &kJarClass); }
void register_expected_class(JSRuntime* rt) {
  JS_NewClass(rt, kClassExpectedStatuses, &kExpectedClass);
}

}  // namespace zelus::modules
