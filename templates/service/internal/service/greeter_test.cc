#include "service/greeter.h"

#include <gtest/gtest.h>

#include <utility>

namespace SERVICE_NAMESPACE::service {
namespace {

class Repo final : public biz::GreeterRepo {
 public:
  bia::Result<biz::Greeter> save(biz::Greeter greeter) override {
    if (greeter.hello == "nobody") return bia::Error(bia::Code::kNotFound, "NOBODY", "who is it?");
    return std::move(greeter);
  }
};

bia::Result<::helloworld::v1::HelloReply> say_hello(std::string_view name) {
  Repo repo;
  biz::GreeterUsecase usecase(repo);
  GreeterService greeter(usecase);
  // A context without a server; its headers are the call's.
  bia::OutgoingCall call;
  bia::Context context(GreeterService::kSayHello, "", call, nullptr, bia::now());
  ::helloworld::v1::HelloRequest request;
  request.set_name(std::string(name));
  return greeter.SayHello(context, request);
}

TEST(GreeterService, SaysHello) { EXPECT_EQ(say_hello("kratos")->message(), "Hello kratos"); }

TEST(GreeterService, PassesErrorsOn) { EXPECT_EQ(say_hello("nobody").error().reason(), "NOBODY"); }

}  // namespace
}  // namespace SERVICE_NAMESPACE::service
