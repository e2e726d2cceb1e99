#include "zelus/modules/source/typescript.h"

#include <fmt/format.h>

#include <string_view>

#include "js/value.h"
#include "typescript_bundle.h"

namespace zelus::modules {

using bia::Code;
using bia::Error;
using bia::Result;
using bia::js::Value;

namespace {
constexpr size_t kStackBytes = 1024 * 1024;

/// Sucrase ends its messages with the place: "Unexpected token (1:10)".
std::string k6_text(const std::string& url, std::string text) {
  size_t open = text.rfind(" (");
  if (open == std::string::npos || !text.ends_with(')')) return fmt::format("{}: {}", url, text);
  std::string place = text.substr(open + 2, text.size() - open - 3);
  text.resize(open);
  return fmt::format("{}: Line {} {}", url, place, text);
}
}  // namespace

/// A heap of its own, so that nothing of the transformer stays with the users.
struct TypeScript::Engine {
  ~Engine() {
    strip = Value();  // Forgets its context too, which is gone when members are destroyed.
    if (ctx != nullptr) JS_FreeContext(ctx);
    if (rt != nullptr) JS_FreeRuntime(rt);
  }
  Result<void> start() {
    std::string_view bundle = typescript_bundle().front().bytes;
    if (bundle.empty()) {
      return Error(Code::kUnimplemented, "NO_TYPESCRIPT",
                   "this zelus was built without TypeScript: run scripts/setup where it is built, "
                   "and build it again");
    }
    rt = JS_NewRuntime();
    ctx = rt != nullptr ? JS_NewContext(rt) : nullptr;
    if (ctx == nullptr) return Error(Code::kResourceExhausted, "OUT_OF_MEMORY", "no memory");
    enter();
    strip = Value(ctx,
                  JS_Eval(ctx, bundle.data(), bundle.size(), "typescript.js", JS_EVAL_TYPE_GLOBAL));
    if (!strip.is_function()) return Error(Code::kInternal, "TYPESCRIPT", exception());
    return {};
  }
  void enter() {
    JS_UpdateStackTop(rt);
    JS_SetMaxStackSize(rt, kStackBytes);
  }
  std::string exception() {
    Value thrown(ctx, JS_GetException(ctx));
    return thrown.is_object() ? bia::js::to_text(ctx, thrown.property("message").get())
                              : bia::js::to_text(ctx, thrown.get());
  }

  JSRuntime* rt = nullptr;
  JSContext* ctx = nullptr;
  Value strip;
};

TypeScript::TypeScript() = default;
TypeScript::~TypeScript() = default;

Result<std::string> TypeScript::strip(const std::string& url, const std::string& text) {
  if (!engine_) {
    auto engine = std::make_unique<Engine>();
    BIA_TRY(engine->start());
    engine_ = std::move(engine);
  }
  JSContext* ctx = engine_->ctx;
  engine_->enter();
  Value code(ctx, bia::js::new_string(ctx, text));
  JSValueConst arguments[] = {code.get()};
  Value out(ctx, JS_Call(ctx, engine_->strip.get(), JS_UNDEFINED, 1, arguments));
  if (!out.is_string()) {
    return Error(Code::kInvalidArgument, "TYPESCRIPT", k6_text(url, engine_->exception()));
  }
  return bia::js::to_text(ctx, out.get());
}

}  // namespace zelus::modules
