#include "bia/bia/app.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <optional>
#include <vector>

#include "bia/app/advertise.h"
#include "bia/app/app_hooks.h"
#include "bia/app/config_reload.h"
#include "bia/app/docs.h"
#include "bia/app/listen.h"
#include "bia/app/ops_routes.h"
#include "bia/app/registration.h"
#include "bia/app/server_config.h"
#include "bia/app/server_tls.h"
#include "bia/app/successor.h"
#include "bia/bia/server_binding.h"
#include "bia/bia/tracing.h"
#include "bia/fiber/scheduler.h"
#include "bia/fiber/threads.h"
#include "bia/grpc/server.h"
#include "bia/http/filters.h"
#include "bia/http/router.h"
#include "bia/http/server.h"
#include "bia/log/notify.h"
#include "bia/log/refusal_log.h"
#include "bia/metrics/registry.h"
#include "bia/middleware/request_metrics.h"
#include "bia/service/transport_metrics.h"
#include "bia/service/unmatched.h"

namespace bia {
namespace {

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

ServerBindingOptions binding_options(const ServerConfig& config) {
  ServerBindingOptions options;
  if (config.http) {
    options = config.http->binding;
    options.http_timeout = config.http->timeout;
  }
  return options;
}

}  // namespace

class App::Impl {
 public:
  Impl(AppInfo app_info, Config app_config, ServerConfig server_config,
       std::unique_ptr<fiber::ThreadGroup> thread_group)
      : info(std::move(app_info)),
        config(std::move(app_config)),
        server(std::move(server_config)),
        threads(std::move(thread_group)),
        request_metrics(registry, server.metrics_more),
        binding(binding_options(server)) {}

  Result<void> set_up();
  Result<void> set_up_tracing();
  Result<void> join_registry(const App& app);
  http::Handler handler();
  Result<void> serve(App& app, const Wire& wire);
  /// Has no port but HTTP's.
  bool grpc_shares_port() const { return server.grpc->options.address.empty(); }
  bool grpc_is_secure() const {
    return (grpc_shares_port() ? server.http->options.tls : server.grpc->options.tls) != nullptr;
  }

  AppInfo info;
  ConfigReload config;
  /// What is read again when it changes; no paths: nothing is.
  ConfigSources sources;
  std::optional<ConfigWatch> config_files;
  ServerConfig server;
  net::InheritedSockets inherited = net::InheritedSockets::from_environment();
  OpenedFor opened_for = OpenedFor::from_environment();
  bool inherited_any = false;
  std::unique_ptr<fiber::ThreadGroup> threads;
  metrics::Registry registry;
  RequestMetrics request_metrics;
  ServerBinding binding;
  std::unique_ptr<Tracer> tracer;
  std::optional<Cors> cors;
  Registration registration;
  http::Router router;
  std::vector<Owned> owned;
  std::unique_ptr<grpc::Server> grpc;
  std::unique_ptr<http::Server> http;
  std::vector<std::unique_ptr<AppServer>> others;
  OpsRoutes ops;
  std::vector<const ServiceInfo*> services;
  std::vector<Hook> before_start, after_start, before_stop, after_stop;
  std::atomic<bool> stop_asked{false};
  /// By a newer process of this program, which has the listening sockets too.
  bool succeeded = false;
  /// Of thread 0's main fiber.
  fiber::Parker stopped;

