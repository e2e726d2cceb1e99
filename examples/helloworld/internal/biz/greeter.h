#pragma once
#include <string>

#include "bia/base/result.h"

namespace helloworld::biz {

/// Whom to greet.
struct Greeter {
  std::string hello;
};

/// What the use case needs of storage; `data` implements it.
class GreeterRepo {
 public:
  virtual ~GreeterRepo() = default;
  virtual bia::Result<Greeter> save(Greeter greeter) = 0;
};

/// The business rules of greeting.
class GreeterUsecase {
 public:
  explicit GreeterUsecase(GreeterRepo& repo) : repo_(repo) {}
  bia::Result<Greeter> create_greeter(Greeter greeter);

 private:
  GreeterRepo& repo_;
};

}  // namespace helloworld::biz
