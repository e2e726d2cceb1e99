#include "base/text.h"

#include <gtest/gtest.h>

namespace bia {

TEST(Text, TrimsBothEnds) {
  EXPECT_EQ(trim(" \ta b\t "), "a b");
  EXPECT_EQ(trim("a\n"), "a\n");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim_space("\r\n a b\f\v"), "a b");
  EXPECT_EQ(trim_space("\n"), "");
}

TEST(Text, CutsPartsOff) {
  std::string_view rest = " a ;b;; c";
  EXPECT_EQ(cut(rest, ';'), "a");
  EXPECT_EQ(cut(rest, ';'), "b");
  EXPECT_EQ(cut(rest, ';'), "");
  EXPECT_EQ(cut(rest, ';'), "c");
  EXPECT_EQ(rest, "");
  EXPECT_EQ(cut(rest, ';'), "");
}

TEST(Text, LowersAsciiAlone) { EXPECT_EQ(lower_case("AZaz[@Ä-9"), "azaz[@Ä-9"); }

TEST(Text, WritesBytesAsHex) { EXPECT_EQ(hex_of(std::string_view("\0\x9f\xff", 3)), "009fff"); }

}  // namespace bia
