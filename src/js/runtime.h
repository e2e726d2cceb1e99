#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bia/base/result.h"
#include "js/engine.h"
#include "js/exception.h"
#include "js/value.h"

namespace bia::js {

class Context;
class Heap;
class ModuleSet;

/// Contexts that share a runtime: atoms and shapes are shared too (56 KB a context against 109 KB
/// for a runtime each), and compiled functions; but a collection walks them all (0.9 ms for 16),
/// hence not more.
inline constexpr size_t kContextsPerRuntimeMax = 16;
/// JavaScript's share of a stack is what is left after this, for native code below it.
inline constexpr size_t kNativeStackBytes = 512 * 1024;

struct RuntimeOptions {
  /// Of all contexts of the runtime together. 0: no limit.
  size_t memory_bytes_max = 0;
};

/// A QuickJS runtime: the heap of at most kContextsPerRuntimeMax contexts. Belongs to one thread.
/// Contexts must be gone before it.
class Runtime {
 public:
  /// `modules` outlives it. Errors: kResourceExhausted.
  static Result<std::unique_ptr<Runtime>> create(ModuleSet& modules,
                                                 const RuntimeOptions& options = {});
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  JSRuntime* get() const { return runtime_; }
  ModuleSet& modules() const { return modules_; }
  size_t contexts() const { return contexts_; }
  /// The context whose code runs now; null while all are suspended.
  Context* current() const { return current_; }
  void collect() { JS_RunGC(runtime_); }
  size_t heap_bytes() const;
  bool limited() const { return limited_; }
  /// Instead of the destructor's work where the process is about to end: the heap stays as it is,
  /// and finalizers do not run.
  void abandon();

 private:
  friend class Context;
  friend class ModuleSet;
  friend class Running;
  friend class Suspend;
  explicit Runtime(ModuleSet& modules) : modules_(modules) {}
  static int on_interrupt(JSRuntime* rt, void* opaque);
  /// Puts the context's part onto the stage, or takes it off.
  void enter(Context& context);
  void leave(Context& context);

  ModuleSet& modules_;
  std::shared_ptr<Heap> heap_;
  JSRuntime* runtime_ = nullptr;
  JSContext* stage_ = nullptr;   ///< made for the first context
  Context* on_stage_ = nullptr;  ///< stays after it ran, until another does
  /// Compiled functions of modules, as `ModuleSet` knows them.
  std::unordered_map<const void*, JSValue> functions_;
  bool limited_ = false;
  size_t contexts_ = 0;
  Context* current_ = nullptr;
};

/// What the owner of a context hears from the engine.
class ContextHooks {
 public:
  /// Asked by running JavaScript now and then (every 10,000 branches or calls): true ends it with
  /// an error that scripts cannot catch.
  virtual bool should_interrupt() noexcept { return false; }
  /// What JSON.parse says of a text that is no JSON; empty for QuickJS' words.
  virtual std::string json_error(std::string_view text) {
    static_cast<void>(text);
    return {};
  }

 protected:
  ~ContextHooks() = default;
};

/// One global object, and all that is to be had from it. Belongs to its runtime's thread.
class Context {
 public:
  /// Errors: kResourceExhausted. `hooks` may be null and outlives it.
  static Result<std::unique_ptr<Context>> create(Runtime& runtime, ContextHooks* hooks = nullptr,
                                                 void* owner = nullptr);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// The same for all contexts of a runtime: what is done with it is done in the one that runs.
  JSContext* get() const { return runtime_.stage_; }
  Runtime& runtime() const { return runtime_; }
  static Context* of(JSContext* ctx) { return static_cast<Context*>(JS_GetContextOpaque(ctx)); }
  /// What `create` was given: natives find their user with it.
  template <typename T>
  static T& owner_of(JSContext* ctx) {
    return *static_cast<T*>(of(ctx)->owner_);
  }
  /// Inside a Running.
  Value global() const { return Value(get(), JS_GetGlobalObject(get())); }
  ContextHooks* hooks() const { return hooks_; }
  JSValueConst go_error_prototype() const { return go_error_prototype_; }

  /// The namespace of the module at `url`, evaluated. Inside a Running. The Exception says what it
  /// threw, or how it does not parse. A top-level await that nothing settles is an exception too:
  /// `wait` is called to let timers and requests make progress, and returns false when nothing is
  /// left to wait for.
  bool import_module(std::string_view url, bool (*wait)(void*), void* opaque, Value& name_space,
                     Exception& exception);

  /// Runs promise reactions until none is left. False, with the exception pending, when one was
  /// interrupted.
  bool run_jobs();
  bool has_jobs() const { return JS_IsJobPending(runtime_.get()); }
  /// Takes the promises that were rejected without a handler since the last call: their reasons.
  std::vector<Value> take_unhandled();
  void clear_unhandled();

 private:
  friend class Runtime;
  friend class Running;
  friend class Suspend;
  friend class ModuleSet;
  struct Rejected {
    Value promise;
    Value reason;
  };
  Context(Runtime& runtime, ContextHooks* hooks, void* owner)
      : runtime_(runtime), hooks_(hooks), owner_(owner) {}
  void set_up();
  static void on_rejection(JSContext* ctx, JSValueConst promise, JSValueConst reason, bool handled,
                           void* opaque);

  Runtime& runtime_;
  ContextHooks* hooks_;
  void* owner_;
  JSContext* part_ = nullptr;  ///< its objects, while another is on the stage
  JSValue go_error_prototype_ = JS_UNDEFINED;
  BiaJsState idle_;  ///< reactions left over between two Running
  std::vector<Rejected> rejected_;
  std::map<std::string, Value> common_js_;  ///< `module` of each CommonJS file that ran, by URL
};

/// The scope in which a context's code may be called. One at a time in a runtime, other contexts
/// being suspended or outside of theirs.
class Running {
 public:
  /// JavaScript may use `stack_bytes` below the caller's frame.
  Running(Context& context, size_t stack_bytes);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Context& context_;
};

/// While something is built that stays: collections would find nothing, and are put off until it is
/// done or the heap has grown by kGrowthBytesMax.
class Growing {
 public:
  static constexpr size_t kGrowthBytesMax = 16 * 1024 * 1024;
  explicit Growing(Runtime& runtime);
  ~Growing();
  Growing(const Growing&) = delete;
  Growing& operator=(const Growing&) = delete;

 private:
  Runtime& runtime_;
};

/// Round a wait in the middle of a native call: other contexts of the runtime may run until it
/// ends.
class Suspend {
 public:
  explicit Suspend(Runtime& runtime) : runtime_(runtime), context_(runtime.current_) {
    bia_js_save(runtime.runtime_, &state_);
    runtime_.current_ = nullptr;
  }
  explicit Suspend(JSContext* ctx) : Suspend(Context::of(ctx)->runtime()) {}
  ~Suspend() {
    if (context_ != nullptr) runtime_.enter(*context_);
    runtime_.current_ = context_;
    bia_js_restore(runtime_.runtime_, &state_);
  }
  Suspend(const Suspend&) = delete;
  Suspend& operator=(const Suspend&) = delete;

 private:
  Runtime& runtime_;
  Context* context_;
  BiaJsState state_;
};

}  // namespace bia::js
