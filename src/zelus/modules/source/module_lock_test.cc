#include "zelus/modules/source/module_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zelus::modules {
namespace {

using ::testing::HasSubstr;

const std::string kHash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(ModuleLock, ReadsWhatItWrites) {
  EXPECT_EQ(sha256_hex("abc"), kHash);
  ModuleLock lock = {{"https://a.example/x.js", kHash}, {"https://a.example/a b?c#d", kHash}};
  auto again = parse_module_lock("zelus.lock", format_module_lock(lock));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, lock);
  EXPECT_TRUE(parse_module_lock("zelus.lock", "\r\n# only this")->empty());
}

TEST(ModuleLock, SaysWhichLineIsWrong) {
  for (const std::string& line :
       {std::string("abc https://a.example/"), kHash, kHash + " http://a.example/", kHash + "  x",
        kHash + " https://twice/\n" + kHash + " https://twice/"}) {
    auto bad = parse_module_lock("d/zelus.lock", "#\n" + line);
    ASSERT_FALSE(bad) << line;
    EXPECT_THAT(bad.error().message(), HasSubstr("d/zelus.lock:"));
    EXPECT_THAT(bad.error().message(), HasSubstr("--modules-lock writes the file anew"));
  }
}

}  // namespace
}  // namespace zelus::modules
