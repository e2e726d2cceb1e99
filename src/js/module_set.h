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
  /// Called with the default export once the named ones are taken from it; false with an exception
  /// pending. May be null.
  bool (*finish)(JSContext* ctx, JSValueConst object) = nullptr;
  /// kShared: the named exports are the default export's properties, whatever a script sets these
  /// to, as a library does that measures each request.
  enum class Names : uint8_t { kTaken, kShared } names = Names::kTaken;
};

/// Where modules come from.
struct ModuleFiles {
  /// Gives a file's text as JavaScript; `url` is absolute ("file:///dir/x.js"). kNotFound becomes
  /// k6's text about files that are not there, any other error is thrown as it stands.
  std::function<Result<std::string>(const std::string& url)> read;
  /// The file that is meant by a URL without extension or of a folder; the URL itself where there
  /// is none. May be empty.
  std::function<std::string(const std::string& url)> complete;
  /// The file that a bare name ("lodash/fp") means in the file at `base`; `require` tells the
  /// importer's kind. "" where no package has it. May be empty.
  std::function<Result<std::string>(std::string_view base, const std::string& name, bool require)>
      package;
};

/// The modules of a script: compiled once, by the first context that imports them; every runtime
/// then reads the bytecode (written without source, with line numbers), and its contexts share it.
/// A file without import, export and top-level await is CommonJS, as in k6. Filled on one thread,
/// frozen, then read by any.
class ModuleSet {
 public:
  explicit ModuleSet(ModuleFiles files) : files_(std::move(files)) {}
  explicit ModuleSet(std::function<Result<std::string>(const std::string& url)> read)
      : files_{std::move(read), {}, {}} {}

  void add_native(NativeModule module);
  /// A name that exists in k6 and not here: importing it fails with `message`.
  void add_missing(std::string name, std::string message);
  /// A source that need not be read: the script itself.
  void add_source(std::string url, std::string text);
  /// From now on nothing is compiled: a file that the first pass did not import is an error.
  void freeze() { frozen_ = true; }

  /// Where code was written that stands at a line and column of `url`, both from 1:
  /// "URL:LINE:COLUMN", or "" where nobody knows.
  using Originals =
      std::function<std::string(std::string_view url, uint32_t line, uint32_t column)>;
  /// Asked for each frame of an error's stack, by any thread.
  void set_originals(Originals originals) { originals_ = std::move(originals); }
  std::string original(std::string_view url, uint32_t line, uint32_t column) const {
    return originals_ ? originals_(url, line, column) : std::string();
  }

  enum class Kind { kImport, kRequire };
  /// The absolute URL or native name of `specifier` as imported from `base`. Errors:
  /// kInvalidArgument for http:, bare names that no package has and so on.
  Result<std::string> resolve(std::string_view base, const std::string& specifier,
                              Kind kind = Kind::kImport);

  /// Called by Runtime::create.
  void attach(JSRuntime* rt);
  /// The module at `url` in this context, compiled or read, with its imports; evaluated by the
  /// caller. Null with the exception pending.
  JSModuleDef* load(JSContext* ctx, const std::string& url);
  /// What `require(specifier)` in the file at `base` gives: module.exports, or an ES module's
  /// namespace. JS_EXCEPTION with it pending.
  JSValue require(JSContext* ctx, const std::string& base, const std::string& specifier);
  /// A file that is read now is one of a `require`, or of its imports.
  bool is_requiring() const { return requiring_ > 0; }
  size_t bytecode_bytes() const;
  /// The files in it: URLs of what was imported so far.
  std::vector<std::string> urls() const;

 private:
  friend class Context;
  struct Compiled {
    std::vector<uint8_t> imports;   ///< an ES module but for its code
    std::vector<uint8_t> function;  ///< its code, or that of a CommonJS file
    bool common_js = false;
    bool shareable = false;  ///< contexts of one runtime have one copy of `function`
  };
  static char* normalize(JSContext* ctx, const char* base, const char* specifier, void* opaque);
  static JSModuleDef* load_import(JSContext* ctx, const char* url, void* opaque);
  static int init_native(JSContext* ctx, JSModuleDef* module);
  static int init_common_js(JSContext* ctx, JSModuleDef* module);
  static int declare_all(JSContext* ctx, JSModuleDef* module);
  static JSValue meta_resolve(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv);
  JSModuleDef* load_native(JSContext* ctx, const NativeModule& module);
  Result<std::string> locate(std::string_view base, const std::string& specifier, Kind kind);
  /// Null, or the text that is thrown: the file is not there.
  Result<void> have_source(const std::string& url, const std::string& specifier);
  JSModuleDef* compile(JSContext* ctx, const std::string& url);
  JSValue compile_esm(JSContext* ctx, const std::string& url, const std::string& text,
                      bool& common_js);
  bool compile_common_js(JSContext* ctx, const std::string& url, const std::string& text);
  bool keep(JSContext* ctx, const std::string& url, JSValueConst function, JSModuleDef* module);
  /// The compiled function, read at most once a runtime if it may be shared.
  static JSValue read_function(JSContext* ctx, const Compiled& compiled);
  static JSModuleDef* read_module(JSContext* ctx, const Compiled& compiled);
  bool is_common_js(const std::string& url) const;
  /// module.exports of the CommonJS file, run if it was not yet.
  JSValue run_common_js(JSContext* ctx, const std::string& url);
  /// Evaluates an ES or native module: its promise.
  JSValue evaluate(JSContext* ctx, JSModuleDef* module);

  ModuleFiles files_;
  Originals originals_;
  bool frozen_ = false;
  int requiring_ = 0;
  std::map<std::string, NativeModule, std::less<>> natives_;
  std::map<std::string, std::string, std::less<>> missing_;
  std::map<std::string, std::string, std::less<>> sources_;
  std::map<std::string, std::string, std::less<>> located_;  ///< by folder, kind and specifier
  std::map<std::string, Compiled, std::less<>> bytecode_;
};

/// What k6 says of the short forms for GitHub and cdnjs that it once knew; "" for anything else.
std::string special_url_text(std::string_view specifier);
/// The file whose code called the native that runs: "file:///a/b.js"; "" where there is none.
std::string caller_file(JSContext* ctx);
/// `file:///a/b/../c.js` → `file:///a/c.js`.
std::string normalize_file_url(std::string_view url);
/// k6's text about a file that could not be read; `cause` is told of URLs.
std::string unread_text(std::string_view specifier, std::string_view url, std::string_view cause);

}  // namespace bia::js
