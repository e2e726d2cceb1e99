#include "data/greeter.h"

#include <utility>

namespace helloworld::data {

bia::Result<biz::Greeter> GreeterRepo::save(biz::Greeter greeter) { return std::move(greeter); }

}  // namespace helloworld::data
