#include "bia/app/elf_symbols.h"

#include <cxxabi.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace bia {
namespace {

// Of this file alone: the dynamic linker knows no such name.
[[gnu::noinline]] int hidden_function(int x) { return x * 3 + 1; }

TEST(ElfSymbols, KnowFunctionsOfOneFile) {
  const ElfSymbols symbols = ElfSymbols::of_program();
  ASSERT_GT(symbols.size(), 1000u);
  const auto name_at = [&](size_t offset) -> std::string {
    const char* begin = reinterpret_cast<const char*>(&hidden_function);
    int status = 0;
    char* plain = abi::__cxa_demangle(symbols.find(begin + offset), nullptr, nullptr, &status);
    std::string name = plain ? plain : "";
    free(plain);
    return name;
  };
  EXPECT_EQ(name_at(0), "bia::(anonymous namespace)::hidden_function(int)");
  EXPECT_EQ(name_at(1), name_at(0)) << "within it";
  EXPECT_NE(name_at(4096), name_at(0));
  EXPECT_STREQ(symbols.find(nullptr), "");
  int on_the_stack = hidden_function(1);
  EXPECT_STREQ(symbols.find(&on_the_stack), "");
}

}  // namespace
}  // namespace bia