 private:
  Result<void> start(App& app, const Wire& wire);
  Result<void> start_servers();
  Result<void> until_stopped();
  void watch_signals();
  void watch_successor();
  void stop_servers();
  void drain();
  void collect_servers(metrics::TextWriter& out) const;
  /// Fibers that follow changes of files until the servers stop.
  Result<void> watch_files();
  std::vector<fiber::Fiber> watching;
};

http::Handler App::Impl::handler() {
  http::Handler all = [this](http::ServerRequest& request, http::ServerResponse& response) {
    router.serve(request, response);
  };
  if (server.http->cors) {
    cors.emplace(*server.http->cors);
    all = [this](http::ServerRequest& request, http::ServerResponse& response) {
      if (!cors->handle(request, response)) router.serve(request, response);
    };
  }
  if (server.http->decompression) all = http::unpacked(std::move(all), server.http->options.limits);
  if (server.http->etag) all = http::with_etags(std::move(all));
  if (server.http->compression) all = http::compressed(std::move(all), *server.http->compression);
  return all;
}

Result<void> App::Impl::set_up_tracing() {
  if (!server.tracing) return {};
  TracingOptions options = *server.tracing;
  options.service_name = info.name;
  options.service_version = info.version;
  options.service_id = info.id;
  tracer = BIA_TRY(Tracer::create(std::move(options)));
  BIA_TRY(tracer->start());
  binding.middleware().add(tracing_middleware(*tracer));
  registry.add_collector([this](metrics::TextWriter& out) {
    const Tracer::Counters counters = tracer->counters();
    out.family("tracing_spans_total", "Spans by what became of them.", "counter");
    out.sample("tracing_spans_total", {{"result", "exported"}}, double(counters.exported));
    out.sample("tracing_spans_total", {{"result", "dropped"}}, double(counters.dropped));
    out.sample("tracing_spans_total", {{"result", "failed"}}, double(counters.failed));
  });
  return {};
}

Result<void> App::Impl::set_up() {
  const auto load_tls = [this](auto& one, const char* key) -> Result<void> {
    if (!one || !one->tls) return {};
    auto made = net::TlsServer::create(*one->tls);
    if (!made) return std::move(made).error().in(config.current()->where(key));
    one->options.tls = std::move(*made);
    return {};
  };
  inherited_any = inherit_sockets(inherited, opened_for, server);
  inherited = {};
  BIA_TRY(load_tls(server.http, "server.http.tls"));
  BIA_TRY(load_tls(server.grpc, "server.grpc.tls"));
  if (server.grpc) server.grpc->options.on_refusal = refusal_log("gRPC");
  if (server.http) server.http->options.on_refusal = refusal_log("HTTP");
  if (server.grpc && server.metrics_enabled)
    server.grpc->options.on_unknown_method = [this] { request_metrics.record_unknown_method(); };
  if (server.grpc) grpc = BIA_TRY(grpc::Server::create(*threads, server.grpc->options));
  if (server.http && server.http->grpc) server.http->options.guest = &grpc->http_guest();
  if (server.http) http = BIA_TRY(http::Server::create(*threads, server.http->options, handler()));
  BIA_TRY(ops.add_routes(server, router));
  router.set_not_found(
      answer_unmatched(server.metrics_enabled ? &request_metrics : nullptr, binding));
  if (!server.metrics_enabled) return set_up_tracing();
  BIA_TRY(config.register_metrics(registry));
  // An exemplar needs the call's span: then tracing is outside.
  if (server.metrics_more.exemplars) BIA_TRY(set_up_tracing());
  binding.middleware().add(metrics_middleware(request_metrics));
  if (!server.metrics_more.exemplars) BIA_TRY(set_up_tracing());
  BIA_TRY(request_metrics.add_unmatched());
  registry.add_collector([this](metrics::TextWriter& out) { collect_servers(out); });
  registry.add_collector(metrics::write_process_metrics);
  return router.add("GET", server.metrics_path,
                    [this](http::ServerRequest& request, const http::PathParams&,
                           http::ServerResponse& response) {
                      const metrics::TextFormat format =
                          metrics::accepted_text(request.header("accept"));
                      response.add_header("Content-Type", metrics::content_type_of(format));
                      registry.write_text(response.body(), format);
                    });
}

void App::Impl::collect_servers(metrics::TextWriter& out) const {
  out.family("log_lines_dropped_total", "Log lines that the full queue dropped.", "counter");
  out.sample("log_lines_dropped_total", {}, double(log::dropped()));
  collect_http2(out, http.get(), grpc.get());
  if (grpc) collect_grpc(out, grpc->counters());
  if (http) collect_http(out, http->counters());
}

Result<void> App::Impl::start_servers() {
  if (http) {
    if (auto started = http->start(); !started) {
      return cannot_listen(std::move(started).error(), "HTTP", "server.http.addr",
                           server.http->where);
    }
  }
  if (grpc) {
    if (auto started = grpc->start(); !started) {
      if (http) http->stop(Deadline::after(Duration::zero()));
      return cannot_listen(std::move(started).error(), "gRPC", "server.grpc.addr",
                           server.grpc->where);
    }
  }
  for (size_t i = 0; i < others.size(); ++i) {
    auto started = guarded(others[i]->name(), [&] { return others[i]->start(); });
    if (started) continue;
    others.resize(i);
    stop_servers();
    return std::move(started).error().in(fmt::format("starting the server"));
  }
  if (http) log::info("[HTTP] server listening on: " + http->address());
  if (grpc && !grpc->address().empty()) log::info("[gRPC] server listening on: " + grpc->address());
  return {};
}

void App::Impl::watch_signals() {
  auto first = fiber::wait_signal();
  if (!first) {
    // Cancelled at the end of the program; or without a descriptor, and then `kill -9` is what is
    // left.
    if (first.error().code() != Code::kCancelled) log::error(first.error().text());
    return;
  }
  stop_asked.store(true);
  stopped.unpark();
  if (fiber::wait_signal()) {
    // Past the log's queue, which may be what hangs.
    constexpr std::string_view kLine =
        "WARN msg=a second signal: ending at once, calls in flight are lost\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kLine.data(), kLine.size());
    _exit(1);
  }
}

/// SIGUSR2, as often as it comes: until a successor serves.
void App::Impl::watch_successor() {
  while (wait_successor_signal()) {
    log::info("SIGUSR2: starting a successor");
    notify_manager(reloading_state());
    if (auto pid =
            start_successor(listening_sockets(http.get(), grpc.get()), opened_for.variables())) {
      notify_manager(fmt::format("MAINPID={}\nREADY=1", *pid));
      log::info(fmt::format("process {} has taken over", *pid));
      succeeded = true;
      stop_asked.store(true);
      return stopped.unpark();
    } else if (pid.error().code() == Code::kCancelled) {
      return;  // Of the stop, which says so itself.
    } else {
      notify_manager("READY=1");
      log::error("no successor, serving on: " + pid.error().text());
    }
  }
}

Result<void> App::Impl::until_stopped() {
  auto watcher = BIA_TRY(fiber::Scheduler::current().spawn([this] { watch_signals(); }));
  watching.push_back(BIA_TRY(fiber::Scheduler::current().spawn([this] { watch_successor(); })));
  // A successor's predecessor tells the manager of it, who listens to the main process alone.
  if (!tell_predecessor()) notify_manager("READY=1");
  while (!stop_asked.load()) {
    if (auto parked = stopped.park(); !parked) return parked;
  }
  return {};
}

Result<void> App::Impl::join_registry(const App& app) {
  if (!server.etcd && !registration.is_set()) return {};
  const std::string http_at = app.http_address();
  std::string grpc_at = app.grpc_address();
  if (grpc_at == http_at) grpc_at.clear();
  for (const std::string& address : {http_at, grpc_at}) {
    if (info.endpoints.empty() && address.starts_with("unix:"))
      log::warn(fmt::format("registry: {} is not registered, no other host can call it", address));
  }
  return registration.join(
      server.etcd, {info.id, info.name, info.version, info.metadata, app.endpoints()}, registry);
}

/// Tells those who send that this instance goes away, and serves them on until they know.
void App::Impl::drain() {
  ops.set_ready(false);
  // Before the registry, which may take as long as its timeout.
  if (grpc) grpc->shut_down_health();
  registration.end(succeeded ? Registration::End::kLeaveToSuccessor : Registration::End::kTakeAway);
  constexpr Duration kLastMax = std::chrono::seconds(1);
  const bool left = succeeded || inherited_any;
  const Duration delay = left ? std::max(server.drain_delay, kLastMax) : server.drain_delay;
  if (delay <= Duration::zero()) return;
  log::info(fmt::format("draining for {}", format_go_duration(delay)));
  // Those who send learn of it first; what they still keep open then ends in the last second. Where
  // another program has the sockets, all that is new is its.
  const Duration last = left ? delay : std::min(delay, kLastMax);
  fiber::sleep_for(delay - last).ignore("a stop ends it early");
  using Http = http::Server::Listeners;
  using Grpc = grpc::Server::Listeners;
  if (http) http->drain(left ? Http::kLeave : Http::kKeep);
  if (grpc) grpc->drain(left ? Grpc::kLeave : Grpc::kKeep);
  fiber::sleep_for(last).ignore("a stop ends it early");
}

void App::Impl::stop_servers() {
  const Deadline deadline = Deadline::after(server.stop_timeout);
  std::vector<fiber::Fiber> fibers;
  const auto stop_one = [&](auto* one, std::string_view name) {
    if (!one) return;
    log::info(fmt::format("[{}] server stopping", name));
    auto fiber = fiber::Scheduler::current().spawn([one, name, deadline] {
      one->stop(deadline);
      if (deadline.expired())
        log::warn(
            fmt::format("[{}] server couldn't stop gracefully in time, doing force stop", name));
    });
    if (fiber.ok()) {
      fibers.push_back(std::move(*fiber));
    } else {
      one->stop(deadline);
    }
  };
  stop_one(http.get(), "HTTP");
  stop_one(grpc.get(), "gRPC");
  for (const auto& one : others) stop_one(one.get(), one->name());
  for (fiber::Fiber& fiber : fibers) fiber.join().ignore("stop ends at its deadline");
}

Result<void> App::Impl::start(App& app, const Wire& wire) {
  BIA_TRY(set_up());
  BIA_TRY(guarded("wiring the service", [&] { return wire(app); }));
  if (Result<void> checked = binding.check(); !checked.ok())
    return std::move(checked).error().in(config.at_start().where("server.http"));
  if (server.http && server.http->docs)
    BIA_TRY(add_docs(router, services, server.http->binding, info));
  BIA_TRY(run_hooks(before_start, "a before-start hook"));
  return start_servers();
}

Result<void> App::Impl::watch_files() {
  auto& scheduler = fiber::Scheduler::current();
  if (config_files)
    watching.push_back(BIA_TRY(scheduler.spawn([this] { config.watch(sources, *config_files); })));
  BIA_TRY(config.watch_others(sources, watching));
  const auto watch = [&](auto& one, const char* name) -> Result<void> {
    if (!one || !one->options.tls) return {};
    watching.push_back(
        BIA_TRY(scheduler.spawn([tls = one->options.tls, name] { watch_tls(tls, name); })));
    return {};
  };
  BIA_TRY(watch(server.http, "HTTP"));
  return watch(server.grpc, "gRPC");
}

Result<void> App::Impl::serve(App& app, const Wire& wire) {
  Result<void> outcome = start(app, wire);
  if (outcome) {
    outcome = join_registry(app);
    if (outcome) outcome = run_hooks(after_start, "an after-start hook");
    if (outcome) {
      BIA_TRY(watch_files());
      ops.set_ready(true);
      outcome = until_stopped();
      if (!succeeded) notify_manager("STOPPING=1");
      for (fiber::Fiber& each : watching) each.cancel();
      run_stop_hooks(before_stop, "a before-stop hook");
      drain();
    } else {
      registration.end(Registration::End::kTakeAway);
    }
    stop_servers();
    run_stop_hooks(after_stop, "an after-stop hook");
  }
  // Within what is left of the stop's time: a collector that is gone must not hold the end up.
  if (tracer)
    tracer->stop(Deadline::after(std::min<Duration>(server.stop_timeout, std::chrono::seconds(2))));
  registration.reset();
  while (!owned.empty()) owned.pop_back();
  return outcome;
}

AppServer::~AppServer() = default;

App::App(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
App::~App() = default;

Result<std::unique_ptr<App>> App::create(AppInfo info, Config config) {
  ServerConfig server = BIA_TRY(ServerConfig::read(config));
  if (info.id.empty()) info.id = host_name();
  BIA_TRY(server.start_log());
  auto threads = BIA_TRY(fiber::ThreadGroup::create(server.threads, {server.stack_bytes}));
  return std::unique_ptr<App>(new App(std::make_unique<Impl>(
      std::move(info), std::move(config), std::move(server), std::move(threads))));
}

Result<std::unique_ptr<App>> App::create(AppInfo info, ConfigSources sources) {
  // First the watch, then the files: a change while this starts is a change.
  auto watch = ConfigWatch::create(sources.paths);
  auto app = BIA_TRY(create(std::move(info), BIA_TRY(Config::load(sources))));
  if (watch) {
    app->impl_->config_files.emplace(std::move(*watch));
  } else {
    log::warn("configuration: " + watch.error().text());
  }
  app->impl_->sources = std::move(sources);
  return app;
}

const AppInfo& App::info() const { return impl_->info; }
const Config& App::config() const { return impl_->config.at_start(); }
std::shared_ptr<const Config> App::current_config() const { return impl_->config.current(); }
void App::on_config(std::string key, ConfigPrepare prepare) {
  impl_->config.add(std::move(key), std::move(prepare));
}
void App::add_server(std::unique_ptr<AppServer> server) {
  impl_->others.push_back(std::move(server));
}
void App::set_registrar(std::unique_ptr<Registrar> registrar) {
  impl_->registration.set(std::move(registrar));
  if (!config().has("runtime.drain_delay")) impl_->server.drain_delay = kRegistryDrainDelay;
}
void App::ready_check(std::string name, Hook check) {
  impl_->ops.add_check(std::move(name), std::move(check));
}
bool App::ready() const { return impl_->ops.ready(); }
std::vector<std::string> App::endpoints() const {
  if (!impl_->info.endpoints.empty()) return impl_->info.endpoints;
  std::vector<std::string> all;
  const HostAddresses own = host_addresses();
  const auto add = [&](const std::string& scheme, const std::string& address, bool secure) {
    const std::string reached = advertised_address(address, own);
    if (!reached.empty()) all.push_back(scheme + (secure ? "s://" : "://") + reached);
  };
  if (impl_->http) add("http", impl_->http->address(), impl_->server.http->options.tls != nullptr);
  if (!grpc_address().empty()) add("grpc", grpc_address(), impl_->grpc_is_secure());
  for (const auto& other : impl_->others) {
    if (std::string one = other->endpoint(); !one.empty()) all.push_back(std::move(one));
  }
  return all;
}
metrics::Registry& App::metrics() { return impl_->registry; }
Tracer* App::tracer() { return impl_->tracer.get(); }
http::Router& App::router() { return impl_->router; }
Chain& App::chain() { return impl_->binding.middleware(); }
Result<void> App::http_content(HttpContent content) {
  return impl_->binding.set_content(std::move(content));
}
void App::use(std::unique_ptr<Middleware> middleware) { chain().add(std::move(middleware)); }
void App::keep(Owned object) { impl_->owned.push_back(std::move(object)); }
void App::before_start(Hook hook) { impl_->before_start.push_back(std::move(hook)); }
void App::after_start(Hook hook) { impl_->after_start.push_back(std::move(hook)); }
void App::before_stop(Hook hook) { impl_->before_stop.push_back(std::move(hook)); }
void App::after_stop(Hook hook) { impl_->after_stop.push_back(std::move(hook)); }
std::string App::http_address() const {
  return impl_->http ? impl_->http->address() : std::string();
}
std::string App::grpc_address() const {
  if (!impl_->grpc) return {};
  return impl_->grpc_shares_port() ? impl_->http->address() : impl_->grpc->address();
}

Result<void> App::add(Service& service) {
  impl_->services.push_back(&service.service_info());
  for (const MethodInfo& method : service.service_info().methods)
    BIA_TRY(impl_->request_metrics.add_operation(method.operation));
  return impl_->binding.add(service, impl_->http ? &impl_->router : nullptr, impl_->grpc.get());
}

Result<void> App::run(const Wire& wire) {
  Result<void> outcome;
  log::start_writer(impl_->server.log_queue_lines);
  impl_->threads->run([&](size_t thread) {
    if (thread == 0) outcome = impl_->serve(*this, wire);
  });
  log::stop_writer();
  return outcome;
}

void App::stop() {
  impl_->threads->scheduler(0).post([this] {
    impl_->stop_asked.store(true);
    impl_->stopped.unpark();
  });
}

}  // namespace bia
