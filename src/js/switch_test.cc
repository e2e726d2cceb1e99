// Contexts of one runtime, each on its own stack, suspended in the middle of native calls:
// generators, promises, exceptions and collections.
#include <gtest/gtest.h>
#include <ucontext.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "js/module_set.h"
#include "js/runtime.h"

namespace bia::js {
namespace {

constexpr size_t kStackBytes = 1 << 20;
constexpr const char* kScript = R"(
let total = 0, caught = 0;
function* gen(n) { for (let i = 0; i < n; i++) yield block(i); }
async function later(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    try { sum += await Promise.resolve(block(i)); } catch (e) { if (!/boom/.test(e.message)) throw e; caught++; }
  }
  return sum;
}
function deep(n) { return n == 0 ? block(1) : deep(n - 1) + [1, 2].map((x) => x * n).reduce((a, b) => a + b, 0); }
globalThis.result = () => total + ',' + caught;
globalThis.iteration = (k) => {
  try { for (const x of gen(10)) total += x; } catch (e) {
    if (e.message !== 'boom 3') throw e;
    caught++;
    if (!e.stack.includes('gen')) throw new Error('bad stack ' + e.stack);
  }
  total += deep(20);
  later(8).then((s) => { total += s; });
  const o = { a: {} }; o.a.o = o;
  JSON.parse('[' + k + ']').forEach((x) => { total += block(x * 7); });
};
)";

struct User {
  ucontext_t here;
  std::vector<char> stack = std::vector<char>(kStackBytes);
  std::unique_ptr<Context> context;
  bool done = false;
  std::string result;
};
ucontext_t scheduler;

JSValue block(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  {
    User& user = Context::owner_of<User>(ctx);
    Suspend suspend(ctx);
    swapcontext(&user.here, &scheduler);
  }
  int n = 0;
  if (argc > 0) JS_ToInt32(ctx, &n, argv[0]);
  if (n % 7 == 3) return JS_ThrowTypeError(ctx, "boom %d", n);
  return JS_NewInt32(ctx, n * 2);
}

void body(unsigned high, unsigned low) {
  User& user = *reinterpret_cast<User*>(static_cast<uintptr_t>(high) << 32 | low);
  JSContext* ctx = user.context->get();
  for (int k = 0; k < 50; ++k) {
    Running running(*user.context, kStackBytes / 2);
    Value global = user.context->global();
    if (k == 0) {
      define(ctx, global.get(), "block", JS_NewCFunction(ctx, block, "block", 1));
      JS_FreeValue(ctx, JS_Eval(ctx, kScript, strlen(kScript), "s.js", 0));
    }
    Value f = global.property("iteration");
    JSValue argument = JS_NewInt32(ctx, k);
    Value out(ctx, JS_Call(ctx, f.get(), JS_UNDEFINED, 1, &argument));
    if (out.is_exception() || !user.context->run_jobs()) {
      user.result = take_exception(ctx).text();
      break;
    }
    if (k % 20 == 19) user.context->runtime().collect();
    Value result = global.property("result");
    Value text(ctx, JS_Call(ctx, result.get(), JS_UNDEFINED, 0, nullptr));
    user.result = to_text(ctx, text.get());
  }
  user.done = true;
  swapcontext(&user.here, &scheduler);
}

std::unique_ptr<User> make_user(Runtime& runtime) {
  auto user = std::make_unique<User>();
  user->context = std::move(Context::create(runtime, nullptr, user.get()).value());
  getcontext(&user->here);
  user->here.uc_stack.ss_sp = user->stack.data();
  user->here.uc_stack.ss_size = user->stack.size();
  auto at = reinterpret_cast<uintptr_t>(user.get());
  makecontext(&user->here, reinterpret_cast<void (*)()>(body), 2, static_cast<unsigned>(at >> 32),
              static_cast<unsigned>(at));
  return user;
}

TEST(Switch, SuspendedContextsOfOneRuntimeDoNotDisturbEachOther) {
  ModuleSet modules([](const std::string&) -> Result<std::string> {
    return Error(Code::kNotFound, "NO_FILE", "");
  });
  auto runtime = std::move(Runtime::create(modules).value());
  std::vector<std::unique_ptr<User>> users;
  for (size_t i = 0; i < kContextsPerRuntimeMax; ++i) users.push_back(make_user(*runtime));
  std::mt19937 random(1);
  for (size_t left = users.size(); left > 0;) {
    User& user = *users[random() % users.size()];
    if (user.done) continue;
    swapcontext(&scheduler, &user.here);
    if (user.done) --left;
  }
  for (auto& user : users) {
    EXPECT_EQ(user->result, users[0]->result);
    EXPECT_NE(user->result.find(','), std::string::npos) << user->result;
  }
}

