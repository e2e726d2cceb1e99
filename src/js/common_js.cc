// CommonJS as k6 has it: require, module.exports, and how ES modules see it.
#include <fmt/format.h>

#include "js/module_set.h"
#include "js/runtime.h"
#include "js/value.h"

namespace bia::js {

namespace {
std::string name_of(JSContext* ctx, JSModuleDef* module) {
  JSAtom atom = JS_GetModuleName(ctx, module);
  Value text(ctx, JS_AtomToString(ctx, atom));
  JS_FreeAtom(ctx, atom);
  return to_text(ctx, text.get());
}
}  // namespace

bool ModuleSet::is_common_js(const std::string& url) const {
  auto compiled = bytecode_.find(url);
  return compiled != bytecode_.end() && compiled->second.common_js;
}

JSValue ModuleSet::run_common_js(JSContext* ctx, const std::string& url) {
  auto& modules = Context::of(ctx)->common_js_;
  if (auto found = modules.find(url); found != modules.end())
    return JS_GetPropertyStr(ctx, found->second.get(), "exports");
  auto compiled = bytecode_.find(url);
  if (compiled == bytecode_.end()) return throw_go_error(ctx, url + " is not loaded");
  JSValue code = read_function(ctx, compiled->second);
  if (JS_IsException(code)) return code;
  Value wrapper(ctx, JS_EvalFunction(ctx, code));
  if (wrapper.is_exception()) return JS_EXCEPTION;
  Value module(ctx, JS_NewObject(ctx));
  Value exports(ctx, JS_NewObject(ctx));
  define(ctx, module.get(), "exports", exports.dup());
  // Before it runs: a cycle sees what is there so far.
  modules.emplace(url, module);
  Value require = Context::of(ctx)->global().property("require");
  JSValueConst arguments[] = {module.get(), exports.get(), require.get()};
  Value result(ctx, JS_Call(ctx, wrapper.get(), exports.get(), 3, arguments));
  if (result.is_exception()) {
    modules.erase(url);
    return JS_EXCEPTION;
  }
  return JS_GetPropertyStr(ctx, module.get(), "exports");
}

int ModuleSet::init_common_js(JSContext* ctx, JSModuleDef* module) {
  ModuleSet& self = Context::of(ctx)->runtime().modules();
  Value exports(ctx, self.run_common_js(ctx, name_of(ctx, module)));
  if (exports.is_exception()) return -1;
  for (int i = 0;; ++i) {
    JSAtom atom = bia_js_export_name(ctx, module, i);
    if (atom == JS_ATOM_NULL) return 0;
    Value name(ctx, JS_AtomToString(ctx, atom));
    bool object = exports.is_object();
    Value value = object ? exports.property(atom) : Value();
    JS_FreeAtom(ctx, atom);
    if (value.is_exception()) return -1;
    std::string text = to_text(ctx, name.get());
    // k6: the default export is exports.default, else all of it.
    if (text == "default" && value.is_undefined()) value = exports;
    if (JS_SetModuleExport(ctx, module, text.c_str(), value.release()) < 0) return -1;
  }
}

int ModuleSet::declare_all(JSContext* ctx, JSModuleDef* module) {
  ModuleSet& self = Context::of(ctx)->runtime().modules();
  Value exports(ctx, self.run_common_js(ctx, name_of(ctx, module)));
  if (exports.is_exception()) return -1;
  if (!exports.is_object()) return 0;
  JSPropertyEnum* names = nullptr;
  uint32_t count = 0;
  if (JS_GetOwnPropertyNames(ctx, &names, &count, exports.get(),
                             JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0)
    return -1;
  int result = 0;
  for (uint32_t i = 0; i < count && result == 0; ++i) {
    Value name(ctx, JS_AtomToString(ctx, names[i].atom));
    result = bia_js_declare_export(ctx, module, to_text(ctx, name.get()).c_str());
  }
  JS_FreePropertyEnum(ctx, names, count);
  return result;
}

JSValue ModuleSet::evaluate(JSContext* ctx, JSModuleDef* module) {
  if (bia_js_declare_imports(ctx, module, &init_common_js, &declare_all) < 0) return JS_EXCEPTION;
  // As in k6: what a module in C++ does not have is undefined.
  auto has_all = [](JSContext*, JSModuleDef*) { return 0; };
  if (bia_js_declare_imports(ctx, module, &init_native, has_all) < 0) return JS_EXCEPTION;
  return JS_EvalFunction(ctx, JS_DupValue(ctx, JS_MKPTR(JS_TAG_MODULE, module)));
}

JSValue ModuleSet::require(JSContext* ctx, const std::string& base, const std::string& specifier) {
  const struct Requiring {
    explicit Requiring(int& depth) : count(depth) { ++count; }
    ~Requiring() { --count; }
    int& count;
  } requiring(requiring_);
  auto url = resolve(base, specifier, Kind::kRequire);
  Result<void> there = url ? have_source(*url, specifier) : Result<void>(url.error());
  if (!there) return throw_go_error(ctx, there.error().message());
  JSModuleDef* module = load(ctx, *url);
  if (module == nullptr) return JS_EXCEPTION;
  if (is_common_js(*url)) return run_common_js(ctx, *url);
  if (bia_js_is_busy(ctx, module)) {
    return throw_go_error(
        ctx, fmt::format("require(\"{}\"): the module imports, directly or not, the one that "
                         "requires it; break the cycle",
                         specifier));
  }
  Value promise(ctx, evaluate(ctx, module));
  if (promise.is_exception()) return JS_EXCEPTION;
  switch (JS_PromiseState(ctx, promise.get())) {
    case JS_PROMISE_FULFILLED: {
      Value names(ctx, JS_GetModuleNamespace(ctx, module));
      // As in k6: what a module in C++ exports by default, which a script may change for all.
      return natives_.contains(*url) ? names.property("default").release() : names.release();
    }
    case JS_PROMISE_REJECTED:
      JS_PromiseMarkAsHandled(ctx, promise.get());
      return JS_Throw(ctx, JS_PromiseResult(ctx, promise.get()));
    default:
      return throw_go_error(
          ctx,
          fmt::format("require(\"{}\"): the module awaits at its top level; import it", specifier));
  }
}

JSValue ModuleSet::meta_resolve(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  std::string specifier = argc > 0 ? to_text(ctx, argv[0]) : "";
  auto url = Context::of(ctx)->runtime().modules().resolve(caller_file(ctx), specifier);
  if (!url) return throw_go_error(ctx, url.error().message());
  return new_string(ctx, *url);
}

std::string caller_file(JSContext* ctx) {
  JSAtom atom = bia_js_caller_file(ctx);
  if (atom == JS_ATOM_NULL) return {};
  Value text(ctx, JS_AtomToString(ctx, atom));
  JS_FreeAtom(ctx, atom);
  return to_text(ctx, text.get());
}

}  // namespace bia::js
