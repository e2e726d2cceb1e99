#include "js/runtime.h"

#include <algorithm>

#include "bia/base/assert.h"
#include "js/heap.h"
#include "js/module_set.h"

namespace bia::js {

namespace {
Error out_of_memory() {
  return Error(Code::kResourceExhausted, "OUT_OF_MEMORY",
               "no memory for another JavaScript context")
      .with_hint("run fewer virtual users");
}
}  // namespace

Result<std::unique_ptr<Runtime>> Runtime::create(ModuleSet& modules,
                                                 const RuntimeOptions& options) {
  std::unique_ptr<Runtime> out(new Runtime(modules));
  out->heap_ = Heap::of_thread();
  out->runtime_ = JS_NewRuntime2(&Heap::functions(), out->heap_.get());
  if (out->runtime_ == nullptr) return out_of_memory();
  JS_SetRuntimeOpaque(out->runtime_, out.get());
  out->limited_ = options.memory_bytes_max != 0;
  if (out->limited_) JS_SetMemoryLimit(out->runtime_, options.memory_bytes_max);
  JS_SetInterruptHandler(out->runtime_, &Runtime::on_interrupt, out.get());
  JS_SetHostPromiseRejectionTracker(out->runtime_, &Context::on_rejection, nullptr);
  modules.attach(out->runtime_);
  return out;
}

Runtime::~Runtime() {
  BIA_ASSERT(contexts_ == 0);
  if (runtime_ == nullptr) return;
  for (auto& [key, function] : functions_) JS_FreeValueRT(runtime_, function);
  if (stage_ != nullptr) JS_FreeContext(stage_);
  JS_FreeRuntime(runtime_);
}

void Runtime::abandon() {
#if !defined(__SANITIZE_ADDRESS__)
  BIA_ASSERT(contexts_ == 0);
  runtime_ = nullptr;
#endif
}

void Runtime::enter(Context& context) {
  if (on_stage_ == &context) return;
  if (on_stage_ != nullptr) bia_js_swap_contexts(stage_, on_stage_->part_);
  bia_js_swap_contexts(stage_, context.part_);
  on_stage_ = &context;
}

void Runtime::leave(Context& context) {
  if (on_stage_ != &context) return;
  bia_js_swap_contexts(stage_, context.part_);
  on_stage_ = nullptr;
}

size_t Runtime::heap_bytes() const {
  JSMemoryUsage usage;
  JS_ComputeMemoryUsage(runtime_, &usage);
  return static_cast<size_t>(usage.malloc_size);
}

int Runtime::on_interrupt(JSRuntime*, void* opaque) {
  auto* self = static_cast<Runtime*>(opaque);
  Context* context = self->current_;
  return context != nullptr && context->hooks_ != nullptr && context->hooks_->should_interrupt()
             ? 1
             : 0;
}

Result<std::unique_ptr<Context>> Context::create(Runtime& runtime, ContextHooks* hooks,
                                                 void* owner) {
  BIA_ASSERT(runtime.contexts_ < kContextsPerRuntimeMax && runtime.current_ == nullptr);
  if (runtime.stage_ == nullptr) runtime.stage_ = bia_js_empty_context(runtime.runtime_);
  if (runtime.stage_ == nullptr) return out_of_memory();
  std::unique_ptr<Context> out(new Context(runtime, hooks, owner));
  bia_js_state_init(&out->idle_);
  out->part_ = bia_js_empty_context(runtime.runtime_);
  if (out->part_ == nullptr) return out_of_memory();
  ++runtime.contexts_;
  runtime.enter(*out);
  JS_SetContextOpaque(runtime.stage_, out.get());
  if (bia_js_fill_context(runtime.stage_) != 0) return out_of_memory();
  out->set_up();
  return out;
}

namespace {
/// As Error, whose work it leaves to Error itself; also called without `new`.
JSValue make_go_error(JSContext* ctx, JSValueConst target, int argc, JSValueConst* argv) {
  Value global = Context::of(ctx)->global();
  Value error = global.property("Error");
  Value made(ctx, JS_CallConstructor(ctx, error.get(), argc, argv));
  if (made.is_exception()) return JS_EXCEPTION;
  Value prototype = JS_IsUndefined(target)
                        ? Value::dup(ctx, Context::of(ctx)->go_error_prototype())
                        : Value(ctx, JS_GetPropertyStr(ctx, target, "prototype"));
  if (prototype.is_object()) JS_SetPrototype(ctx, made.get(), prototype.get());
  return made.release();
}
}  // namespace

extern "C" JSValue bia_js_json_words(JSContext* ctx, const char* text, size_t bytes) {
  Context* context = Context::of(ctx);
  if (context == nullptr || context->hooks() == nullptr) return JS_UNDEFINED;
  const std::string words = context->hooks()->json_error(std::string_view(text, bytes));
  return words.empty() ? JS_UNDEFINED : new_string(ctx, words);
}

void Context::set_up() {
  JSContext* ctx = get();
  Value global(ctx, JS_GetGlobalObject(ctx));
  for (const char* name : {"queueMicrotask", "DOMException", "navigator"}) {
    JSAtom atom = JS_NewAtom(ctx, name);
    JS_DeleteProperty(ctx, global.get(), atom, 0);
    JS_FreeAtom(ctx, atom);
  }
  Value error = global.property("Error");
  Value error_prototype = error.property("prototype");
  constexpr int kHidden = JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE;
  go_error_prototype_ = JS_NewObjectProto(ctx, error_prototype.get());
  JS_DefinePropertyValueStr(ctx, go_error_prototype_, "message", JS_NewString(ctx, ""), kHidden);
  JS_DefinePropertyValueStr(ctx, go_error_prototype_, "name", JS_NewString(ctx, "GoError"),
                            kHidden);
  Value go_error(
      ctx, JS_NewCFunction2(ctx, &make_go_error, "GoError", 1, JS_CFUNC_constructor_or_func, 0));
  JS_SetPrototype(ctx, go_error.get(), error.get());
  JS_SetConstructor(ctx, go_error.get(), go_error_prototype_);
  JS_DefinePropertyValueStr(ctx, global.get(), "GoError", go_error.release(), kHidden);
}

Context::~Context() {
  if (part_ == nullptr) return;
  rejected_.clear();
  common_js_.clear();
  bia_js_restore(runtime_.runtime_, &idle_);
  bia_js_drop_jobs(runtime_.runtime_);
  JS_FreeValueRT(runtime_.runtime_, JS_GetException(get()));
  JS_FreeValueRT(runtime_.runtime_, go_error_prototype_);
  runtime_.leave(*this);
  JS_SetContextOpaque(part_, nullptr);
  JS_FreeContext(part_);
  --runtime_.contexts_;
}

bool Context::run_jobs() {
  JSContext* ran = nullptr;
  for (;;) {
    int result = JS_ExecutePendingJob(runtime_.get(), &ran);
    if (result == 0) return true;
    if (result < 0) {
      // A reaction's own exception rejects its promise; what arrives here is an interruption.
      return false;
    }
  }
}

void Context::on_rejection(JSContext* ctx, JSValueConst promise, JSValueConst reason, bool handled,
                           void*) {
  Context* self = of(ctx);
  if (self == nullptr) return;
  auto& rejected = self->rejected_;
  auto same = [&](const Rejected& r) {
    return JS_VALUE_GET_PTR(r.promise.get()) == JS_VALUE_GET_PTR(promise);
  };
  if (!handled) {
    rejected.push_back({Value::dup(ctx, promise), Value::dup(ctx, reason)});
  } else if (auto found = std::find_if(rejected.begin(), rejected.end(), same);
             found != rejected.end()) {
    rejected.erase(found);
  }
}

std::vector<Value> Context::take_unhandled() {
  std::vector<Value> out;
  for (auto& rejected : rejected_) out.push_back(std::move(rejected.reason));
  rejected_.clear();
  return out;
}

void Context::clear_unhandled() { rejected_.clear(); }

Running::Running(Context& context, size_t stack_bytes) : context_(context) {
  Runtime& runtime = context.runtime_;
  BIA_ASSERT(runtime.current_ == nullptr);
  runtime.enter(context);
  runtime.current_ = &context;
  bia_js_restore(runtime.runtime_, &context.idle_);
  bia_js_set_stack(runtime.runtime_, stack_bytes);
}

Running::~Running() {
  Runtime& runtime = context_.runtime_;
  bia_js_save(runtime.runtime_, &context_.idle_);
  runtime.current_ = nullptr;
}

Growing::Growing(Runtime& runtime) : runtime_(runtime) {
  bia_js_collect_after(runtime.get(), kGrowthBytesMax);
}

Growing::~Growing() {
  // As QuickJS does after a collection, with its least.
  constexpr size_t kGarbageBytesMin = 256 * 1024;
  bia_js_collect_after(runtime_.get(),
                       std::max(bia_js_heap_bytes(runtime_.get()) / 2, kGarbageBytesMin));
}

}  // namespace bia::js
