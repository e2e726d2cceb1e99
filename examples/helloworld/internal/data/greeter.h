#pragma once
#include "biz/greeter.h"
#include "data/data.h"

namespace helloworld::data {

class GreeterRepo final : public biz::GreeterRepo {
 public:
  explicit GreeterRepo(Data& data) : data_(data) {}
  bia::Result<biz::Greeter> save(biz::Greeter greeter) override;

 private:
  [[maybe_unused]] Data& data_;
};

}  // namespace helloworld::data
