#include "bia/app/config_reload.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "bia/app/server_config.h"
#include "bia/bia/log.h"
#include "bia/config/config_etcd.h"
#include "bia/config/config_own.h"
#include "bia/fiber/scheduler.h"

namespace bia {

namespace {

void change_log_level(LogLevel level) {
  log::set_level(std::min(level, log::level()));  // The line is seen where one of the two shows it.
  log::warn(
      fmt::format("log level set to {} by log.level of the configuration", log::level_name(level)));
  log::set_level(level);
}

}  // namespace

ConfigReload::ConfigReload(Config at_start)
    : at_start_(std::make_shared<const Config>(std::move(at_start))), current_(at_start_) {}

void ConfigReload::add(std::string key, Prepare prepare) {
  watchers_.push_back({std::move(key), std::move(prepare)});
}

Result<void> ConfigReload::register_metrics(metrics::Registry& registry) {
  const auto counter = [&registry](const char* result) {
    return registry.counter("config_reloads_total", "Changes of the configuration while running.",
                            {{"result", result}});
  };
  applied_ = BIA_TRY(counter("applied"));
  rejected_ = BIA_TRY(counter("rejected"));
  counted_ = true;
  return {};
}

Result<void> ConfigReload::reload(const ConfigSources& sources) {
  std::optional<Result<Config>> loaded;
  fiber::offload([&] { loaded.emplace(Config::load(sources)); });
  if (!loaded->ok()) return std::move(*loaded).error();
  const auto fresh = std::make_shared<const Config>(std::move(*loaded).value());
  const auto before = current();
  if (fresh->same(*before, "")) return {};
  const ServerConfig server = BIA_TRY(ServerConfig::read(*fresh));
  std::vector<std::function<void()>> commits;
  for (const Watcher& watcher : watchers_) {
    if (fresh->same(*before, watcher.key)) continue;
    commits.push_back(BIA_TRY(watcher.prepare(*fresh)));
  }
  const LogLevel level = BIA_TRY(parse_log_level(server.log_level));
  // What PUT /debug/log set stays until the key itself changes.
  if (!fresh->same(*before, "log.level")) change_log_level(level);
  current_.store(fresh);
  for (const auto& commit : commits) commit();
  if (counted_) applied_.add();
  log::info("configuration reloaded");
  for (const char* key : {"server", "runtime", "log.mask", "log.mask_values", "metrics", "health",
                          "debug", "tracing", "registry"}) {
    if (!fresh->same(*at_start_, key))
      log::warn(fmt::format("configuration: a change of {} takes effect at the next start", key));
  }
  return {};
}

bool ConfigReload::try_reload(const ConfigSources& sources) {
  if (!reloading_.lock().ok()) return false;
  const Result<void> done = reload(sources);
  reloading_.unlock();
  if (done.ok()) return true;
  if (done.error().code() == Code::kCancelled) return false;
  if (counted_) rejected_.add();
  log::error(
      fmt::format("configuration not reloaded, the last good one stays: {}", done.error().text()));
  return true;
}

void ConfigReload::watch(const ConfigSources& sources, ConfigWatch& files) {
  Result<void> changed;
  while ((changed = files.wait()).ok()) {
    if (!try_reload(sources)) return;
  }
  if (changed.error().code() != Code::kCancelled)
    log::error("configuration: changes are not seen any more: " + changed.error().text());
}

Result<void> ConfigReload::watch_others(const ConfigSources& sources,
                                        std::vector<fiber::Fiber>& fibers) {
  for (const std::string& path : sources.paths) {
    if (!EtcdConfigSource::is_one(path)) continue;
    auto source = BIA_TRY(EtcdConfigSource::parse(path));
    fibers.push_back(
        BIA_TRY(fiber::Scheduler::current().spawn([this, &sources, source = std::move(source)] {
          source.watch([&] { try_reload(sources); });
        })));
  }
  for (const auto& own : sources.own) {
    fibers.push_back(BIA_TRY(fiber::Scheduler::current().spawn(
        [this, &sources, own] { watch_own(*own, [&] { try_reload(sources); }); })));
  }
  return {};
}

}  // namespace bia
