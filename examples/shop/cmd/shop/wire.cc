#include "wire.h"

#include <memory>

#include "bia/bia/app.h"
#include "biz/inventory.h"
#include "conf/conf.pb.h"
#include "data/items.h"
#include "service/shop.h"

namespace shop {

bia::Result<void> wire(bia::App& app) {
  conf::Bootstrap bootstrap;
  BIA_TRY(app.config().scan(bootstrap));
  // A change while it runs that does not fit either is refused.
  app.watch_config<conf::Bootstrap>("", [](const conf::Bootstrap&) {});
  auto& items = app.own(BIA_TRY(data::Items::create(bootstrap.data())));
  auto& inventory = app.own(std::make_unique<biz::Inventory>(items));
  auto& service = app.own(std::make_unique<service::ShopService>(inventory));
  app.use(bia::recovery_middleware());
  app.use(bia::validation_middleware());
  app.ready_check("database", [&items] { return items.ping(); });
  app.before_start([&items] { return items.create_tables(); });
  return app.add(service);
}

}  // namespace shop
