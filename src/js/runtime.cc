#include "js/runtime.h"

#include <algorithm>

#include "bia/base/assert.h"
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
  out->runtime_ = JS_NewRuntime();
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
  if (runtime_ != nullptr) JS_FreeRuntime(runtime_);
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
  BIA_ASSERT(runtime.contexts_ < kContextsPerRuntimeMax);
  std::unique_ptr<Context> out(new Context(runtime, hooks, owner));
  bia_js_state_init(&out->idle_);
  out->context_ = bia_js_new_context(runtime.runtime_);
  if (out->context_ == nullptr) return out_of_memory();
  ++runtime.contexts_;
  JS_SetContextOpaque(out->context_, out.get());
  out->set_up();
  return out;
}

void Context::set_up() {
  JSContext* ctx = context_;
  Value global(ctx, JS_GetGlobalObject(ctx));
  for (const char* name : {"queueMicrotask", "DOMException", "navigator"}) {
    JSAtom atom = JS_NewAtom(ctx, name);
    JS_DeleteProperty(ctx, global.get(), atom, 0);
    JS_FreeAtom(ctx, atom);
  }
  Value error = global.property("Error");
  Value error_prototype = error.property("prototype");
  go_error_prototype_ = JS_NewObjectProto(ctx, error_prototype.get());
  define(ctx, go_error_prototype_, "name", JS_NewString(ctx, "GoError"));
}

Context::~Context() {
  if (context_ == nullptr) return;
  rejected_.clear();
  common_js_.clear();
  bia_js_restore(runtime_.runtime_, &idle_);
  bia_js_drop_jobs(runtime_.runtime_);
  JS_FreeValue(context_, go_error_prototype_);
  JS_SetContextOpaque(context_, nullptr);
  JS_FreeContext(context_);
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
  runtime.current_ = &context;
  bia_js_restore(runtime.runtime_, &context.idle_);
  bia_js_set_stack(runtime.runtime_, stack_bytes);
}

Running::~Running() {
  Runtime& runtime = context_.runtime_;
  bia_js_save(runtime.runtime_, &context_.idle_);
  runtime.current_ = nullptr;
}

}  // namespace bia::js
