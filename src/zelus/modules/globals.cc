// console, __VU, __ENV, open, timers: what every script has without an import (parity/k6.md 2.2).
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "zelus/modules/console.h"
#include "zelus/modules/locale_compare.h"
#include "zelus/modules/native.h"
#include "zelus/modules/web_globals.h"

namespace zelus::modules {

namespace {

template <LogLevel level>
JSValue console_log(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  if (!vu.script().logger->enabled(level)) return JS_UNDEFINED;
  std::string text;
  for (int i = 0; i < argc; ++i) {
    if (i != 0) text.push_back(' ');
    text += console_text(ctx, argv[i]);
  }
  vu.script().log(level, text, {{"source", "console"}});
  return JS_UNDEFINED;
}

void add_console(JSContext* ctx, JSValueConst global) {
  JSValue console = JS_NewObject(ctx);
  define_functions(ctx, console,
                   {{"log", console_log<LogLevel::kInfo>, 0},
                    {"info", console_log<LogLevel::kInfo>, 0},
                    {"debug", console_log<LogLevel::kDebug>, 0},
                    {"warn", console_log<LogLevel::kWarning>, 0},
                    {"error", console_log<LogLevel::kError>, 0}});
  define(ctx, global, "console", console);
}

Result<std::string> read_file(const std::string& path, const std::string& as_given) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return Error(Code::kNotFound, "NO_FILE",
                 fmt::format("stat {}: no such file or directory", path));
  }
  if (S_ISDIR(info.st_mode)) {
    return Error(Code::kInvalidArgument, "IS_DIR",
                 fmt::format("open() can't be used with directories, path: \"{}\"", as_given));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file)
    return Error(Code::kUnavailable, "UNREADABLE", fmt::format("could not read \"{}\"", as_given));
  return std::move(text).str();
}

JSValue open_file(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  if (!vu.in_init()) {
    return throw_go_error(
        ctx,
        "the \"open\" function is only available in the init stage (i.e. the global scope), see "
        "https://grafana.com/docs/k6/latest/using-k6/test-lifecycle/ for more information");
  }
  std::string name =
      is_nullish(argument(argc, argv, 0)) ? "" : to_text(ctx, argument(argc, argv, 0));
  if (name.empty()) return throw_go_error(ctx, "open() can't be used with an empty filename");
  Script& script = vu.script();
  // As k6: relative to the file that calls it.
  std::string caller = bia::js::caller_file(ctx);
  std::string_view base = caller.empty() ? script.source.url : caller;
  std::string url = name.starts_with("file://") ? name
                    : name.starts_with("/")
                        ? "file://" + name
                        : fmt::format("{}/{}", base.substr(0, base.rfind('/')), name);
  std::string path = bia::js::normalize_file_url(url).substr(std::string_view("file://").size());
  auto found = script.files.find(path);
  if (found == script.files.end()) {
    if (script.frozen) {
      return throw_go_error(ctx,
                            fmt::format("open() can't be used with files that weren't previously "
                                        "opened during initialization (__VU==0), path: \"{}\"",
                                        path));
    }
    auto text = script.source.read(path, [&] { return read_file(path, name); });
    if (!text) return throw_go_error(ctx, text.error().message());
    found = script.files.emplace(path, std::move(*text)).first;
  }
  if (to_text(ctx, argument(argc, argv, 1)) == "b") {
    return JS_NewArrayBufferCopy(ctx, reinterpret_cast<const uint8_t*>(found->second.data()),
                                 found->second.size());
  }
  return new_string(ctx, found->second);
}

JSValue require(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  if (!vu.in_init()) {
    return throw_go_error(
        ctx,
        "the \"require\" function is only available in the init stage (i.e. the global scope), see "
        "https://grafana.com/docs/k6/latest/using-k6/test-lifecycle/ for more information");
  }
  std::string specifier = argc > 0 && !is_nullish(argv[0]) ? to_text(ctx, argv[0]) : "";
  if (specifier.empty())
    return throw_go_error(ctx, "require() can't be used with an empty specifier");
  std::string base = bia::js::caller_file(ctx);
  return vu.script().modules->require(ctx, base.empty() ? vu.script().source.url : base, specifier);
}

/// `module` and `exports` are parameters in CommonJS; elsewhere k6 explains what went wrong.
template <bool exports>
JSValue no_common_js(JSContext* ctx, JSValueConst, int, JSValueConst*) {
  return throw_go_error(
      ctx, fmt::format("you are trying to access identifier \"{}\", this likely is due to mixing "
                       "ECMAScript Modules (ESM) and CommonJS syntax. This isn't supported in the "
                       "JavaScript standard, please use only one or the other",
                       exports ? "exports" : "module"));
}

