#include "js/regexp_cache.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "js/module_set.h"
#include "js/runtime.h"

namespace bia::js {
namespace {

TEST(RegexpCache, KeepsByPatternAndFlags) {
  RegexpCache cache;
  EXPECT_EQ(cache.find("a", 0), nullptr);
  cache.keep("a", 0, "one");
  cache.keep("a", 2, "two");
  EXPECT_EQ(*cache.find("a", 0), "one");
  EXPECT_EQ(*cache.find("a", 2), "two");
  EXPECT_EQ(cache.find("a", 1), nullptr);
  EXPECT_EQ(cache.find("ab", 0), nullptr);
}

TEST(RegexpCache, IsBounded) {
  RegexpCache cache;
  const std::string large(RegexpCache::kBytesMax + 1, 'a');
  cache.keep(large, 0, "code");
  cache.keep("a", 0, large);
  EXPECT_EQ(cache.size(), 0u);
  for (size_t i = 0; i < 3 * RegexpCache::kEntriesMax; ++i) cache.keep(std::to_string(i), 0, "c");
  EXPECT_LE(cache.size(), RegexpCache::kEntriesMax);
}

TEST(RegexpCache, UsersCompileOnce) {
  ModuleSet modules([](const std::string&) -> Result<std::string> {
    return Error(Code::kNotFound, "NO_FILE", "");
  });
  auto runtime = std::move(Runtime::create(modules).value());
  // What only this test makes: with a name, and one that does not compile.
  const std::string script =
      "const r = new RegExp('(?<only>x+)(?=here)', 'gi'), o = [];\n"
      "for (const m of 'xX xxhere XHERE'.matchAll(r)) o.push(m.groups.only);\n"
      "try { new RegExp('(only'); } catch (e) { o.push(e.name); }\n"
      "o.push(new RegExp('(?<only>x+)(?=here)').test('XHERE'));\n"
      "o.join()";
  size_t kept = 0;
  for (int i = 0; i < 3; ++i) {
    auto context = std::move(Context::create(*runtime).value());
    Running running(*context, 256 * 1024);
    Value out(context->get(), JS_Eval(context->get(), script.c_str(), script.size(), "t.js", 0));
    EXPECT_EQ(to_text(context->get(), out.get()), "xx,X,SyntaxError,false");
    size_t now = RegexpCache::of_thread().size();
    EXPECT_GT(now, 0u);
    EXPECT_TRUE(i == 0 || now == kept) << now;
    kept = now;
  }
}

}  // namespace
}  // namespace bia::js
