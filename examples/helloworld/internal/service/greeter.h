#pragma once
#include "biz/greeter.h"
#include "helloworld/v1/greeter.bia.h"

namespace helloworld::service {

/// Answers over HTTP and gRPC alike: turns messages into what biz knows, and back.
class GreeterService final : public ::helloworld::v1::GreeterService {
 public:
  explicit GreeterService(biz::GreeterUsecase& usecase) : usecase_(usecase) {}

  bia::Result<::helloworld::v1::HelloReply> SayHello(
      bia::Context& context, const ::helloworld::v1::HelloRequest& request) override;

 private:
  biz::GreeterUsecase& usecase_;
};

}  // namespace helloworld::service