void add_getter(JSContext* ctx, JSValueConst object, const char* name, NativeFunction get) {
  JSAtom atom = JS_NewAtom(ctx, name);
  JS_DefinePropertyGetSet(ctx, object, atom,
                          JS_NewCFunction2(ctx, get, name, 0, JS_CFUNC_generic, 0), JS_UNDEFINED,
                          JS_PROP_CONFIGURABLE);
  JS_FreeAtom(ctx, atom);
}

template <bool repeat>
JSValue set_timer(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  const char* name = repeat ? "setInterval" : "setTimeout";
  uint32_t id = vu.loop().next_timer_id();
  JSValueConst callback = argument(argc, argv, 0);
  if (is_nullish(callback))
    return throw_go_error(ctx, fmt::format("{}'s callback isn't a callable function", name));
  if (!JS_IsFunction(ctx, callback)) {
    return throw_type_error(
        ctx,
        fmt::format(
            "could not convert function call parameter 0: could not convert {} to sobek.Callable",
            to_text(ctx, callback)));
  }
  double ms = 0;
  if (argc > 1 && JS_ToFloat64(ctx, &ms, argv[1]) < 0) return JS_EXCEPTION;
  if (!(ms > 0)) ms = 0;
  std::vector<Value> arguments;
  for (int i = 2; i < argc; ++i) arguments.push_back(Value::dup(ctx, argv[i]));
  vu.loop().set_timer(id, Value::dup(ctx, callback), std::move(arguments),
                      Duration(static_cast<int64_t>(std::min(ms, 9e12) * 1e6)), repeat);
  return JS_NewUint32(ctx, id);
}

JSValue clear_timer(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  double id = 0;
  if (argc == 0 || JS_ToFloat64(ctx, &id, argv[0]) < 0) {
    JS_FreeValue(ctx, JS_GetException(ctx));
    return JS_UNDEFINED;
  }
  if (id > 0 && id < UINT32_MAX) Vu::of(ctx).loop().clear_timer(static_cast<uint32_t>(id));
  return JS_UNDEFINED;
}

bool fill_timers(JSContext* ctx, JSValueConst object) {
  define_functions(ctx, object,
                   {{"setTimeout", set_timer<false>, 2},
                    {"setInterval", set_timer<true>, 2},
                    {"clearTimeout", clear_timer, 1},
                    {"clearInterval", clear_timer, 1}});
  return true;
}

/// `stack` as k6 has it: the error's head, then its frames.
JSValue error_stack(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  Value raw(ctx, bia_js_error_stack(ctx, self));
  if (!raw.is_string()) return raw.release();
  return new_string(ctx, fmt::format("{}\n{}", to_text(ctx, self),
                                     bia::js::k6_stack(ctx, to_text(ctx, raw.get()))));
}

void add_error_stack(JSContext* ctx, JSValueConst global) {
  Value prototype = Value(ctx, JS_GetPropertyStr(ctx, global, "Error")).property("prototype");
  JSAtom atom = JS_NewAtom(ctx, "stack");
  JSPropertyDescriptor descriptor;
  if (JS_GetOwnProperty(ctx, &descriptor, prototype.get(), atom) > 0) {
    JSValue getter = JS_NewCFunction2(ctx, error_stack, "stack", 0, JS_CFUNC_generic, 0);
    JS_DefinePropertyGetSet(ctx, prototype.get(), atom, getter, descriptor.setter,
                            JS_PROP_CONFIGURABLE);
    JS_FreeValue(ctx, descriptor.getter);
    JS_FreeValue(ctx, descriptor.value);
  }
  JS_FreeAtom(ctx, atom);
}

}  // namespace

void add_timers_module(bia::js::ModuleSet& modules) {
  modules.add_native(
      {"k6/timers", {"setTimeout", "setInterval", "clearTimeout", "clearInterval"}, &fill_timers});
}

void set_up_globals(Vu& vu) {
  JSContext* ctx = vu.ctx();
  Value global(ctx, JS_GetGlobalObject(ctx));
  define(ctx, global.get(), "__VU", JS_NewInt64(ctx, static_cast<int64_t>(vu.id())));
  JSValue env = JS_NewObject(ctx);
  for (const auto& [name, value] : vu.script().runtime.env)
    define(ctx, env, name, new_string(ctx, value));
  define(ctx, global.get(), "__ENV", env);
  if (vu.script().runtime.extended_compatibility) define(ctx, global.get(), "global", global.dup());
  add_console(ctx, global.get());
  fill_timers(ctx, global.get());
  define_functions(ctx, global.get(), {{"open", open_file, 1}, {"require", require, 1}});
  add_locale_compare(ctx, global.get());
  add_web_globals(ctx, global.get());
  add_getter(ctx, global.get(), "module", no_common_js<false>);
  add_getter(ctx, global.get(), "exports", no_common_js<true>);
  add_error_stack(ctx, global.get());
}

}  // namespace zelus::modules
