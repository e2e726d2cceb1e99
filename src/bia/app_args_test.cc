#include "bia/app_args.h"

#include <gtest/gtest.h>

#include <vector>

namespace bia {
namespace {

Result<AppArgs> parse(std::vector<const char*> args) {
  args.insert(args.begin(), "helloworld");
  return AppArgs::parse(int(args.size()), args.data());
}

TEST(AppArgs, TakesConfAsGoDoes) {
  EXPECT_EQ(parse({})->config_path, "configs");
  EXPECT_EQ(parse({"-conf", "a"})->config_path, "a");
  EXPECT_EQ(parse({"--conf", "a"})->config_path, "a");
  EXPECT_EQ(parse({"-conf=a"})->config_path, "a");
  EXPECT_EQ(parse({"--conf=a=b"})->config_path, "a=b");
  EXPECT_EQ(parse({"--version"})->action, AppArgs::Action::kVersion);
  EXPECT_EQ(parse({"-h"})->action, AppArgs::Action::kHelp);
}

TEST(AppArgs, RefusesTheRest) {
  EXPECT_EQ(parse({"-conf"}).error().message(), "-conf needs a path");
  EXPECT_EQ(parse({"-conf="}).error().message(), "-conf needs a path");
  EXPECT_EQ(parse({"-config", "a"}).error().message(), "unknown flag -config");
  EXPECT_EQ(parse({"configs"}).error().message(), "unexpected argument configs");
  EXPECT_EQ(parse({"-"}).error().message(), "unexpected argument -");
  EXPECT_EQ(parse({"--version=1"}).error().message(), "unknown flag --version=1");
}

}  // namespace
}  // namespace bia
