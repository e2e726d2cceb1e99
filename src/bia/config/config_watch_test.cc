#include "bia/config/config_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "bia/fiber/threads.h"

namespace bia {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Watch : public testing::Test {
 protected:
  Watch() { fs::create_directories(root_); }
  ~Watch() override { fs::remove_all(root_); }
  void write(const std::string& name) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << "a: 1\n";
  }
  /// As `ln -sfn`.
  void link(const std::string& target, const std::string& name) {
    fs::create_symlink(target, root_ / ".new");
    fs::rename(root_ / ".new", root_ / name);
  }
  /// Runs the steps, each of which the watch must tell of, or must not.
  struct Step {
    std::function<void()> change;
    bool seen = true;
  };
  void check(const std::string& path, const std::vector<Step>& steps) {
    auto created = ConfigWatch::create({root_ / path});
    ASSERT_TRUE(created.ok()) << created.error().text();
    ConfigWatch watch = std::move(*created);
    auto threads = *fiber::ThreadGroup::create(1);
    threads->run([&](size_t) {
      for (size_t i = 0; i < steps.size(); ++i) {
        steps[i].change();
        EXPECT_EQ(watch.wait(Deadline::after(steps[i].seen ? 10s : 200ms)).ok(), steps[i].seen)
            << "step " << i;
      }
    });
  }
  fs::path root_ = testing::TempDir() + "bia_config_watch_test_" + std::to_string(getpid());
};

TEST_F(Watch, SeesAFolderThatIsMadeAnew) {
  write("configs/a.yaml");
  check("configs", {{[&] { fs::remove_all(root_ / "configs"); }},
                    {[&] { write("configs/a.yaml"); }},
                    {[&] { write("configs/a.yaml"); }},
                    {[&] { fs::remove(root_ / "configs/a.yaml"); }},
                    {[&] { write("configs/b.yaml"); }}});
}

TEST_F(Watch, SeesALinkThatIsSetToAnotherFolder) {
  write("1/a.yaml");
  write("2/a.yaml");
  link("1", "current");
  check("current", {{[&] { write("1/a.yaml"); }},
                    {[&] { link("2", "current"); }},
                    {[&] { write("1/a.yaml"); }, false},
                    {[&] { write("2/a.yaml"); }},
                    {[&] { link("none", "current"); }},
                    {[&] { write("none/a.yaml"); }}});
}

TEST_F(Watch, SeesALinkOnTheWay) {
  write("releases/1/configs/a.yaml");
  write("releases/2/configs/a.yaml");
  link("1", "releases/current");
  link("releases/current", "app");
  check("app/configs/a.yaml", {{[&] { link("2", "releases/current"); }},
                               {[&] { write("releases/2/configs/a.yaml"); }},
                               {[&] { link(root_ / "releases/1", "app"); }},
                               {[&] { write("releases/1/configs/a.yaml"); }}});
}

TEST_F(Watch, SeesAFolderAboveThatIsReplaced) {
  write("app/etc/configs/a.yaml");
  write("next/etc/configs/a.yaml");
  check("app/etc/configs", {{[&] { fs::rename(root_ / "app", root_ / "old"); }},
                            {[&] { fs::rename(root_ / "next", root_ / "app"); }},
                            {[&] { write("old/etc/configs/a.yaml"); }, false},
                            {[&] { write("app/etc/configs/a.yaml"); }}});
}

TEST_F(Watch, SeesWhatTheLinksOfAFolderLeadTo) {
  write("shared/a.yaml");
  fs::create_directory(root_ / "configs");
  link("../shared/a.yaml", "configs/a.yaml");
  check("configs",
        {{[&] { write("shared/a.yaml"); }}, {[&] { fs::remove(root_ / "shared/a.yaml"); }}});
}

TEST_F(Watch, IsNotWokenByNeighbours) {
  write("configs/a.yaml");
  check("configs/a.yaml", {{[&] { write("configs/b.yaml"); }, false},
                           {[&] { write("log"); }, false},
                           {[&] { fs::rename(root_ / "log", root_ / "configs/a.yaml"); }}});
}

TEST_F(Watch, EndsAtLinksThatLeadInACircle) {
  link("b", "a");
  link("a", "b");
  check("a", {{[&] { link("c", "b"); }}, {[&] { write("c/a.yaml"); }}});
}

TEST(ConfigWatch, SaysWhatItCannotWatch) {
  const auto watch = ConfigWatch::create({"/no/such/folder/config.yaml"});
  EXPECT_EQ(watch.error().code(), Code::kNotFound);
  EXPECT_THAT(watch.error().message(), testing::HasSubstr("/no: cannot be watched: "));
}

}  // namespace
}  // namespace bia
