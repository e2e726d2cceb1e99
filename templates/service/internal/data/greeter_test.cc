#include "data/greeter.h"

#include <gtest/gtest.h>

namespace SERVICE_NAMESPACE::data {
namespace {

TEST(GreeterRepo, GivesBackWhatItSaves) {
  Data data;
  GreeterRepo repo(data);
  EXPECT_EQ(repo.save({"kratos"})->hello, "kratos");
}

}  // namespace
}  // namespace SERVICE_NAMESPACE::data
