#include "wire.h"

#include <memory>

#include "bia/bia/app.h"
#include "biz/greeter.h"
#include "conf/conf.pb.h"
#include "data/data.h"
#include "data/greeter.h"
#include "server/server.h"
#include "service/greeter.h"

namespace helloworld {

bia::Result<void> wire(bia::App& app) {
  conf::Bootstrap bootstrap;
  BIA_TRY(app.config().scan(bootstrap));
  // A change while it runs that does not fit either is refused.
  app.watch_config<conf::Bootstrap>("", [](const conf::Bootstrap&) {});
  auto& data = app.own(BIA_TRY(data::Data::create(bootstrap.data())));
  auto& repo = app.own(std::make_unique<data::GreeterRepo>(data));
  auto& usecase = app.own(std::make_unique<biz::GreeterUsecase>(repo));
  auto& greeter = app.own(std::make_unique<service::GreeterService>(usecase));
  return server::register_services(app, greeter);
}

}  // namespace helloworld
