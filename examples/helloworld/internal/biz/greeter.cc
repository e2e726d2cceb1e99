#include "biz/greeter.h"

#include <utility>

#include "bia/bia/log.h"

namespace helloworld::biz {

bia::Result<Greeter> GreeterUsecase::create_greeter(Greeter greeter) {
  if (bia::log::enabled(bia::LogLevel::kDebug)) bia::log::debug("CreateGreeter: " + greeter.hello);
  return repo_.save(std::move(greeter));
}

}  // namespace helloworld::biz
