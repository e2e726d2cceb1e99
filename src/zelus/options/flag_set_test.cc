#include "zelus/options/flag_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zelus::options {
namespace {

using testing::ElementsAre;

FlagSet make() {
  return FlagSet(
      {{"vus", 'u', Flag::Kind::kInt, "1", "number of users"},
       {"duration", 'd', Flag::Kind::kDuration, "", "limit"},
       {"stage", 's', Flag::Kind::kStringSlice, "", "add a `stage`"},
       {"tag", 0, Flag::Kind::kStringArray, "", "a tag"},
       {"throw", 'w', Flag::Kind::kBool, "", "throw"},
       {"quiet", 'q', Flag::Kind::kBool, "", "quiet"},
       {"http-debug", 0, Flag::Kind::kString, "", "debug", "headers"},
       {"no-summary", 0, Flag::Kind::kBool, "", "", "", "use --summary-mode=disabled instead"}});
}

std::string error_of(std::vector<std::string> arguments) {
  FlagSet flags = make();
  auto parsed = flags.parse(arguments);
  return parsed ? "accepted" : parsed.error().message();
}

TEST(FlagSet, TakesEveryForm) {
  for (std::vector<std::string> form : std::vector<std::vector<std::string>>{{"-u", "50"},
                                                                             {"-u=50"},
                                                                             {"--vus=50"},
                                                                             {"-u50"},
                                                                             {"--vus", "50"},
                                                                             {"-wqu50"},
                                                                             {"-qwu", "50"}}) {
    FlagSet flags = make();
    ASSERT_TRUE(flags.parse(form).ok()) << form[0];
    EXPECT_EQ(flags.integer("vus"), 50) << form[0];
  }
}

TEST(FlagSet, CollectsSlicesAndArrays) {
  FlagSet flags = make();
  ASSERT_TRUE(
      flags
          .parse(std::vector<std::string>{"-s", "1s:2,3s:4", "a.js", "--stage=5s:6", "--tag",
                                          "a=1,2", "--tag=b=2", "--http-debug", "--", "-u"})
          .ok());
  EXPECT_THAT(flags.list("stage"), ElementsAre("1s:2", "3s:4", "5s:6"));
  EXPECT_THAT(flags.list("tag"), ElementsAre("a=1,2", "b=2"));
  EXPECT_EQ(flags.text("http-debug"), "headers");
  EXPECT_THAT(flags.arguments(), ElementsAre("a.js", "-u"));
  EXPECT_FALSE(flags.changed("vus"));
  EXPECT_FALSE(flags.boolean("throw").has_value());
}

TEST(FlagSet, ErrorsArePflags) {
  EXPECT_EQ(error_of({"--viruses", "4"}), "unknown flag: --viruses");
  EXPECT_EQ(error_of({"-wxu"}), "unknown shorthand flag: 'x' in -xu");
  EXPECT_EQ(error_of({"--vus"}), "flag needs an argument: --vus");
  EXPECT_EQ(error_of({"-wu"}), "flag needs an argument: 'u' in -u");
  EXPECT_EQ(
      error_of({"-d", "5"}),
      "invalid argument \"5\" for \"-d, --duration\" flag: time: missing unit in duration \"5\"");
  EXPECT_EQ(error_of({"--vus=x"}),
            "invalid argument \"x\" for \"-u, --vus\" flag: strconv.ParseInt: parsing \"x\": "
            "invalid syntax");
  EXPECT_EQ(error_of({"--throw=maybe"}),
            "invalid argument \"maybe\" for \"-w, --throw\" flag: strconv.ParseBool: parsing "
            "\"maybe\": invalid syntax");
  EXPECT_EQ(error_of({"--=1"}), "bad flag syntax: --=1");
  EXPECT_EQ(error_of({"--help"}), "pflag: help requested");
}

TEST(FlagSet, NotesDeprecatedFlags) {
  FlagSet flags = make();
  ASSERT_TRUE(flags.parse(std::vector<std::string>{"--no-summary"}).ok());
  EXPECT_THAT(
      flags.notes(),
      ElementsAre("Flag --no-summary has been deprecated, use --summary-mode=disabled instead"));
}

TEST(FlagSet, UsagesAlignAndWrap) {
  std::vector<Flag> flags = {
      {"vus", 'u', Flag::Kind::kInt, "1", "number of virtual users"},
      {"http-debug", 0, Flag::Kind::kString, "",
       "log all requests and responses. Excludes the body by default", "headers"}};
  EXPECT_EQ(FlagSet::usages(flags, 78),
            "  -u, --vus int                         number of virtual users (default 1)\n"
            "      --http-debug string[=\"headers\"]   log all requests and responses.\n"
            "                                        Excludes the body by default\n");
}

}  // namespace
}  // namespace zelus::options
