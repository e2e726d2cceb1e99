#include "server/server.h"

#include "bia/bia/app.h"

namespace helloworld::server {

bia::Result<void> register_services(bia::App& app, bia::Service& greeter) {
  app.use(bia::recovery_middleware());
  return app.add(greeter);
}

}  // namespace helloworld::server
