// From a module's text to bytecode, and from that to the module in a context.
#include <fmt/format.h>

#include "js/module_set.h"
#include "js/runtime.h"
#include "js/value.h"

namespace bia::js {

namespace {
/// Begins in line -1 (0 would mean 1 to QuickJS): what follows keeps its numbers.
constexpr std::string_view kWrapperHead = "(function (module, exports, require) {\n\n";
constexpr int kWrapperLine = -1;
constexpr std::string_view kWrapperTail = "\n})";

bool in_packages(std::string_view url) {
  return url.find("/node_modules/") != std::string_view::npos;
}

bool pending_syntax_error(JSContext* ctx) {
  Value error(ctx, JS_GetException(ctx));
  bool out = error.is_object() && to_text(ctx, error.property("name").get()) == "SyntaxError";
  JS_Throw(ctx, error.release());
  return out;
}
}  // namespace

namespace {
bool write_code(JSContext* ctx, JSValueConst value, std::vector<uint8_t>& out) {
  size_t size = 0;
  uint8_t* bytes =
      JS_WriteObject(ctx, &size, value, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE);
  if (bytes == nullptr) return false;
  out.assign(bytes, bytes + size);
  js_free(ctx, bytes);
  return true;
}
}  // namespace

bool ModuleSet::keep(JSContext* ctx, const std::string& url, JSValueConst function,
                     JSModuleDef* module) {
  Compiled compiled;
  compiled.common_js = module == nullptr;
  compiled.shareable = bia_js_is_shareable(function) != 0;
  if (!write_code(ctx, function, compiled.function)) return false;
  if (module != nullptr) {
    bia_js_exchange_function(module, JS_UNDEFINED);
    bool ok = write_code(ctx, JS_MKPTR(JS_TAG_MODULE, module), compiled.imports);
    bia_js_exchange_function(module, const_cast<JSValue&>(function));
    if (!ok) return false;
  }
  bytecode_.insert_or_assign(url, std::move(compiled));
  return true;
}

JSValue ModuleSet::read_function(JSContext* ctx, const Compiled& compiled) {
  auto& functions = Context::of(ctx)->runtime().functions_;
  if (auto known = functions.find(&compiled); known != functions.end())
    return JS_DupValue(ctx, known->second);
  const auto& bytes = compiled.function;
  JSValue function = JS_ReadObject(ctx, bytes.data(), bytes.size(), JS_READ_OBJ_BYTECODE);
  if (!JS_IsException(function) && compiled.shareable)
    functions.emplace(&compiled, JS_DupValue(ctx, function));
  return function;
}

JSModuleDef* ModuleSet::read_module(JSContext* ctx, const Compiled& compiled) {
  Value function(ctx, read_function(ctx, compiled));
  if (function.is_exception()) return nullptr;
  const auto& bytes = compiled.imports;
  JSValue module = JS_ReadObject(ctx, bytes.data(), bytes.size(), JS_READ_OBJ_BYTECODE);
  if (JS_IsException(module)) return nullptr;
  auto* def = static_cast<JSModuleDef*>(JS_VALUE_GET_PTR(module));
  JS_FreeValue(ctx, bia_js_exchange_function(def, function.release()));
  JS_FreeValue(ctx, module);
  return def;
}

bool ModuleSet::compile_common_js(JSContext* ctx, const std::string& url, const std::string& text) {
  std::string wrapped(kWrapperHead);
  if (url.ends_with(".json")) wrapped += "module.exports = ";
  // A line for the shell is a comment in JavaScript only at the very beginning.
  if (text.starts_with("#!")) wrapped += "//";
  wrapped += text;
  wrapped += kWrapperTail;
  JSEvalOptions options = {JS_EVAL_OPTIONS_VERSION, JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY,
                           url.c_str(), kWrapperLine};
  Value code(ctx, JS_Eval2(ctx, wrapped.c_str(), wrapped.size(), &options));
  return !code.is_exception() && keep(ctx, url, code.get(), nullptr);
}

JSValue ModuleSet::compile_esm(JSContext* ctx, const std::string& url, const std::string& text,
                               bool& common_js) {
  common_js = url.ends_with(".cjs") || (url.ends_with(".json") && in_packages(url));
  if (!common_js && url.ends_with(".json")) {
    return throw_go_error(
        ctx, fmt::format("{}: JSON cannot be imported; use JSON.parse(open(\"{}\"))", url,
                         url.substr(url.rfind('/') + 1)));
  }
  if (common_js) return JS_UNDEFINED;
  // Imports are compiled within: references into the maps stay valid.
  JSValue module = JS_Eval(ctx, text.c_str(), text.size(), url.c_str(),
                           JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(module)) {
    common_js = !url.ends_with(".mjs") && pending_syntax_error(ctx);
    return module;
  }
  auto* def = static_cast<JSModuleDef*>(JS_VALUE_GET_PTR(module));
  common_js = !bia_js_is_esm(def) && !url.ends_with(".mjs");
  if (!common_js) return module;
  JS_FreeValue(ctx, module);
  bia_js_drop_module(ctx, def);
  return JS_UNDEFINED;
}

JSModuleDef* ModuleSet::compile(JSContext* ctx, const std::string& url) {
  auto compiled = bytecode_.find(url);
  JSModuleDef* def = nullptr;
  if (compiled == bytecode_.end()) {
    auto source = sources_.find(url);
    if (source == sources_.end() || frozen_) {
      throw_go_error(ctx, fmt::format("the module \"{}\" was not loaded when the script was first "
                                      "read; only what was imported then may be imported by "
                                      "virtual users",
                                      url));
      return nullptr;
    }
    bool common_js = false;
    JSValue module = compile_esm(ctx, url, source->second, common_js);
    if (JS_IsException(module) && !common_js) return nullptr;
    if (common_js) {
      // Where it is neither, the error that the ES module gave is the one to see.
      Value first(ctx, JS_IsException(module) ? JS_GetException(ctx) : JS_UNDEFINED);
      if (!compile_common_js(ctx, url, source->second)) {
        if (JS_IsException(module)) {
          JS_FreeValue(ctx, JS_GetException(ctx));
          JS_Throw(ctx, first.release());
        }
        return nullptr;
      }
    } else {
      def = static_cast<JSModuleDef*>(JS_VALUE_GET_PTR(module));
      JS_FreeValue(ctx, module);
      JSValue function = bia_js_exchange_function(def, JS_UNDEFINED);
      bia_js_exchange_function(def, function);
      if (!keep(ctx, url, function, def)) return nullptr;
    }
    compiled = bytecode_.find(url);
  }
  if (compiled->second.common_js) {
    def = JS_NewCModule(ctx, url.c_str(), &ModuleSet::init_common_js);
    if (def != nullptr) JS_AddModuleExport(ctx, def, "default");
    return def;
  }
  if (def == nullptr) def = read_module(ctx, compiled->second);
  if (def == nullptr) return nullptr;
  Value meta(ctx, JS_GetImportMeta(ctx, def));
  if (meta.is_exception()) return nullptr;
  define(ctx, meta.get(), "resolve", JS_NewCFunction(ctx, &meta_resolve, "resolve", 1));
  return def;
}

JSModuleDef* ModuleSet::load(JSContext* ctx, const std::string& url) {
  return bia_js_import(ctx, "", url.c_str());
}

}  // namespace bia::js
