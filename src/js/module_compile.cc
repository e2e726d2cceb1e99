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

bool ModuleSet::keep(JSContext* ctx, const std::string& url, JSValueConst code, bool common_js) {
  size_t size = 0;
  uint8_t* bytes =
      JS_WriteObject(ctx, &size, code, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE);
  if (bytes == nullptr) return false;
  bytecode_.insert_or_assign(url, Compiled{std::vector<uint8_t>(bytes, bytes + size), common_js});
  js_free(ctx, bytes);
  return true;
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
  return !code.is_exception() && keep(ctx, url, code.get(), true);
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
  JSValue module = JS_UNDEFINED;
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
    module = compile_esm(ctx, url, source->second, common_js);
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
      module = JS_UNDEFINED;
    } else if (!keep(ctx, url, module, false)) {
      JS_FreeValue(ctx, module);
      return nullptr;
    }
    compiled = bytecode_.find(url);
  }
  if (compiled->second.common_js) {
    JSModuleDef* def = JS_NewCModule(ctx, url.c_str(), &ModuleSet::init_common_js);
    if (def != nullptr) JS_AddModuleExport(ctx, def, "default");
    return def;
  }
  if (JS_IsUndefined(module)) {
    const auto& bytes = compiled->second.bytes;
    module = JS_ReadObject(ctx, bytes.data(), bytes.size(), JS_READ_OBJ_BYTECODE);
    if (JS_IsException(module)) return nullptr;
  }
  auto* def = static_cast<JSModuleDef*>(JS_VALUE_GET_PTR(module));
  JS_FreeValue(ctx, module);
  Value meta(ctx, JS_GetImportMeta(ctx, def));
  if (meta.is_exception()) return nullptr;
  define(ctx, meta.get(), "resolve", JS_NewCFunction(ctx, &meta_resolve, "resolve", 1));
  return def;
}

JSModuleDef* ModuleSet::load(JSContext* ctx, const std::string& url) {
  return bia_js_import(ctx, "", url.c_str());
}

}  // namespace bia::js
