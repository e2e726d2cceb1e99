#include "data/greeter.h"

#include <gtest/gtest.h>

namespace helloworld::data {
namespace {

TEST(GreeterRepo, GivesBackWhatItSaves) {
  Data data;
  GreeterRepo repo(data);
  EXPECT_EQ(repo.save({"kratos"})->hello, "kratos");
}

}  // namespace
}  // namespace helloworld::data
