#include "zelus/modules/source/use_directives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zelus::modules {
namespace {

using ::testing::HasSubstr;

// As real k6 1.8.1 took each of them.
TEST(Meets, ReadsConstraintsAsGoDoes) {
  for (const char* met :
       {"1.x",         ">=1.0 <3", ">=1.0,<3", "1 - 3", "1 || 2",  "=>1", "~1.8",
        "~>1",         "^1",       ">1.8.1-0", "v1",    "1.8.1+b", "x",   "=1.8",
        "1.8",         "!=1.7",    ">1.7",     "<=1.8", "1.8.*",   "*",   " >= 1.0 , < 3 ",
        "1.7 - 1.8.1", "3 || ^1.2"})
    EXPECT_TRUE(meets("1.8.1", met).value()) << met;
  for (const char* unmet : {"1.0 - 1.5", "!=1.8.1", "1.8.1-rc1", "<1.8", "~1.7", "^0.5", "1.8.0",
                            "> 1.8", "<1.8.1", ">=1.8.2", "^1.9", "01.2", ">= 99", "2 || 3"})
    EXPECT_FALSE(meets("1.8.1", unmet).value()) << unmet;
  EXPECT_FALSE(meets("0.3.1", "^0.2.5").value());
  EXPECT_TRUE(meets("0.2.7", "^0.2.5").value());
}

TEST(Meets, RefusesWhatIsNone) {
  for (const char* bad : {"bad", "1.8.1.0", ">", "1,,", "1,", "with bad", "", "1 -", ">= bad"})
    EXPECT_FALSE(meets("1.8.1", bad).ok()) << bad;
  EXPECT_EQ(meets("1.8.1", "abc || 1").error().message(), "improper constraint: abc ");
}

std::string told(std::string_view source) {
  UseDirectives uses;
  auto read = uses.read("file:///s.js", source);
  if (!read) return read.error().message();
  auto check = uses.check();
  return check ? "" : check.error().message();
}

TEST(UseDirectives, StandBeforeTheFirstStatement) {
  EXPECT_THAT(told("#!/usr/bin/env k6\n'use k6 bad'"), HasSubstr("improper constraint"));
  EXPECT_THAT(told(";; \"a\"\n;;\"use k6 bad\""), HasSubstr("improper constraint"));
  constexpr std::string_view kBad =
      R"(error while parsing use directives constraint "bad" for "k6" in "file:///s.js": )"
      "improper constraint: bad";
  EXPECT_EQ(told(R"("use k6 bad")"), kBad);
  EXPECT_EQ(told("/* c */ // d\n'use strict';\n  'use  k6   bad';\nlet x"), kBad);
  for (const char* other : {"// 'use k6 bad'", "let x = 'use k6 bad'", "import 'k6'; 'use k6 bad'",
                            "'use strict'", "'use k6'", "'open", "/* open", ""})
    EXPECT_EQ(told(other), "") << other;
}

TEST(UseDirectives, AskForVersionsAndExtensions) {
  EXPECT_EQ(told("'use k6 >= 1.0'; 'use k6 with k6/http'"),
            R"(error while parsing use directives constraint "with k6/http" for "k6" in )"
            R"("file:///s.js": improper constraint: with k6/http)");
  EXPECT_EQ(told("'use k6 < 2'"), "");
  EXPECT_EQ(told("'use k6 ^2.1'"), "");
  EXPECT_THAT(told("'use k6 >= 99'"), HasSubstr("zelus runs scripts of k6 1.8.1 and 2.2.0"));
  EXPECT_THAT(told("'use k6 with k6/x/sql >= 1'"),
              HasSubstr(R"(asks for k6/x/sql >= 1 ("use k6 with k6/x/sql >= 1"))"));
  EXPECT_THAT(told("'use k6 1'; 'use k6 1'"), HasSubstr("already have constraint for \"k6\""));
  EXPECT_THAT(told("'use k6 with k6/x/sql >= bad'"),
              HasSubstr(R"(constraint ">= bad" for "k6/x/sql")"));
}

}  // namespace
}  // namespace zelus::modules