TEST(Switch, ReactionsLeftOverStayWithTheirContext) {
  ModuleSet modules([](const std::string&) -> Result<std::string> {
    return Error(Code::kNotFound, "NO_FILE", "");
  });
  auto runtime = std::move(Runtime::create(modules).value());
  auto a = std::move(Context::create(*runtime).value());
  auto b = std::move(Context::create(*runtime).value());
  const std::string script = "globalThis.n = 0; Promise.resolve().then(() => { n = 1; }); n";
  {
    Running running(*a, kStackBytes / 4);
    JS_FreeValue(a->get(), JS_Eval(a->get(), script.c_str(), script.size(), "a.js", 0));
    EXPECT_TRUE(a->has_jobs());
  }
  {
    Running running(*b, kStackBytes / 4);
    EXPECT_FALSE(b->has_jobs());
  }
  {
    Running running(*a, kStackBytes / 4);
    EXPECT_TRUE(a->run_jobs());
    EXPECT_EQ(to_text(a->get(), a->global().property("n").get()), "1");
    JS_FreeValue(a->get(), JS_Eval(a->get(), script.c_str(), script.size(), "a.js", 0));
  }
  // Freed with a reaction pending.
}

/// Evaluates in the context that is the owner of the caller's while the caller waits.
JSValue elsewhere(JSContext* ctx, JSValueConst, int, JSValueConst*) {
  Context& other = Context::owner_of<Context>(ctx);
  const std::string script = "function inner() { return new Error('x').stack; } inner()";
  std::string stack;
  {
    Suspend suspend(ctx);
    Running running(other, kStackBytes / 8);
    Value out(other.get(), JS_Eval(other.get(), script.c_str(), script.size(), "b.js", 0));
    stack = to_text(other.get(), out.get());
  }
  return JS_NewStringLen(ctx, stack.data(), stack.size());
}

TEST(Switch, StacksAreBuiltWhileAnotherUserPreparesOne) {
  ModuleSet modules([](const std::string&) -> Result<std::string> {
    return Error(Code::kNotFound, "NO_FILE", "");
  });
  auto runtime = std::move(Runtime::create(modules).value());
  auto b = std::move(Context::create(*runtime).value());
  auto a = std::move(Context::create(*runtime, nullptr, b.get()).value());
  const std::string script =
      "Error.prepareStackTrace = () => elsewhere(); String(new Error('a').stack)";
  Running running(*a, kStackBytes / 4);
  define(a->get(), a->global().get(), "elsewhere",
         JS_NewCFunction(a->get(), elsewhere, "elsewhere", 0));
  Value out(a->get(), JS_Eval(a->get(), script.c_str(), script.size(), "a.js", 0));
  EXPECT_NE(to_text(a->get(), out.get()).find("inner"), std::string::npos)
      << to_text(a->get(), out.get());
}

TEST(Switch, AnExceptionNobodyTookGoesWithItsContext) {
  ModuleSet modules([](const std::string&) -> Result<std::string> {
    return Error(Code::kNotFound, "NO_FILE", "");
  });
  auto runtime = std::move(Runtime::create(modules).value());
  auto a = std::move(Context::create(*runtime).value());
  auto b = std::move(Context::create(*runtime).value());
  const std::string script = "throw new Error('a')";
  a.reset();
  runtime->collect();
  JSMemoryUsage before, after;
  JS_ComputeMemoryUsage(runtime->get(), &before);
  for (int i = 0; i < 3; ++i) {
    a = std::move(Context::create(*runtime).value());
    {
      Running running(*a, kStackBytes / 4);
      JS_FreeValue(a->get(), JS_Eval(a->get(), script.c_str(), script.size(), "a.js", 0));
    }
    a.reset();
  }
  {
    Running running(*b, kStackBytes / 4);
  }
  runtime->collect();
  JS_ComputeMemoryUsage(runtime->get(), &after);
  EXPECT_EQ(after.obj_count, before.obj_count);
}

}  // namespace
}  // namespace bia::js
