#include "zelus/modules/source/module_cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "zelus/modules/source/module_lock.h"

namespace zelus::modules {
namespace {

class ModuleCacheTest : public ::testing::Test {
 protected:
  ModuleCacheTest() {
    std::string name = ::testing::TempDir() + "cacheXXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~ModuleCacheTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(ModuleCacheTest, KeepsTheLastTextOfAUrlAndEveryTextByItsHash) {
  ModuleCache cache(folder_ + "/deep/below");
  EXPECT_FALSE(cache.by_url("https://a/"));
  cache.put("https://a/", "one");
  cache.put("https://b/", "one");
  cache.put("https://a/", "two");
  ModuleCache again(folder_ + "/deep/below");
  EXPECT_EQ(again.by_url("https://a/"), "two");
  EXPECT_EQ(again.by_url("https://b/"), "one");
  EXPECT_EQ(again.by_hash(sha256_hex("one")), "one");
  EXPECT_FALSE(again.by_url("https://a"));
}

TEST_F(ModuleCacheTest, WhatWasChangedOnDiskIsNotThere) {
  ModuleCache cache(folder_);
  cache.put("https://a/", "good");
  std::ofstream(folder_ + "/content/" + sha256_hex("good")) << "evil";
  EXPECT_FALSE(cache.by_hash(sha256_hex("good")));
  EXPECT_FALSE(cache.by_url("https://a/"));
  cache.put("https://a/", "good");
  EXPECT_EQ(cache.by_url("https://a/"), "good");
}

TEST_F(ModuleCacheTest, WithoutAFolderNothingIsKept) {
  ModuleCache cache("");
  cache.put("https://a/", "x");
  EXPECT_FALSE(cache.by_url("https://a/"));
  ModuleCache barred("/proc/no/such");
  barred.put("https://a/", "x");
  EXPECT_FALSE(barred.by_url("https://a/"));
}

}  // namespace
}  // namespace zelus::modules
