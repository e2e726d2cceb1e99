#pragma once
#include <string>
#include <string_view>

#include "js/engine.h"

namespace bia::js {

class ModuleSet;

/// What a script threw, in k6's words.
struct Exception {
  std::string name;     ///< "TypeError"; empty for what is not an Error
  std::string message;  ///< of an Error, else its text
  std::string stack;    ///< "\tat inner (file:///s.js:4:20)\n\tat default (file:///s.js:8:26)\n";
                        ///< of what is not an Error: where it was thrown, if that is known
  /// By the interrupt handler: scripts cannot catch it.
  bool interrupted = false;

  /// "TypeError: no setup today".
  std::string head() const;
  /// head, a newline, the stack: what k6 logs.
  std::string text() const;
};

/// Takes the pending exception out of the context.
Exception take_exception(JSContext* ctx);
/// Describes a value that was thrown or with which a promise was rejected.
Exception describe_exception(JSContext* ctx, JSValueConst thrown);
/// QuickJS' stack text in k6's shape; native frames, which have no place in the script, are left
/// out. `modules` tells where a frame's code was written, where a source map says so; may be null.
std::string k6_stack(std::string_view quickjs_stack, const ModuleSet* modules = nullptr);
/// The same, of the context's modules.
std::string k6_stack(JSContext* ctx, std::string_view quickjs_stack);

}  // namespace bia::js
