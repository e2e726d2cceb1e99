#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "js/engine.h"
#include "js/exception.h"

namespace bia::js {

/// A module in C++: `k6/http`. Scripts may import each name, or all of them as the default export.
struct NativeModule {
  std::string name;
  std::vector<std::string> exports;
  /// Puts the exports into `object`, which becomes the default export; false with an exception
  /// pending. Once a context.
  bool (*fill)(JSContext* ctx, JSValueConst object) = nullptr;
};

/// The modules of a script: compiled once, by the first context that imports them; every context
/// then reads the bytecode (written without source, with line numbers). Filled on one thread,
/// frozen, then read by any.
class ModuleSet {
 public:
  /// Gives a file's text; `url` is absolute ("file:///dir/x.js"). Errors are thrown at the import
  /// as they stand.
  using Reader = std::function<Result<std::string>(const std::string& url)>;
  explicit ModuleSet(Reader reader) : reader_(std::move(reader)) {}

  void add_native(NativeModule module);
  /// A name that exists in k6 and not here: importing it fails with `message`.
  void add_missing(std::string name, std::string message);
  /// A source that need not be read: the script itself.
  void add_source(std::string url, std::string text);
  /// From now on nothing is compiled: a file that the first pass did not import is an error.
  void freeze() { frozen_ = true; }

  /// The absolute URL or native name of `specifier` as imported from `base`. Errors:
  /// kInvalidArgument for http:, bare names and so on.
  Result<std::string> resolve(std::string_view base, const std::string& specifier) const;

  /// Called by Runtime::create.
  void attach(JSRuntime* rt);
  /// The module at `url` in this context, compiled or read, with its imports; evaluated by the
  /// caller. JS_EXCEPTION with it pending.
  JSValue load(JSContext* ctx, const std::string& url);
  size_t bytecode_bytes() const;

 private:
  static char* normalize(JSContext* ctx, const char* base, const char* specifier, void* opaque);
  static JSModuleDef* load_import(JSContext* ctx, const char* url, void* opaque);
  static int init_native(JSContext* ctx, JSModuleDef* module);
  JSModuleDef* load_native(JSContext* ctx, const NativeModule& module);
  JSValue compile(JSContext* ctx, const std::string& url);

  Reader reader_;
  bool frozen_ = false;
  std::map<std::string, NativeModule, std::less<>> natives_;
  std::map<std::string, std::string, std::less<>> missing_;
  std::map<std::string, std::string, std::less<>> sources_;
  std::map<std::string, std::vector<uint8_t>, std::less<>> bytecode_;
};

/// `file:///a/b/../c.js` → `file:///a/c.js`.
std::string normalize_file_url(std::string_view url);

}  // namespace bia::js
