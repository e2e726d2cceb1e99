#include "data/data.h"

#include "bia/bia/log.h"
#include "conf/conf.pb.h"

namespace helloworld::data {

bia::Result<std::unique_ptr<Data>> Data::create(const conf::Data& /*conf*/) {
  return std::make_unique<Data>();
}

Data::~Data() { bia::log::info("closing the data resources"); }

}  // namespace helloworld::data
