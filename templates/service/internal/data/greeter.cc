#include "data/greeter.h"

#include <utility>

namespace SERVICE_NAMESPACE::data {

bia::Result<biz::Greeter> GreeterRepo::save(biz::Greeter greeter) { return std::move(greeter); }

}  // namespace SERVICE_NAMESPACE::data
