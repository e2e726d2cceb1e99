// Evaluating modules: the script itself, and what it imports and requires.
#include <fmt/format.h>

#include "js/module_set.h"
#include "js/runtime.h"
#include "js/value.h"

namespace bia::js {

bool Context::import_module(std::string_view url, bool (*wait)(void*), void* opaque,
                            Value& name_space, Exception& exception) {
  JSContext* ctx = get();
  ModuleSet& modules = runtime_.modules();
  JSModuleDef* def = modules.load(ctx, std::string(url));
  if (def == nullptr) {
    exception = take_exception(ctx);
    return false;
  }
  Value promise(ctx, modules.evaluate(ctx, def));
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
  name_space = Value(ctx, modules.is_common_js(std::string(url))
                              ? modules.run_common_js(ctx, std::string(url))
                              : JS_GetModuleNamespace(ctx, def));
  if (name_space.is_exception()) {
    exception = take_exception(ctx);
    return false;
  }
  return true;
}

}  // namespace bia::js
