#include "js/module_set.h"

#include <fmt/format.h>

#include "js/runtime.h"
#include "js/value.h"

namespace bia::js {

namespace {
constexpr std::string_view kFile = "file://", kHttps = "https://";

Error import_error(std::string message) {
  return Error(Code::kInvalidArgument, "IMPORT", std::move(message));
}
}  // namespace

namespace {

/// "/a/b/../c.js" → "/a/c.js".
std::string normalize_path(std::string_view path) {
  std::vector<std::string_view> parts;
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
  std::string out;
  for (std::string_view part : parts) out.append("/").append(part);
  return out;
}

/// "https://host" of a URL.
std::string_view origin_of(std::string_view url) {
  return url.substr(0, std::min(url.find_first_of("/?#", kHttps.size()), url.size()));
}

/// What a path means in the module at `base`, which came over https.
std::string remote_url(std::string_view base, std::string_view specifier) {
  std::string_view origin = origin_of(base);
  size_t query = std::min(specifier.find_first_of("?#"), specifier.size());
  std::string_view path = specifier.substr(0, query);
  std::string_view above = base.substr(origin.size());
  above = above.substr(0, std::min(above.find_first_of("?#"), above.size()));
  above = above.substr(0, above.rfind('/') + 1);
  std::string whole = path.starts_with('/') ? std::string(path) : fmt::format("{}{}", above, path);
  return fmt::format("{}{}{}", origin, normalize_path(whole), specifier.substr(query));
}

}  // namespace

std::string normalize_file_url(std::string_view url) {
  if (!url.starts_with(kFile)) return std::string(url);
  return fmt::format("{}{}", kFile, normalize_path(url.substr(kFile.size())));
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
  for (const auto& [url, compiled] : bytecode_)
    out += compiled.imports.size() + compiled.function.size();
  return out;
}

std::vector<std::string> ModuleSet::urls() const {
  std::vector<std::string> out;
  for (const auto& [url, compiled] : bytecode_) out.push_back(url);
  return out;
}

Result<std::string> ModuleSet::resolve(std::string_view base, const std::string& specifier,
                                       Kind kind) {
  if (specifier.empty()) {
    return import_error(kind == Kind::kRequire ? "\"\" is an invalid module specifier: it is empty"
                                               : "local or remote path required");
  }
  if (natives_.contains(specifier)) return specifier;
  if (auto missing = missing_.find(specifier); missing != missing_.end())
    return import_error(missing->second);
  if (specifier == "k6" || specifier.starts_with("k6/")) {
    return import_error(fmt::format("unknown module: {}", specifier));
  }
  if (specifier.starts_with(kHttps)) return specifier;
  if (size_t colon = specifier.find("://");
      colon != std::string::npos && !specifier.starts_with(kFile)) {
    return import_error(
        fmt::format("only supported schemes for imports are file and https, {} has `{}`", specifier,
                    specifier.substr(0, colon)));
  }
  // Virtual users resolve as the first pass did, without looking at the disk again.
  std::string key = fmt::format("{}\n{}\n{}", base.substr(0, base.rfind('/')),
                                kind == Kind::kRequire ? "require" : "import", specifier);
  if (auto known = located_.find(key); known != located_.end()) return known->second;
  auto url = locate(base, specifier, kind);
  if (url && !frozen_) located_.emplace(std::move(key), *url);
  return url;
}

Result<std::string> ModuleSet::locate(std::string_view base, const std::string& specifier,
                                      Kind kind) {
  std::string url;
  bool remote = base.starts_with(kHttps);
  bool path = specifier.starts_with("/") || specifier.starts_with("./") ||
              specifier.starts_with("../") || specifier == "." || specifier == "..";
  if (remote && path) return remote_url(base, specifier);
  if (remote && specifier.starts_with(kFile))
    return import_error(
        fmt::format("origin ({}/) not allowed to load local file: {}", origin_of(base), specifier));
  if (specifier.starts_with(kFile)) {
    url = normalize_file_url(specifier);
  } else if (specifier.starts_with("/")) {
    url = normalize_file_url(fmt::format("{}{}", kFile, specifier));
  } else if (path) {
    size_t slash = base.rfind('/');
    url = normalize_file_url(fmt::format(
        "{}/{}", base.substr(0, slash == std::string_view::npos ? 0 : slash), specifier));
  } else {
    if (files_.package && !frozen_ && !remote) {
      std::string found = BIA_TRY(files_.package(base, specifier, kind == Kind::kRequire));
      if (!found.empty()) return found;
    }
    if (std::string special = special_url_text(specifier); !special.empty())
      return import_error(std::move(special));
    return import_error(fmt::format(
        "The moduleSpecifier \"{}\" couldn't be recognised as something k6 supports.", specifier));
  }
  if (!frozen_ && files_.complete && !sources_.contains(url)) url = files_.complete(url);
  return url;
}

void ModuleSet::attach(JSRuntime* rt) {
  JS_SetModuleLoaderFunc(rt, &ModuleSet::normalize, &ModuleSet::load_import, this);
}

std::string special_url_text(std::string_view specifier) {
  const bool github = specifier.starts_with("github.com/");
  if (!github && !specifier.starts_with("cdnjs.com/libraries/")) return {};
  return fmt::format(
      "{0}.com 'special' urls are no longer supported - please use real ones. You can get yours by "
      "going to {0} and copy-pasting the full url to the actual {1}JavaScript file",
      github ? "github" : "cdnjs", github ? "raw " : "");
}

std::string unread_text(std::string_view specifier, std::string_view url, std::string_view cause) {
  if (url.starts_with(kHttps))
    return fmt::format(
        "The moduleSpecifier \"{}\" couldn't be retrieved from the resolved url \"{}\". Error : "
        "\"{}\"",
        specifier, url, cause);
  return fmt::format(
      "The moduleSpecifier \"{}\" couldn't be found on local disk. Make sure that you've specified "
      "the right path to the file. If you're running k6 using the Docker image make sure you have "
      "mounted the local directory (-v /local/path/:/inside/docker/path) containing your script "
      "and modules so that they're accessible by k6 from inside of the container, see "
      "https://grafana.com/docs/k6/latest/using-k6/modules/#use-modules-with-docker.",
      specifier);
}

Result<void> ModuleSet::have_source(const std::string& url, const std::string& specifier) {
  if (natives_.contains(url) || bytecode_.contains(url) || sources_.contains(url)) return {};
  auto text =
      frozen_ ? Result<std::string>(Error(Code::kNotFound, "NOT_OPENED", "")) : files_.read(url);
  if (text) {
    sources_.emplace(url, std::move(*text));
    return {};
  }
  bool https = url.starts_with(kHttps);
  if (!https && text.error().code() != Code::kNotFound) return std::move(text).error();
  return import_error(
      unread_text(specifier, url,
                  frozen_ ? "it was not imported in the init context" : text.error().message()));
}

char* ModuleSet::normalize(JSContext* ctx, const char* base, const char* specifier, void* opaque) {
  auto* self = static_cast<ModuleSet*>(opaque);
  Result<std::string> url = self->resolve(base, specifier);
  // The text of the import is needed where the file is not found.
  Result<void> there = url ? self->have_source(*url, specifier) : Result<void>(url.error());
  if (!there) {
    throw_go_error(ctx, there.error().message());
    return nullptr;
  }
  return js_strdup(ctx, url->c_str());
}

JSModuleDef* ModuleSet::load_import(JSContext* ctx, const char* url, void* opaque) {
  auto* self = static_cast<ModuleSet*>(opaque);
  if (auto native = self->natives_.find(std::string_view(url)); native != self->natives_.end())
    return self->load_native(ctx, native->second);
  return self->compile(ctx, url);
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
    if (native->second.names == NativeModule::Names::kShared) {
      JSAtom key = JS_NewAtomLen(ctx, exported.data(), exported.size());
      const int shared = bia_js_share_export(ctx, module, object.get(), key);
      JS_FreeAtom(ctx, key);
      if (shared < 0) return -1;
      continue;
    }
    JSValue value = JS_GetPropertyStr(ctx, object.get(), exported.c_str());
    if (JS_IsException(value) || JS_SetModuleExport(ctx, module, exported.c_str(), value) < 0)
      return -1;
  }
  if (native->second.finish != nullptr && !native->second.finish(ctx, object.get())) return -1;
  return JS_SetModuleExport(ctx, module, "default", object.release());
}

}  // namespace bia::js
