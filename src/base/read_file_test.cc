#include "base/read_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

namespace bia {
namespace {

class ReadFile : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(mkdtemp(folder_.data()), nullptr); }
  void TearDown() override {
    unlink((folder_ + "/file").c_str());
    rmdir(folder_.c_str());
  }
  std::string write(const std::string& text) {
    std::ofstream(folder_ + "/file", std::ios::binary) << text;
    return folder_ + "/file";
  }
  std::string folder_ = "/tmp/read_file_XXXXXX";
};

TEST_F(ReadFile, GivesAllOfIt) {
  for (size_t bytes : {size_t{0}, size_t{1}, size_t{64 * 1024}, size_t{200'001}}) {
    const std::string text(bytes, '\0');
    EXPECT_EQ(read_file(write(text)).value(), text);
  }
}

TEST_F(ReadFile, GivesFilesThatTellNoSize) {
  EXPECT_EQ(read_file("/proc/self/comm").value().back(), '\n');
}

TEST_F(ReadFile, FailsInGosWords) {
  auto none = read_file(folder_ + "/none");
  EXPECT_EQ(none.error().code(), Code::kNotFound);
  EXPECT_EQ(none.error().message(), "open " + folder_ + "/none: no such file or directory");
  auto folder = read_file(folder_);
  EXPECT_EQ(folder.error().code(), Code::kInvalidArgument);
  EXPECT_EQ(folder.error().message(), "read " + folder_ + ": is a directory");
  EXPECT_EQ(read_file(write("x") + "/y").error().message(),
            "open " + folder_ + "/file/y: not a directory");
}

}  // namespace
}  // namespace bia
