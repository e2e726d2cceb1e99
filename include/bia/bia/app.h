#pragma once
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "bia/base/result.h"
#include "bia/bia/config.h"
#include "bia/bia/log.h"
#include "bia/bia/middleware.h"
#include "bia/bia/service.h"

namespace bia::http {
class Router;
}
namespace bia::metrics {
class Registry;
}

namespace bia {

struct AppInfo {
  std::string name;
  std::string version;
  /// Of this instance; empty: the host's name.
  std::string id;
};

/// A program that serves: configuration, threads, the HTTP and the gRPC server, metrics, logs,
/// signals.
///
///     int main(int argc, char** argv) {
///       return bia::App::main(argc, argv, {.name = "helloworld", .version = "v1.0.0"},
///       [](bia::App& app) -> bia::Result<void> {
///         auto& greeter = app.own(std::make_unique<Greeter>());
///         app.use(bia::recovery_middleware());
///         return app.add(greeter);
///       });
///     }
class App {
 public:
  /// Builds the program from its configuration. Runs in a fiber of thread 0, so it may connect,
  /// look up and wait.
  using Wire = std::function<Result<void>(App&)>;
  using Hook = std::function<Result<void>()>;

  /// A service's main: reads `-conf PATH` (a file or a folder; default "configs"), wires, serves
  /// until SIGINT, SIGTERM or SIGQUIT, and then lets the calls in flight end. A second signal ends
  /// it at once. Returns the exit code: 0, or 1 after one line on stderr.
  static int main(int argc, char** argv, AppInfo info, const Wire& wire);

  /// Errors: those of the configuration's sections server, runtime, log and metrics.
  static Result<std::unique_ptr<App>> create(AppInfo info, Config config);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  const AppInfo& info() const;
  const Config& config() const;
  metrics::Registry& metrics();
  /// For routes beside the services' own; they do not pass the middleware.
  http::Router& router();

  /// Middleware of all services, over HTTP and gRPC, in order, the first outermost (metrics is
  /// outside all). Before serving.
  void use(std::unique_ptr<Middleware> middleware);
  template <MiddlewareFunction F>
  void use(F function) {
    chain().add(std::move(function));
  }
  /// Serves it over HTTP and gRPC, whichever is configured. It must live until the servers have
  /// stopped: see `own`. Errors: kAlreadyExists for a route or a method twice.
  Result<void> add(Service& service);

  /// Keeps an object until the servers have stopped and the after-stop hooks have run; the last one
  /// given is destroyed first, in a fiber.
  template <typename T>
  T& own(std::unique_ptr<T> object) {
    T& reference = *object;
    keep({object.release(), [](void* pointer) { delete static_cast<T*>(pointer); }});
    return reference;
  }

  /// Hooks run in a fiber of thread 0, in order. An error of a before-start or after-start hook
  /// ends the program; one of a stop hook is logged.
  void before_start(Hook hook);
  void after_start(Hook hook);
  void before_stop(Hook hook);
  void after_stop(Hook hook);

  /// Wires and serves until a signal or `stop`. Call once, with signals blocked
  /// (`fiber::block_signals`), outside any fiber.
  Result<void> run(const Wire& wire);
  /// Thread-safe: as a first signal.
  void stop();
  /// "127.0.0.1:8080", the real ports, once started; empty where the server is not configured.
  std::string http_address() const;
  std::string grpc_address() const;

 private:
  using Owned = std::unique_ptr<void, void (*)(void*)>;
  class Impl;
  explicit App(std::unique_ptr<Impl> impl);
  Chain& chain();
  void keep(Owned object);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia
