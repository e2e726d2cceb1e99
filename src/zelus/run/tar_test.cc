#include "zelus/run/tar.h"

#include <gmock/gmock.h>

namespace zelus::run {
namespace {

std::string example() {
  TarWriter tar(1'700'000'000);
  tar.add_file("data", "text");
  tar.add_folder("file");
  tar.add_link("file/a.js", "data");
  tar.add_file("file/" + std::string(300, 'n'), std::string(1000, 'b'));
  tar.add_file("empty", "");
  return tar.take();
}

TEST(Tar, GivesBackWhatWentIn) {
  std::string bytes = example();
  EXPECT_TRUE(is_tar(bytes));
  EXPECT_EQ(bytes.size() % 512, 0u);
  auto files = read_tar(bytes);
  ASSERT_TRUE(files.ok()) << files.error().message();
  EXPECT_EQ(files->size(), 4u);
  EXPECT_EQ(files->at("file/a.js"), "text");
  EXPECT_EQ(files->at("file/" + std::string(300, 'n')), std::string(1000, 'b'));
  EXPECT_EQ(files->at("empty"), "");
}

TEST(Tar, RefusesWhatIsBroken) {
  std::string bytes = example();
  for (size_t size : {size_t{0}, size_t{511}, size_t{512}, size_t{1024}, bytes.size() - 1024})
    EXPECT_FALSE(read_tar(bytes.substr(0, size)).ok()) << size;
  bytes[0] = 'D';
  EXPECT_THAT(read_tar(bytes).error().message(), testing::HasSubstr("wrong checksum at byte 0"));
  EXPECT_FALSE(is_tar("export default 1"));
  TarWriter tar(0);
  tar.add_link("a", "b");
  EXPECT_THAT(read_tar(tar.take()).error().message(), testing::HasSubstr("a links to nothing"));
}

}  // namespace
}  // namespace zelus::run
