#pragma once
#include <memory>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/bia/middleware.h"
#include "bia/bia/service.h"

namespace bia::http {
class Router;
}
namespace bia::grpc {
class Server;
}

namespace bia {

struct ServerBindingOptions {
  /// Of an HTTP request, from the end of its head to its answer: 504 when it runs out. Zero: none.
  /// Config key server.http.timeout. gRPC's is the gRPC server's own.
  Duration http_timeout = std::chrono::seconds(1);
};

/// Puts services on the transports, behind one chain of middleware. Must outlive both servers;
/// complete before they start.
class ServerBinding {
 public:
  explicit ServerBinding(ServerBindingOptions options = {});
  ~ServerBinding();

  Chain& middleware();
  /// Adds the service's HTTP routes to `router` and its methods to `grpc`; either may be null. The
  /// service must outlive the servers. Errors: kAlreadyExists for a route or a method twice;
  /// kInvalidArgument for a bad template.
  Result<void> add(Service& service, http::Router* router, grpc::Server* grpc);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia
