#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "js/module_set.h"
#include "js/runtime.h"

namespace bia::js {
namespace {

constexpr size_t kStack = 512 * 1024;

bool fill_native(JSContext* ctx, JSValueConst object) {
  define(ctx, object, "two", JS_NewInt32(ctx, 2));
  define(ctx, object, "boom",
         JS_NewCFunction(
             ctx,
             [](JSContext* c, JSValueConst, int, JSValueConst*) {
               return throw_go_error(c, std::string(300, 'x'));
             },
             "boom", 0));
  return true;
}

class JsTest : public ::testing::Test {
 protected:
  JsTest() {
    modules_.add_native({"k6/test", {"two", "boom"}, &fill_native});
    modules_.add_missing("k6/ws", "the module k6/ws is not built yet");
    runtime_ = std::move(Runtime::create(modules_).value());
    context_ = std::move(Context::create(*runtime_).value());
  }
  /// The JSON of what the module exports as `out`, or the exception's text.
  std::string run(Context& context, const std::string& url = "file:///t/main.js") {
    Running running(context, kStack);
    Value name_space;
    Exception exception;
    if (!context.import_module(url, nullptr, nullptr, name_space, exception))
      return exception.text();
    return to_json(context.get(), name_space.property("out").get());
  }
  std::string run_text(const std::string& text) {
    files_["file:///t/main.js"] = text;
    modules_.add_source("file:///t/main.js", text);
    return run(*context_);
  }

  std::map<std::string, std::string> files_;
  ModuleSet modules_{[this](const std::string& url) -> Result<std::string> {
    if (auto found = files_.find(url); found != files_.end()) return found->second;
    return Error(Code::kNotFound, "NO_FILE", "no such file");
  }};
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Context> context_;
};

TEST_F(JsTest, EvaluatesAModule) {
  EXPECT_EQ(run_text("export const out = [1, 'a', {b: null}];"), R"([1,"a",{"b":null}])");
}

TEST_F(JsTest, ImportsFilesRelativeToTheImporter) {
  files_["file:///lib/a.js"] = "import { b } from './sub/b.js'; export const a = b + 1;";
  files_["file:///lib/sub/b.js"] = "import { c } from '../c.js'; export const b = c + 1;";
  files_["file:///lib/c.js"] = "export const c = 40;";
  EXPECT_EQ(run_text("import { a } from '../lib/a.js'; export const out = a;"), "42");
}

TEST_F(JsTest, ImportsNativesByNameAndByDefault) {
  EXPECT_EQ(run_text("import t, { two } from 'k6/test'; import * as all from 'k6/test'; export "
                     "const out = [t.two, two, all.default.two];"),
            "[2,2,2]");
}

TEST_F(JsTest, WhatANativeDoesNotHaveIsUndefined) {
  files_["file:///t/again.js"] =
      "export { three } from 'k6/test'; export { nothing as four } from 'k6/test';";
  const std::string text =
      "import { two, nothing } from 'k6/test'; import { three, four } from './again.js'; export "
      "const out = [two, typeof nothing, typeof three, typeof four];";
  EXPECT_EQ(run_text(text), R"([2,"undefined","undefined","undefined"])");
  modules_.freeze();
  auto other = std::move(Context::create(*runtime_).value());
  EXPECT_EQ(run(*other), R"([2,"undefined","undefined","undefined"])");
}

TEST_F(JsTest, FunctionsHaveTheirPropertiesInOrder) {
  const char* shows =
      "const all = (f) => Object.entries(Object.getOwnPropertyDescriptors(f)).map(([k, d]) => k + "
      "':' + (typeof d.value === 'object' ? d.value.constructor === f : d.value) + "
      "(d.writable ? 'w' : '') + (d.enumerable ? 'e' : '') + (d.configurable ? 'c' : '')).join();";
  std::string text = std::string(shows) +
                     "const make = () => [function two(a, b) {}, (a) => 1, function () {}, "
                     "{ m(a, b = 1) {} }.m, async () => {}];"
                     "export const out = [...make(), ...make()].map(all);";
  const std::string once =
      R"("length:2c,name:twoc,prototype:truew","length:1c,name:c","length:0c,name:c,prototype:truew",)"
      R"("length:1c,name:mc","length:0c,name:c")";
  EXPECT_EQ(run_text(text), "[" + once + "," + once + "]");
}

TEST_F(JsTest, WhatIsDoneToAFunctionIsNotDoneToAnother) {
  EXPECT_EQ(run_text("const make = () => function f(a) {}; const [a, b, c, d] = [make(), make(), "
                     "make(), make()]; delete a.name; b.prototype = 7; "
                     "Object.defineProperty(c, 'length', { value: 'x', enumerable: true });"
                     "export const out = [Object.keys(Object.getOwnPropertyDescriptors(a)), "
                     "b.prototype, Object.keys(c), new d() instanceof d, d.name, d.length, "
                     "Object.getOwnPropertyNames(make())];"),
            R"([["length","prototype"],7,["length"],true,"f",1,["length","name","prototype"]])");
}

TEST_F(JsTest, FunctionsAndPrototypesTakeManyProperties) {
  EXPECT_EQ(run_text("const fill = (o) => { for (let i = 0; i < 100; ++i) o['p' + i] = i; return o "
                     "};"
                     "const f = fill(function () {}), g = fill(function () {}); "
                     "const h = fill(Object.create(null)), k = Object.create(h);"
                     "delete f.p50; f.p50 = 'again'; f.more = 1; g.p99 = 'x'; fill(h); h.late = 2;"
                     "export const out = [f.p50, Object.keys(f).length, Object.keys(f).at(-1), "
                     "g.p50, g.p99, Object.keys(g).length, 'more' in g, k.p7, k.late];"),
            R"(["again",101,"more",50,"x",100,false,7,2])");
}

TEST_F(JsTest, EveryContextReadsTheSameBytecode) {
  files_["file:///t/x.js"] = "export function f() { return null.y; }";
  std::string first = run_text(
      "import { f } from './x.js'; export const out = 1; globalThis.n = (globalThis.n || 0) + 1; "
      "export function g() { f(); }");
  EXPECT_EQ(first, "1");
  modules_.freeze();
  size_t bytes = modules_.bytecode_bytes();
  auto other = std::move(Context::create(*runtime_).value());
  EXPECT_EQ(run(*other), "1");
  EXPECT_EQ(modules_.bytecode_bytes(), bytes);
  auto third_runtime = std::move(Runtime::create(modules_).value());
  auto third = std::move(Context::create(*third_runtime).value());
  Running running(*third, kStack);
  Value name_space;
  Exception exception;
  ASSERT_TRUE(third->import_module("file:///t/main.js", nullptr, nullptr, name_space, exception))
      << exception.text();
  Value g = name_space.property("g");
  Value result(third->get(), JS_Call(third->get(), g.get(), JS_UNDEFINED, 0, nullptr));
  ASSERT_TRUE(result.is_exception());
  exception = take_exception(third->get());
  // Lines and columns survive the bytecode.
  EXPECT_EQ(exception.head(), "TypeError: Cannot read property 'y' of undefined");
  EXPECT_NE(exception.stack.find("\tat f (file:///t/x.js:1:"), std::string::npos)
      << exception.stack;
  EXPECT_NE(exception.stack.find("\tat g (file:///t/main.js:1:"), std::string::npos)
      << exception.stack;
}

TEST_F(JsTest, NamesWhatCannotBeImported) {
  EXPECT_NE(run_text("import x from './gone.js';")
                .find("The moduleSpecifier \"./gone.js\" couldn't be found on local disk"),
            std::string::npos);
  auto text_of = [&](const char* what) {
    return modules_.resolve("file:///t/main.js", what).error().message();
  };
  EXPECT_EQ(text_of("k6/ws"), "the module k6/ws is not built yet");
  EXPECT_EQ(text_of("k6/nosuch"), "unknown module: k6/nosuch");
  EXPECT_NE(text_of("lodash").find("lodash"), std::string::npos);
  EXPECT_NE(text_of("http://a/x.js").find("schemes"), std::string::npos);
  EXPECT_EQ(text_of(""), "local or remote path required");
  EXPECT_TRUE(text_of("github.com/a/b/c.js").starts_with("github.com 'special' urls are no"));
  EXPECT_TRUE(text_of("cdnjs.com/libraries/x").starts_with("cdnjs.com 'special' urls are no"));
}

TEST_F(JsTest, ImportsOverHttpsStayThere) {
  files_["https://h/a/lib.js?v=1"] =
      "import { x } from './sub/../y.js'; import '/z.js'; export const l = 'lib' + x;";
  files_["https://h/a/y.js"] = "export const x = 7;";
  files_["https://h/z.js"] = "globalThis.z = 1;";
  EXPECT_EQ(run_text("import { l } from 'https://h/a/lib.js?v=1'; globalThis.result = l + z;"), "");
  EXPECT_EQ(
      to_text(context_->get(),
              Value(context_->get(), JS_GetGlobalObject(context_->get())).property("result").get()),
      "lib71");
  auto resolved = [&](const char* base, const char* what) {
    auto url = modules_.resolve(base, what);
    return url ? *url : url.error().message();
  };
  EXPECT_EQ(resolved("https://h:1/a/b.js?x=/y/z", "../c.js?v=2"), "https://h:1/c.js?v=2");
  EXPECT_EQ(resolved("https://h", "./c.js"), "https://h/c.js");
  EXPECT_EQ(resolved("https://h/a.js", "file:///etc/passwd"),
            "origin (https://h/) not allowed to load local file: file:///etc/passwd");
  EXPECT_NE(resolved("https://h/a.js", "lodash").find("couldn't be recognised"), std::string::npos);
}

TEST_F(JsTest, NamesWhatCannotBeFetched) {
  EXPECT_NE(run_text("import 'https://h/none.js';")
                .find("The moduleSpecifier \"https://h/none.js\" couldn't be retrieved from the "
                      "resolved url \"https://h/none.js\""),
            std::string::npos);
}

TEST_F(JsTest, CommonJsIsSeenFromEsModules) {
  files_["file:///t/lib.js"] =
      "#!/usr/bin/env node\nexports.a = 1; exports.b = () => exports.a; exports.n = (globalThis.n "
      "|| "
      "0) + 1; globalThis.n = exports.n;";
  files_["file:///t/fn.js"] = "module.exports = () => 7; module.exports.extra = 3;";
  files_["file:///t/es.js"] = "exports.__esModule = true; exports.default = 'd';";
  files_["file:///t/all.js"] = "export * from './lib.js'; export { extra as e } from './fn.js';";
  EXPECT_EQ(
      run_text(R"(import { a, b, missing } from './lib.js'; import lib from './lib.js';
    import f, { extra } from './fn.js'; import * as ns from './lib.js'; import d from './es.js';
    import * as all from './all.js';
    export const out = [a, b(), missing === undefined, lib.a, f(), extra, Object.keys(ns), d,
                        Object.keys(all), lib.n];)"),
      R"([1,1,true,1,7,3,["a","b","default","missing","n"],"d",["a","b","e","missing","n"],1])");
}

TEST_F(JsTest, RequireLoadsEitherKind) {
  context_->global();
  {
    Running running(*context_, kStack);
    Value global = context_->global();
    define(context_->get(), global.get(), "require",
           JS_NewCFunction(
               context_->get(),
               [](JSContext* ctx, JSValueConst, int, JSValueConst* argv) {
                 return Context::of(ctx)->runtime().modules().require(ctx, caller_file(ctx),
                                                                      to_text(ctx, argv[0]));
               },
               "require", 1));
  }
  files_["file:///t/d/cjs.js"] = "const peer = require('./peer.js'); exports.x = peer.p + 1;";
  files_["file:///t/d/peer.js"] = "exports.p = 40; exports.back = require('./cjs.js').x;";
  files_["file:///t/d/esm.js"] = "export const q = 1; export default 5;";
  files_["file:///t/d/cycle.js"] = "import '../main.js'; export const q = 1;";
  files_["file:///t/d/late.js"] = "await 1;";
  files_["file:///t/d/bad.js"] = "exports.a = 1;\n\n throw new RangeError('far');";
  files_["file:///t/d/none.js"] = "a b c";
  EXPECT_EQ(run_text(R"(const told = (f) => { try { return f(); } catch (e) { return e.name + ': ' +
        e.message.slice(0, 40) + e.stack.replace(/[^]*\((.*bad.js:\d*):[^]*|[^]*/, ' $1'); } };
    const c = require('./d/cjs.js'), e = require('./d/esm.js'), n = require('k6/test');
    export const out = [c.x, require('./d/cjs.js') === c, e.q, e.default, n.two,
      told(() => require('./d/cycle.js')), told(() => require('./d/late.js')),
      told(() => require('./d/bad.js')), told(() => require('./d/gone.js')),
      told(() => require('./d/none.js')), told(() => require('left-pad'))];)"),
            R"([41,true,1,5,2,)"
            R"("GoError: require(\"./d/cycle.js\"): the module impo ",)"
            R"("GoError: require(\"./d/late.js\"): the module await ",)"
            R"("RangeError: far file:///t/d/bad.js:3",)"
            R"("GoError: The moduleSpecifier \"./d/gone.js\" couldn ",)"
            R"("SyntaxError: expecting ';' ",)"
            R"("GoError: The moduleSpecifier \"left-pad\" couldn't  "])");
}

TEST_F(JsTest, CommonJsKeepsLinesAndIsSharedAsBytecode) {
  files_["file:///t/bad.js"] = "exports.f = function f() {\n  null.x;\n};";
  run_text("import { f } from './bad.js'; f();");
  modules_.freeze();
  auto other = std::move(Context::create(*runtime_).value());
  EXPECT_TRUE(
      run(*other).starts_with("TypeError: Cannot read property 'x' of undefined\n\tat f "
                              "(file:///t/bad.js:2:"))
      << run(*other);
}

TEST_F(JsTest, AScriptMayBeCommonJs) {
  EXPECT_EQ(run_text("'use strict'; exports.out = [typeof module, this === exports];"),
            R"(["object",true])");
  auto other = std::move(Context::create(*runtime_).value());
  modules_.add_source("file:///t/sloppy.js", "with ({ out: 3 }) { exports.out = out; }");
  EXPECT_EQ(run(*other, "file:///t/sloppy.js"), "3");
}

TEST_F(JsTest, JsonIsNoModule) {
  files_["file:///t/d.json"] = "{\"a\": 1}";
  files_["file:///t/node_modules/p/d.json"] = "{\"a\": 1}";
  EXPECT_NE(
      run_text("import d from './d.json'; export const out = d;")
          .find("file:///t/d.json: JSON cannot be imported; use JSON.parse(open(\"d.json\"))"),
      std::string::npos);
  auto other = std::move(Context::create(*runtime_).value());
  modules_.add_source("file:///t/p.js",
                      "import d from './node_modules/p/d.json'; export const out = d.a;");
  EXPECT_EQ(run(*other, "file:///t/p.js"), "1");
}

TEST_F(JsTest, ImportMetaResolves) {
  files_["file:///t/sub/x.js"] = "export const r = import.meta.resolve('./y.js');";
  EXPECT_EQ(run_text("import { r } from './sub/x.js'; export const out = [r, "
                     "import.meta.resolve('k6/test'), Object.keys(import.meta)];"),
            R"(["file:///t/sub/y.js","k6/test",["resolve"]])");
}

TEST_F(JsTest, SaysWhereTheSyntaxIsWrong) {
  std::string text = run_text("\nconst a = ;\n");
  EXPECT_NE(text.find("SyntaxError"), std::string::npos);
  EXPECT_NE(text.find("file:///t/main.js:2:"), std::string::npos) << text;
}

TEST_F(JsTest, ExceptionsOfTheTopLevelCarryNameMessageAndPlace) {
  std::string text = run_text("function inner() { throw new RangeError('far'); }\ninner();");
  EXPECT_TRUE(text.starts_with("RangeError: far\n\tat inner (file:///t/main.js:1:")) << text;
  EXPECT_NE(text.find("file:///t/main.js:2:"), std::string::npos) << text;
}

TEST_F(JsTest, NativeErrorsAreGoErrorsOfAnyLength) {
  std::string text = run_text(
      "import { boom } from 'k6/test'; let out; try { boom(); } catch (e) { out = [e.name, "
      "e.message.length, e instanceof Error]; } export { out };");
  EXPECT_EQ(text, R"(["GoError",300,true])");
}

TEST_F(JsTest, TopLevelAwaitIsSettledOrAnError) {
  EXPECT_EQ(run_text("export const out = await Promise.resolve(7);"), "7");
  auto other = std::move(Context::create(*runtime_).value());
  modules_.add_source("file:///t/never.js", "await new Promise(() => {});");
  EXPECT_NE(run(*other, "file:///t/never.js").find("never settled"), std::string::npos);
}

TEST_F(JsTest, ContextsShareCodeAndNothingElse) {
  files_["file:///t/lib.cjs"] =
      "let n = 0; exports.add = () => ++n; exports.fail = () => {\n  throw new Error('no'); };";
  files_["file:///t/x.js"] =
      "let n = 0; export function add() { return ++n; } export class K { #p = 1; p() { return "
      "this.#p; } } const same = (s) => s; export const tagged = () => same`a${n}`; "
      "Array.prototype.seen = (Array.prototype.seen || 0) + 1;";
  const std::string main =
      "import { add, K, tagged } from './x.js'; import lib from './lib.cjs'; globalThis.g = "
      "(globalThis.g || 0) + 1; export const f = () => [add(), lib.add(), g, [].seen, new K().p(), "
      "tagged() === tagged(), Object.getPrototypeOf(tagged()) === Array.prototype, f instanceof "
      "Function, Error.prototype.toString instanceof Function, Reflect.construct(Array, [], "
      "K).length, Array.isArray([].map((x) => x)), [].map.constructor === Function, new "
      "Function('return typeof g')(), eval('lib.add.name'), (() => { try { lib.fail(); } catch (e) "
      "{ "
      "return e.stack; } })()]; export const out = f();";
  const std::string first = run_text(main);
  EXPECT_EQ(first,
            R"([1,1,1,1,1,true,true,true,true,0,true,true,"number","","    at <anonymous> )"
            R"((file:///t/lib.cjs:2:13)\n    at <anonymous> (file:///t/main.js:1:504)\n    at f )"
            R"((file:///t/main.js:1:544)\n    at <anonymous> (file:///t/main.js:1:570)\n"])");
  modules_.freeze();
  auto runtime = std::move(Runtime::create(modules_).value());
  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<Value> functions;
  for (int i = 0; i < 3; ++i) {
    contexts.push_back(std::move(Context::create(*runtime).value()));
    Running running(*contexts.back(), kStack);
    Value name_space;
    Exception exception;
    ASSERT_TRUE(contexts.back()->import_module("file:///t/main.js", nullptr, nullptr, name_space,
                                               exception));
    EXPECT_EQ(to_json(contexts.back()->get(), name_space.property("out").get()), first);
    functions.push_back(name_space.property("f"));
  }
  for (int round = 2; round < 5; ++round) {
    for (size_t i = 0; i < contexts.size(); ++i) {
      Running running(*contexts[i], kStack);
      JSContext* ctx = contexts[i]->get();
      Value out(ctx, JS_Call(ctx, functions[i].get(), JS_UNDEFINED, 0, nullptr));
      EXPECT_EQ(to_json(ctx, out.get()).substr(0, 8),
                "[" + std::to_string(round) + "," + std::to_string(round) + ",1,1");
      runtime->collect();
    }
  }
  functions.clear();
  contexts.erase(contexts.begin());
  runtime->collect();
  EXPECT_EQ(run(*contexts.front()), first);
}

TEST_F(JsTest, AnotherContextCostsNoSecondCopyOfTheCode) {
  std::string body;
  for (int i = 0; i < 2000; ++i) {
    std::string n = std::to_string(i);
    body += "function f" + n + "(a, b) { return a.x" + n + " + b.y" + n + " * " + n + "; }\n";
  }
  files_["file:///t/big.js"] = "export function outer() {\n" + body + "return f1; }";
  files_["file:///t/big.cjs"] = "module.exports = () => {\n" + body + "return f1; };";
  run_text("import { outer } from './big.js'; import o from './big.cjs'; export const out = 1;");
  modules_.freeze();
  auto runtime = std::move(Runtime::create(modules_).value());
  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<size_t> heap = {0};
  for (int i = 0; i < 3; ++i) {
    contexts.push_back(std::move(Context::create(*runtime).value()));
    EXPECT_EQ(run(*contexts.back()), "1");
    heap.push_back(bia_js_heap_bytes(runtime->get()));
  }
  EXPECT_GT(heap[1], modules_.bytecode_bytes());
  EXPECT_LT(heap[2] - heap[1], modules_.bytecode_bytes() / 2);
  EXPECT_LT(heap[3] - heap[2], modules_.bytecode_bytes() / 2);
}

TEST_F(JsTest, ScriptsCannotSeeWhenTheCollectorRuns) {
  EXPECT_EQ(run_text("export const out = [typeof WeakRef, typeof FinalizationRegistry];"),
            R"(["undefined","undefined"])");
}

TEST_F(JsTest, UnhandledRejectionsAreTakenOnce) {
  EXPECT_EQ(run_text("Promise.reject(new Error('a')); Promise.reject(1).catch(() => {}); export "
                     "const out = 1;"),
            "1");
  Running running(*context_, kStack);
  auto unhandled = context_->take_unhandled();
  ASSERT_EQ(unhandled.size(), 1u);
  EXPECT_EQ(describe_exception(context_->get(), unhandled[0].get()).head(), "Error: a");
  EXPECT_TRUE(context_->take_unhandled().empty());
}

TEST_F(JsTest, DeepRecursionIsARangeErrorAndNotACrash) {
  EXPECT_TRUE(run_text("function f() { return f() + 1; } f();")
                  .starts_with("RangeError: Maximum call stack size exceeded"));
}

TEST_F(JsTest, K6HasNoPerformanceOrMicrotaskGlobals) {
  EXPECT_EQ(run_text("export const out = [typeof performance, typeof queueMicrotask, typeof atob, "
                     "typeof Map];"),
            R"(["undefined","undefined","undefined","function"])");
}

TEST_F(JsTest, MemoryLimitIsAnError) {
  auto runtime = std::move(Runtime::create(modules_, {.memory_bytes_max = 4 << 20}).value());
  auto context = std::move(Context::create(*runtime).value());
  modules_.add_source("file:///t/big.js",
                      "const a = []; for (;;) a.push('x'.repeat(1000) + a.length);");
  EXPECT_NE(run(*context, "file:///t/big.js").find("out of memory"), std::string::npos);
}

struct StopAfter final : ContextHooks {
  int left = 3;
  bool should_interrupt() noexcept override { return --left <= 0; }
};

TEST_F(JsTest, EndlessLoopsAreInterruptedAndCannotCatchIt) {
  StopAfter hooks;
  auto context = std::move(Context::create(*runtime_, &hooks).value());
  modules_.add_source("file:///t/loop.js",
                      "for (;;) { try { for (;;) {} } catch (e) {} finally { } }");
  Running running(*context, kStack);
  Value name_space;
  Exception exception;
  EXPECT_FALSE(
      context->import_module("file:///t/loop.js", nullptr, nullptr, name_space, exception));
  EXPECT_TRUE(exception.interrupted);
}

TEST(K6Stack, ReshapesFrames) {
  EXPECT_EQ(k6_stack("    at get (native)\n    at f (file:///a.js:1:2)\n    at <anonymous> "
                     "(file:///a.js:3:4)\n"),
            "\tat f (file:///a.js:1:2)\n\tat file:///a.js:3:4\n");
  EXPECT_EQ(k6_stack(""), "");
  EXPECT_EQ(k6_stack("nonsense"), "");
}

TEST(NormalizeFileUrl, FoldsDots) {
  EXPECT_EQ(normalize_file_url("file:///a/./b/../c.js"), "file:///a/c.js");
  EXPECT_EQ(normalize_file_url("file:///../../c.js"), "file:///c.js");
}

}  // namespace
}  // namespace bia::js
