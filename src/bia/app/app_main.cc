#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

#include "bia/app/app_args.h"
#include "bia/app/successor.h"
#include "bia/bia/app.h"
#include "bia/fiber/scheduler.h"

namespace bia {
namespace {

/// Sockets are descriptors, and the soft limit of most systems is 1,024. Go programs raise it too.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

Result<void> serve(const AppArgs& args, const AppInfo& info, const App::Wire& wire,
                   std::vector<std::shared_ptr<ConfigSource>> own) {
  ConfigSources sources{args.config_paths, args.environment_prefix, args.overrides, std::move(own)};
  if (sources.paths.empty()) sources.paths = {kConfigPathDefault};
  auto app = BIA_TRY(App::create(info, std::move(sources)));
  std::vector<std::pair<std::string, std::string>> fields = {{"service.id", app->info().id},
                                                             {"service.name", info.name}};
  if (!info.version.empty()) fields.emplace_back("service.version", info.version);
  log::set_fields(fields);
  return app->run(wire);
}

int report(const AppInfo& info, const Error& error) {
  fmt::print(stderr, "{}: {}\n", info.name, error.text());
  return 1;
}

}  // namespace

int App::main(int argc, char** argv, AppInfo info, const Wire& wire,
              std::vector<std::shared_ptr<ConfigSource>> config_sources) {
  auto args = AppArgs::parse(argc, argv);
  if (!args) return report(info, args.error());
  if (args->action == AppArgs::Action::kHelp) {
    fmt::print("{}", app_help(info.name));
    return 0;
  }
  if (args->action == AppArgs::Action::kVersion) {
    fmt::print("{} {}\n", info.name, info.version);
    return 0;
  }
  // Before any thread starts: threads inherit the mask, so that signals come to the descriptor
  // alone.
  fiber::block_signals();
  block_successor_signal();
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  if (auto served = serve(*args, info, wire, std::move(config_sources)); !served)
    return report(info, served.error());
  return 0;
}

}  // namespace bia
