#pragma once
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/bia/codec.h"
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

class Registrar;
class Tracer;

struct AppInfo {
  std::string name;
  std::string version = {};
  /// Of this instance; empty: the host's name.
  std::string id = {};
  /// Told to the registry: "weight", "region", ….
  std::vector<std::pair<std::string, std::string>> metadata = {};
  /// "http://10.0.0.1:8080", in place of what the servers' addresses say.
  std::vector<std::string> endpoints = {};
};

/// What an App starts and stops beside its HTTP and gRPC servers: a consumer of a queue, a
/// scheduler.
class AppServer {
 public:
  virtual ~AppServer();
  /// "kafka", for the log.
  virtual std::string_view name() const = 0;
  /// In a fiber of thread 0. Returns once it has begun; an error ends the program.
  virtual Result<void> start() = 0;
  /// In a fiber of thread 0. Lets what is in flight end, until `deadline`.
  virtual void stop(Deadline deadline) = 0;
  /// "ws://10.0.0.1:7000", advertised beside the others; empty: not.
  virtual std::string endpoint() const { return {}; }
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

  /// A service's main: reads its configuration (`-conf PATH`, default "configs"; `-env PREFIX`;
  /// `-set KEY=VALUE`) and watches it, wires, serves until SIGINT, SIGTERM or SIGQUIT, and then
  /// says that it goes away (readiness, health, registry), waits for `runtime.drain_delay`, and
  /// lets the calls in flight end. A second signal ends it at once. Returns the exit code: 0, or 1
  /// after one line on stderr.
  /// `config_sources` are over what -conf names (bia/bia/config_source.h).
  static int main(int argc, char** argv, AppInfo info, const Wire& wire,
                  std::vector<std::shared_ptr<ConfigSource>> config_sources = {});

  /// Errors: those of the configuration's sections server, runtime, log and metrics.
  static Result<std::unique_ptr<App>> create(AppInfo info, Config config);
  /// Reads the sources, and reads them again when their files change, while it serves.
  static Result<std::unique_ptr<App>> create(AppInfo info, ConfigSources sources);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  const AppInfo& info() const;
  /// As at the start.
  const Config& config() const;
  /// The newest that was accepted. Thread-safe; a snapshot, immutable.
  std::shared_ptr<const Config> current_config() const;
  /// Calls `changed` with the message that `key` holds after the configuration's files changed it.
  /// A change is taken over whole: only once it can be read, all watched keys fit their messages,
  /// and bia's own sections are good; otherwise the last good one stays, and the log says why. A
  /// `key` that is gone is an empty message, which does not fit where a field is required.
  /// `changed` runs on thread 0 and must not suspend. Before serving.
  template <typename M>
  void watch_config(std::string key, std::function<void(const M&)> changed) {
    on_config(key, [key, changed](const Config& fresh) -> Result<std::function<void()>> {
      auto message = std::make_shared<M>();
      if (auto scanned = fresh.scan(key, *message); !scanned) return std::move(scanned).error();
      return std::function<void()>([message, changed] { changed(*message); });
    });
  }
  /// The same by hand: `prepare` checks the new configuration and returns what takes it over.
  using ConfigPrepare = std::function<Result<std::function<void()>>(const Config&)>;
  void on_config(std::string key, ConfigPrepare prepare);

  metrics::Registry& metrics();
  /// Null where `tracing.endpoint` is not configured. Then every call has a server span already.
  Tracer* tracer();
  /// For routes beside the services' own; they do not pass the middleware.
  http::Router& router();

  /// Middleware of all services, over HTTP and gRPC, in order, the first outermost (metrics and
  /// tracing are outside all). Before serving.
  void use(std::unique_ptr<Middleware> middleware);
  template <MiddlewareFunction F>
  void use(F function) {
    chain().add(std::move(function));
  }
  /// Codecs, and functions that decode and encode in place of bia's, for bodies over HTTP. In the
  /// wiring. Errors: kFailedPrecondition once a service was added.
  Result<void> http_content(HttpContent content);
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

  /// Started after the HTTP and gRPC servers, in order; stopped together with them. Before serving.
  void add_server(std::unique_ptr<AppServer> server);
  /// Registers the instance with it, in place of `registry.etcd`, which may then not be configured;
  /// it is destroyed once the servers have stopped, in a fiber of thread 0. In the wiring.
  void set_registrar(std::unique_ptr<Registrar> registrar);
  /// Asked by GET /readyz, in the request's fiber and under its deadline: an error makes it 503
  /// with the check's name (its text goes to the log alone). Before serving.
  void ready_check(std::string name, Hook check);
  /// Between the after-start hooks and the stop, and no check fails.
  bool ready() const;

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
  /// "http://10.0.0.1:8080", "grpcs://10.0.0.1:9000" (over TLS), as other hosts reach them (a
  /// listener on a Unix socket is left out); once started.
  std::vector<std::string> endpoints() const;

 private:
  using Owned = std::unique_ptr<void, void (*)(void*)>;
  class Impl;
  explicit App(std::unique_ptr<Impl> impl);
  Chain& chain();
  void keep(Owned object);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia
