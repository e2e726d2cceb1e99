#include <gtest/gtest.h>

#include <string>

#include "js/module_set.h"
#include "js/runtime.h"

namespace bia::js {
namespace {

constexpr size_t kStack = 512 * 1024;

class Hooks final : public ContextHooks {
 public:
  std::string json_error(std::string_view text) override { return "no JSON: " + std::string(text); }
};

class ErrorWords : public ::testing::Test {
 protected:
  ErrorWords() {
    runtime_ = std::move(Runtime::create(modules_).value());
    context_ = std::move(Context::create(*runtime_, &hooks_).value());
  }
  /// What a function `f` of the module throws.
  Exception thrown(const std::string& body) {
    const std::string url = "file:///t/" + std::to_string(++count_) + ".js";
    modules_.add_source(url, body + "\nexport { f };");
    Running running(*context_, kStack);
    Value name_space;
    Exception exception;
    EXPECT_TRUE(context_->import_module(url, nullptr, nullptr, name_space, exception))
        << exception.text();
    Value f = name_space.property("f");
    Value result(context_->get(), JS_Call(context_->get(), f.get(), JS_UNDEFINED, 0, nullptr));
    EXPECT_TRUE(result.is_exception()) << body;
    return take_exception(context_->get());
  }
  std::string words(const std::string& expression) {
    return thrown(
               "const o = {i: 5, n: null, d: {}}; const c = 1; class A { static t(x) { return "
               "x.#p } #p }\nfunction f() { " +
               expression + " }")
        .message;
  }

  Hooks hooks_;
  int count_ = 0;
  ModuleSet modules_{[](const std::string&) -> Result<std::string> {
    return Error(Code::kNotFound, "NO_FILE", "no such file");
  }};
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Context> context_;
};

// As k6 1.8.1 said them.
TEST_F(ErrorWords, NameTheMemberThatIsCalled) {
  const std::string missing = "Object has no member 'f'";
  EXPECT_EQ(words("o.f()"), missing);
  EXPECT_EQ(words("o.d.f(1, 2)"), missing);
  EXPECT_EQ(words("o['f']()"), missing);
  EXPECT_EQ(words("return o.f(o.i ? o.d.x : o.n || o.d, [o.i && 1], {a: o.d})"), missing);
  EXPECT_EQ(words("for (const x of [1]) { try { o.d.g } catch { } if (x) o.f(o.d?.z, `${x}`) }"),
            missing);
  EXPECT_EQ(words("switch (o.i) { case 5: o.f(o.d.toString()) }"), missing);
  EXPECT_EQ(words("o.i()"), "Value is not an object: 5");
  EXPECT_EQ(words("o.n()"), "Value is not an object: null");
  EXPECT_EQ(words("o.d()"), "Not a function: [object Object]");
  EXPECT_EQ(words("undefined()"), "Value is not an object: undefined");
  EXPECT_EQ(words("(0, c)()"), "Value is not an object: 1");
  EXPECT_EQ(words("new c()"), "Value is not an object: 1");
  EXPECT_EQ(words("new (() => 1)()"), "Value is not a constructor");
  EXPECT_EQ(words("[1].map({})"), "Value is not callable: [object Object]");
  EXPECT_EQ(words("o.n.x()"), "Cannot read property 'x' of undefined or null");
  EXPECT_EQ(words("o.n.x"), "Cannot read property 'x' of undefined");
  EXPECT_EQ(words("o.n.x = 1"), "Cannot convert undefined or null to object");
}

TEST_F(ErrorWords, OfVariablesAndProperties) {
  EXPECT_EQ(words("c = 2"), "Assignment to constant variable.");
  EXPECT_EQ(words("Object.freeze({x: 1}).x = 2"), "Cannot assign to read only property 'x'");
  EXPECT_EQ(words("z; let z = 1"), "Cannot access a variable before initialization");
  EXPECT_EQ(words("class B extends A { constructor() { } } new B()"),
            "Must call super constructor in derived class before returning from derived "
            "constructor");
  EXPECT_EQ(words("for (const x of 5);"), "object is not iterable");
  EXPECT_EQ(words("const [a] = undefined"), "Cannot convert undefined or null to object");
  EXPECT_EQ(words("const {a} = undefined"), "Value is not object coercible");
  EXPECT_EQ(words("Object.keys(null)"), "Cannot convert undefined or null to object");
  EXPECT_EQ(words("A()"), "Class constructor cannot be invoked without 'new'");
  EXPECT_EQ(words("A.t({})"),
            "Cannot read private member #p from an object whose class did not declare it");
}

TEST_F(ErrorWords, OfJsonAreTheOwners) {
  EXPECT_EQ(words("JSON.parse('{a')"), "no JSON: {a");
  EXPECT_EQ(words("JSON.parse(undefined)"), "no JSON: undefined");
  EXPECT_EQ(words("JSON.parse('[1]', () => { throw new RangeError('mine') })"), "mine");
  EXPECT_EQ(thrown("function f() {\n JSON.parse('<') }").stack.find("<input>"), std::string::npos);
}

TEST_F(ErrorWords, AnyValueIsThrownSomewhere) {
  for (const char* value : {"'s'", "{a: 1}", "null", "5", "Symbol('q')"}) {
    Exception exception = thrown("function g() { throw " + std::string(value) +
                                 " }\nfunction f() {\n [1].forEach(() => g()) }");
    EXPECT_TRUE(exception.name.empty());
    EXPECT_TRUE(exception.stack.starts_with("\tat g (file:///t/")) << exception.text();
    EXPECT_NE(exception.stack.find("\tat f (file:///t/"), std::string::npos) << exception.text();
  }
  EXPECT_EQ(thrown("function f() { throw Symbol('q') }").message, "q");
  // Not where an earlier one was.
  thrown("function earlier() { throw 1 }\nfunction f() { earlier() }");
  EXPECT_EQ(thrown("function f() { try { throw 1 } catch { } throw 2 }").stack.find("earlier"),
            std::string::npos);
}

TEST_F(ErrorWords, GoErrorIsAConstructor) {
  Exception exception = thrown("function f() { throw new GoError('own') }");
  EXPECT_EQ(exception.head(), "GoError: own");
  EXPECT_EQ(words("const e = GoError('x'); throw [String(e), e instanceof GoError, e instanceof "
                  "Error, Object.keys(e), GoError.length, new GoError('y', {cause: 1}).cause, "
                  "String(new (class X extends GoError { })('m')), "
                  "Object.keys(globalThis).includes('GoError')].join()"),
            "GoError: x,true,true,,1,1,GoError: m,false");
}

TEST_F(ErrorWords, HalvesOfSurrogatePairsAreReplaced) {
  EXPECT_EQ(words("throw 'a\\ud800b\\udc00c\\ud83d\\ude00\\u00e9'"),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd"
            "c\xf0\x9f\x98\x80\xc3\xa9");
  EXPECT_EQ(words("throw '\\ud7ff'"), "\xed\x9f\xbf");
}

}  // namespace
}  // namespace bia::js
