#pragma once
#include "bia/base/result.h"

namespace bia {
class App;
class Service;
}  // namespace bia

namespace helloworld::server {

/// Puts the services on the HTTP and the gRPC server, behind the middleware of both.
bia::Result<void> register_services(bia::App& app, bia::Service& greeter);

}  // namespace helloworld::server
