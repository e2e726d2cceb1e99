#include "js/module_set.h"

#include <fmt/format.h>

#include "js/runtime.h"
#include "js/value.h"

namespace bia::js {

namespace {
constexpr std::string_view kFile = "file://";

Error import_error(std::string message) {
  return Error(Code::kInvalidArgument, "IMPORT", std::move(message));
}
}  // namespace

std::string normalize_file_url(std::string_view url) {
  if (!url.starts_with(kFile)) return std::string(url);
  std::vector<std::string_view> parts;
  std::string_view path = url.substr(kFile.size());
  while (!path.empty()) {
    size_t slash = path.find('/');
    std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  std::string out(kFile);
  for (std::string_view part : parts) out.append("/").append(part);
  return out;
}

void ModuleSet::add_native(NativeModule module) {
  std::string name = module.name;
  natives_.insert_or_assign(std::move(name), std::move(module));
}
void ModuleSet::add_missing(std::string name, std::string message) {
  missing_.insert_or_assign(std::move(name), std::move(message));
}
void ModuleSet::add_source(std::string url, std::string text) {
  sources_.insert_or_assign(std::move(url), std::move(text));
}

size_t ModuleSet::bytecode_bytes() const {
  size_t out = 0;
  for (const auto& [url, bytes] : bytecode_) out += bytes.size();
  return out;
}

Result<std::string> ModuleSet::resolve(std::string_view base, const std::string& specifier) const {
  if (specifier.empty()) return import_error("\"\" is an invalid module specifier: it is empty");
  if (natives_.contains(specifier)) return specifier;
  if (auto missing = missing_.find(specifier); missing != missing_.end())
    return import_error(missing->second);
  if (specifier == "k6" || specifier.starts_with("k6/")) {
    return import_error(fmt::format("unknown module: {}", specifier));
  }
  if (specifier.starts_with(kFile)) return normalize_file_url(specifier);
  if (specifier.starts_with("/")) return normalize_file_url(fmt::format("{}{}", kFile, specifier));
  if (specifier.starts_with("./") || specifier.starts_with("../")) {
    size_t slash = base.rfind('/');
    return normalize_file_url(fmt::format(
        "{}/{}", base.substr(0, slash == std::string_view::npos ? 0 : slash), specifier));
  }
  if (specifier.starts_with("https://")) {
    return import_error(
        fmt::format("importing \"{}\": modules from https:// are not built yet; download the file "
                    "and import it by path",
                    specifier));
  }
  if (specifier.find("://") != std::string::npos) {
    return import_error(fmt::format(
        "only supported schemes for imports are file and https, \"{}\" has another", specifier));
  }
  return import_error(
      fmt::format("The moduleSpecifier \"{}\" couldn't be recognised as something k6 supports; "
                  "write \"./{}\" for a file beside the script",
                  specifier, specifier));
}

void ModuleSet::attach(JSRuntime* rt) {
  JS_SetModuleLoaderFunc(rt, &ModuleSet::normalize, &ModuleSet::load_import, this);
}

char* ModuleSet::normalize(JSContext* ctx, const char* base, const char* specifier, void* opaque) {
  auto* self = static_cast<ModuleSet*>(opaque);
  Result<std::string> url = self->resolve(base, specifier);
  if (!url) {
    throw_go_error(ctx, url.error().message());
    return nullptr;
  }
  // The text of the import is needed where the file is not found.
  if (!self->natives_.contains(*url) && !self->bytecode_.contains(*url) &&
      !self->sources_.contains(*url)) {
    Result<std::string> text = self->frozen_
                                   ? Result<std::string>(Error(Code::kNotFound, "NOT_OPENED", ""))
                                   : self->reader_(*url);
    if (!text) {
      throw_go_error(
          ctx, fmt::format(
                   "The moduleSpecifier \"{}\" couldn't be found on local disk. Make sure that "
                   "you've specified the right path to the file. If you're "
                   "running k6 using the Docker image make sure you have mounted the local "
                   "directory (-v /local/path/:/inside/docker/path) containing "
                   "your script and modules so that they're accessible by k6 from inside of the "
                   "container, see "
                   "https://grafana.com/docs/k6/latest/using-k6/modules/#use-modules-with-docker.",
                   specifier));
      return nullptr;
    }
    self->sources_.emplace(*url, std::move(*text));
  }
  return js_strdup(ctx, url->c_str());
}

JSModuleDef* ModuleSet::load_import(JSContext* ctx, const char* url, void* opaque) {
  auto* self = static_cast<ModuleSet*>(opaque);
  if (auto native = self->natives_.find(std::string_view(url)); native != self->natives_.end())
    return self->load_native(ctx, native->second);
  JSValue module = self->compile(ctx, url);
  if (JS_IsException(module)) return nullptr;
  auto* def = static_cast<JSModuleDef*>(JS_VALUE_GET_PTR(module));
  JS_FreeValue(ctx, module);
  return def;
}

JSValue ModuleSet::load(JSContext* ctx, const std::string& url) {
  JSValue module = compile(ctx, url);
  if (JS_IsException(module)) return module;
  if (JS_ResolveModule(ctx, module) < 0) {
    JS_FreeValue(ctx, module);
    return JS_EXCEPTION;
  }
  return module;
}

JSValue ModuleSet::compile(JSContext* ctx, const std::string& url) {
  JSValue module;
  if (auto compiled = bytecode_.find(url); compiled != bytecode_.end()) {
    module =
        JS_ReadObject(ctx, compiled->second.data(), compiled->second.size(), JS_READ_OBJ_BYTECODE);
  } else {
    auto source = sources_.find(url);
    if (source == sources_.end() || frozen_) {
      return throw_go_error(ctx, fmt::format("the module \"{}\" was not loaded when the script was "
                                             "first read; only what was imported then "
                                             "may be imported by virtual users",
                                             url));
    }
    // Imports are compiled within: references into the map stay valid.
    module = JS_Eval(ctx, source->second.c_str(), source->second.size(), url.c_str(),
                     JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(module)) return module;
    size_t size = 0;
    uint8_t* bytes =
        JS_WriteObject(ctx, &size, module, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE);
    if (bytes == nullptr) {
      JS_FreeValue(ctx, module);
      return JS_EXCEPTION;
    }
    bytecode_.emplace(url, std::vector<uint8_t>(bytes, bytes + size));
    js_free(ctx, bytes);
  }
  if (JS_IsException(module)) return module;
  Value meta(ctx, JS_GetImportMeta(ctx, static_cast<JSModuleDef*>(JS_VALUE_GET_PTR(module))));
  if (meta.is_exception()) {
    JS_FreeValue(ctx, module);
    return JS_EXCEPTION;
  }
  define(ctx, meta.get(), "url", new_string(ctx, url));
  return module;
}

JSModuleDef* ModuleSet::load_native(JSContext* ctx, const NativeModule& native) {
  JSModuleDef* module = JS_NewCModule(ctx, native.name.c_str(), &ModuleSet::init_native);
  if (module == nullptr) return nullptr;
  JS_AddModuleExport(ctx, module, "default");
  for (const std::string& name : native.exports) JS_AddModuleExport(ctx, module, name.c_str());
  return module;
}

int ModuleSet::init_native(JSContext* ctx, JSModuleDef* module) {
  ModuleSet& self = Context::of(ctx)->runtime().modules();
  JSAtom atom = JS_GetModuleName(ctx, module);
  const char* name = JS_AtomToCString(ctx, atom);
  JS_FreeAtom(ctx, atom);
  if (name == nullptr) return -1;
  auto native = self.natives_.find(std::string_view(name));
  JS_FreeCString(ctx, name);
  if (native == self.natives_.end()) return -1;
  Value object(ctx, JS_NewObject(ctx));
  if (object.is_exception() || !native->second.fill(ctx, object.get())) return -1;
  for (const std::string& exported : native->second.exports) {
    JSValue value = JS_GetPropertyStr(ctx, object.get(), exported.c_str());
    if (JS_IsException(value) || JS_SetModuleExport(ctx, module, exported.c_str(), value) < 0)
      return -1;
  }
  return JS_SetModuleExport(ctx, module, "default", object.release());
}

bool Context::import_module(std::string_view url, bool (*wait)(void*), void* opaque,
                            Value& name_space, Exception& exception) {
  JSContext* ctx = context_;
  JSValue module = runtime_.modules().load(ctx, std::string(url));
  if (JS_IsException(module)) {
    exception = take_exception(ctx);
    return false;
  }
  auto* def = static_cast<JSModuleDef*>(JS_VALUE_GET_PTR(module));
  Value promise(ctx, JS_EvalFunction(ctx, module));
  if (promise.is_exception()) {
    exception = take_exception(ctx);
    return false;
  }
  for (;;) {
    if (!run_jobs()) {
      exception = take_exception(ctx);
      return false;
    }
    if (JS_PromiseState(ctx, promise.get()) != JS_PROMISE_PENDING) break;
    if (wait == nullptr || !wait(opaque)) {
      exception = {};
      exception.name = "Error";
      exception.message = "the script's top-level await is never settled";
      return false;
    }
  }
  if (JS_PromiseState(ctx, promise.get()) == JS_PROMISE_REJECTED) {
    JS_PromiseMarkAsHandled(ctx, promise.get());
    clear_unhandled();
    Value reason(ctx, JS_PromiseResult(ctx, promise.get()));
    exception = describe_exception(ctx, reason.get());
    return false;
  }
  name_space = Value(ctx, JS_GetModuleNamespace(ctx, def));
  if (name_space.is_exception()) {
    exception = take_exception(ctx);
    return false;
  }
  return true;
}

}  // namespace bia::js
