#include "bia/app/app_args.h"

#include <gtest/gtest.h>

#include <vector>

namespace bia {
namespace {

Result<AppArgs> parse(std::vector<const char*> args) {
  args.insert(args.begin(), "helloworld");
  return AppArgs::parse(int(args.size()), args.data());
}

TEST(AppArgs, TakesConfAsGoDoes) {
  EXPECT_TRUE(parse({})->config_paths.empty());
  EXPECT_EQ(parse({"-conf", "a"})->config_paths.at(0), "a");
  EXPECT_EQ(parse({"--conf", "a"})->config_paths.at(0), "a");
  EXPECT_EQ(parse({"-conf=a"})->config_paths.at(0), "a");
  EXPECT_EQ(parse({"--conf=a=b"})->config_paths.at(0), "a=b");
  EXPECT_EQ(parse({"--version"})->action, AppArgs::Action::kVersion);
  EXPECT_EQ(parse({"-h"})->action, AppArgs::Action::kHelp);
}

TEST(AppArgs, TakesSeveralSources) {
  const AppArgs args =
      *parse({"-conf", "a", "-conf=b", "-env", "APP_", "-set", "x.y=1", "--set=z=2"});
  EXPECT_EQ(args.config_paths, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(args.environment_prefix, "APP_");
  EXPECT_EQ(args.overrides, (std::vector<std::string>{"x.y=1", "z=2"}));
  EXPECT_EQ(parse({"-set"}).error().message(), "-set needs a value");
}

TEST(AppArgs, RefusesTheRest) {
  EXPECT_EQ(parse({"-conf"}).error().message(), "-conf needs a value");
  EXPECT_EQ(parse({"-conf="}).error().message(), "-conf needs a value");
  EXPECT_EQ(parse({"-config", "a"}).error().message(), "unknown flag -config");
  EXPECT_EQ(parse({"configs"}).error().message(), "unexpected argument configs");
  EXPECT_EQ(parse({"-"}).error().message(), "unexpected argument -");
  EXPECT_EQ(parse({"--version=1"}).error().message(), "unknown flag --version=1");
}

}  // namespace
}  // namespace bia
