#include "biz/greeter.h"

#include <gtest/gtest.h>

#include <utility>

namespace helloworld::biz {
namespace {

class Repo final : public GreeterRepo {
 public:
  bia::Result<Greeter> save(Greeter greeter) override {
    if (greeter.hello.empty())
      return bia::Error(bia::Code::kInternal, "NO_ROOM", "the disk is full");
    saved = greeter.hello;
    return std::move(greeter);
  }
  std::string saved;
};

TEST(GreeterUsecase, Saves) {
  Repo repo;
  GreeterUsecase usecase(repo);
  EXPECT_EQ(usecase.create_greeter({"kratos"})->hello, "kratos");
  EXPECT_EQ(repo.saved, "kratos");
}

TEST(GreeterUsecase, PassesErrorsOn) {
  Repo repo;
  EXPECT_EQ(GreeterUsecase(repo).create_greeter({""}).error().reason(), "NO_ROOM");
}

}  // namespace
}  // namespace helloworld::biz
