#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "command.h"
#include "temp_folder.h"

namespace bia::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::vector<Flag> kFlags = {{"force", 'f', "", "overwrite"}, {"cmd", 'c', "NAME", "which"}};

TEST(Args, TakesFlagsInEveryForm) {
  const Args args = *Args::parse(
      {"a", "-f", "--cmd=x", "-c", "y", "--cmd", "z", "b", "--", "--more", "c"}, kFlags);
  EXPECT_TRUE(args.has("force"));
  EXPECT_EQ(args.get("cmd"), "z");
  EXPECT_THAT(args.all("cmd"), ElementsAre("x", "y", "z"));
  EXPECT_THAT(args.positional(), ElementsAre("a", "b"));
  EXPECT_THAT(args.rest(), ElementsAre("--more", "c"));
  EXPECT_EQ(args.get("none", "otherwise"), "otherwise");
}

TEST(Args, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(Args::parse({"--nope"}, kFlags).error().text(),
            "unknown flag --nope (it takes --force, --cmd)");
  EXPECT_EQ(Args::parse({"-x"}, {}).error().text(), "unknown flag -x (it takes no flags)");
  EXPECT_EQ(Args::parse({"--cmd"}, kFlags).error().message(), "--cmd needs a value: --cmd NAME");
  EXPECT_EQ(Args::parse({"--force=1"}, kFlags).error().message(), "--force takes no value");
}

TEST(TempFolder, IsItsUsersAndGoesAtTheEnd) {
  fs::path path;
  {
    const auto folder = TempFolder::create();
    ASSERT_TRUE(folder.ok()) << folder.error().text();
    path = folder->path();
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    EXPECT_NE(TempFolder::create()->path(), path);
    std::ofstream(path / "x") << "x";
  }
  EXPECT_FALSE(fs::exists(path));
}

class Program : public testing::Test {
 protected:
  Program() { fs::create_directories(folder_); }
  ~Program() override { fs::remove_all(folder_); }
  int run(const std::vector<std::string>& words) {
    out.str({});
    err.str({});
    Io io{out, err};
    return run_program(words, io);
  }
  std::string read(const std::string& name) {
    std::ifstream file(folder_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::ostringstream out, err;
  std::string folder_ = testing::TempDir() + "bia_cli_test_" + std::to_string(getpid());
};

TEST_F(Program, HelpListsTheCommands) {
  EXPECT_EQ(run({}), 0);
  EXPECT_THAT(out.str(), HasSubstr("  new        create a service"));
  EXPECT_EQ(run({"help", "new"}), 0);
  EXPECT_THAT(out.str(), HasSubstr("-f, --force"));
  EXPECT_EQ(run({"run", "--help"}), 0);
  EXPECT_THAT(out.str(), HasSubstr("usage: bia run [DIR]"));
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_THAT(out.str(), StartsWith("bia version v"));
}

TEST_F(Program, NamesWhatIsUnknown) {
  EXPECT_EQ(run({"nwe"}), 1);
  EXPECT_EQ(err.str(), "ERROR: unknown command \"nwe\"; did you mean new? (bia help lists them)\n");
  EXPECT_EQ(run({"deployment"}), 1);
  EXPECT_EQ(err.str(), "ERROR: unknown command \"deployment\" (bia help lists them)\n");
  EXPECT_EQ(run({"new", "x", "--frce"}), 1);
  EXPECT_EQ(err.str(),
            "ERROR: bia new: unknown flag --frce (it takes --force, --repo, --branch, "
            "--timeout, --nomod)\n");
}

TEST_F(Program, NewWritesAService) {
  ASSERT_EQ(run({"new", folder_ + "/my-shop"}), 0) << err.str();
  EXPECT_THAT(out.str(), HasSubstr("CREATED " + folder_ + "/my-shop/cmd/my-shop/main.cc ("));
  EXPECT_THAT(out.str(), HasSubstr("$ bia run"));
  EXPECT_THAT(read("my-shop/cmd/my-shop/main.cc"),
              AllOf(HasSubstr(".name = \"my-shop\", "), HasSubstr(" my_shop::wire);")));
  EXPECT_THAT(read("my-shop/CMakeLists.txt"), HasSubstr("project(my-shop "));
  EXPECT_THAT(read("my-shop/configs/config.yaml"), HasSubstr("addr: :8282"));
  EXPECT_EQ(read("my-shop/.gitignore"), "/build/\n/gen/\n");
  for (const char* layer : {"biz", "data", "service"}) {
    const std::string folder = std::string("my-shop/internal/") + layer;
    EXPECT_THAT(read(folder + "/greeter_test.cc"), HasSubstr("TEST(Greeter")) << layer;
    EXPECT_THAT(read(folder + "/README.md"), StartsWith("# " + std::string(layer)));
  }
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (!entry.is_regular_file()) continue;
    const std::string text = read(fs::relative(entry.path(), folder_).string());
    EXPECT_EQ(text.find("SERVICE_NAME"), std::string::npos) << entry.path();
  }
}

TEST_F(Program, NewDoesNotOverwriteUnasked) {
  ASSERT_EQ(run({"new", folder_ + "/shop"}), 0);
  std::ofstream(folder_ + "/shop/README.md") << "mine";
  EXPECT_EQ(run({"new", folder_ + "/shop"}), 1);
  EXPECT_EQ(
      err.str(),
      "ERROR: " + folder_ +
          "/shop already exists (choose another name, or pass --force to overwrite its files)\n");
  EXPECT_EQ(read("shop/README.md"), "mine");
  EXPECT_EQ(run({"new", folder_ + "/shop/", "--force"}), 0);
  EXPECT_THAT(read("shop/README.md"), StartsWith("# shop"));
}

TEST_F(Program, NewJoinsAProject) {
  EXPECT_EQ(run({"new", folder_ + "/user", "--nomod"}), 1);
  EXPECT_THAT(err.str(), AllOf(HasSubstr("no CMakeLists.txt has a project()"),
                               HasSubstr("bia new NAME makes one")));
  EXPECT_FALSE(fs::exists(folder_ + "/user"));
  ASSERT_EQ(run({"new", folder_ + "/shop"}), 0);
  ASSERT_EQ(run({"new", folder_ + "/shop/app/user", "--nomod"}), 0) << err.str();
  EXPECT_THAT(out.str(), AllOf(HasSubstr("ADDED add_subdirectory(app/user) to " + folder_ +
                                         "/shop/CMakeLists.txt"),
                               HasSubstr("$ bia run " + folder_ + "/shop/app/user\n")));
  EXPECT_THAT(read("shop/CMakeLists.txt"), testing::EndsWith("\nadd_subdirectory(app/user)\n"));
  for (const char* absent : {"api", "README.md", ".gitignore", "Makefile"})
    EXPECT_FALSE(fs::exists(folder_ + "/shop/app/user/" + absent)) << absent;
  EXPECT_THAT(read("shop/app/user/CMakeLists.txt"),
              AllOf(HasSubstr("add_executable(user ${program})"), Not(HasSubstr("project("))));
  EXPECT_THAT(read("shop/app/user/cmd/user/main.cc"), HasSubstr("user::wire"));
  EXPECT_THAT(read("shop/app/user/Dockerfile"), HasSubstr("COPY app/user/configs /data/conf"));
  const std::string list = read("shop/CMakeLists.txt");
  ASSERT_EQ(run({"new", folder_ + "/shop/app/user", "--nomod", "--force"}), 0);
  EXPECT_EQ(read("shop/CMakeLists.txt"), list) << "once";
}

TEST_F(Program, NewTakesATimeout) {
  for (const char* bad : {"0s", "-1s", "soon", "5"})
    EXPECT_EQ(run({"new", folder_ + "/shop", "--timeout", bad}), 1) << bad;
  EXPECT_THAT(err.str(), HasSubstr("--timeout \"5\" is no duration above zero"));
  EXPECT_EQ(run({"new", folder_ + "/shop", "-t", "5s"}), 0);
}

TEST_F(Program, NewRefusesBadNames) {
  for (const char* name : {"9lives", "a b", "a.b", "-", "class", "test", "ünï", ""})
    EXPECT_EQ(run({"new", folder_ + "/" + name}), 1) << name;
  EXPECT_EQ(run({"new", "a", "b"}), 1);
  EXPECT_THAT(err.str(), HasSubstr("takes one name, and \"b\" is a second one"));
  EXPECT_EQ(run({"new", "/proc/nope/shop"}), 1);
  EXPECT_THAT(err.str(), HasSubstr("cannot write /proc/nope/shop/"));
}

TEST_F(Program, BenchSaysWhatAProjectIs) {
  EXPECT_EQ(run({"bench", folder_, "-o", folder_ + "/out"}), 1);
  EXPECT_EQ(err.str(),
            "ERROR: " + folder_ +
                " is no project: it has no CMakeLists.txt, with cmd/ and configs/ beside "
                "it (bia new NAME makes one; --http URL and --grpc ADDR load a service "
                "that runs)\n");
}

TEST_F(Program, RunSaysWhatIsMissing) {
  EXPECT_EQ(run({"run", folder_ + "/none"}), 1);
  EXPECT_THAT(err.str(), HasSubstr("/none: No such file or directory"));
  EXPECT_EQ(run({"run", folder_}), 1);
  EXPECT_THAT(err.str(),
              HasSubstr("is no project: it has no CMakeLists.txt (bia new NAME makes one)"));
  std::ofstream(folder_ + "/CMakeLists.txt") << "";
  EXPECT_EQ(run({"run", folder_}), 1);
  EXPECT_THAT(err.str(), HasSubstr("has no program"));
  fs::create_directories(folder_ + "/cmd/one");
  fs::create_directories(folder_ + "/cmd/two");
  EXPECT_EQ(run({"run", folder_}), 1);
  EXPECT_THAT(err.str(), HasSubstr("several programs in cmd/: one, two (choose with --cmd NAME)"));
  EXPECT_EQ(run({"run", folder_, "--cmd", "three"}), 1);
  EXPECT_THAT(err.str(), HasSubstr("there is no cmd/three; there are: one, two"));
}

}  // namespace
}  // namespace bia::cli
