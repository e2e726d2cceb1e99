#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bia/bia/config.h"
#include "bia/config/config_watch.h"
#include "bia/fiber/sync.h"
#include "bia/metrics/registry.h"
#include "fiber/snapshot.h"

namespace bia {

/// The configuration of a running App: a snapshot that is replaced whole, once everybody who reads
/// it has accepted the new one. What is bad leaves the last good one in force. Belongs to thread 0,
/// but for `current`.
class ConfigReload {
 public:
  /// Checks a new configuration and returns what takes it over. The latter runs only when all
  /// checks passed.
  using Prepare = std::function<Result<std::function<void()>>(const Config&)>;

  explicit ConfigReload(Config at_start);
  std::shared_ptr<const Config> current() const { return current_.load(); }
  const Config& at_start() const { return *at_start_; }
  void add(std::string key, Prepare prepare);
  Result<void> register_metrics(metrics::Registry& registry);

  /// Reads, checks, and takes over. Suspends. Errors: why it was refused.
  Result<void> reload(const ConfigSources& sources);
  /// Reloads at each change that `files` tells, until cancelled; refusals are logged and counted.
  /// `files` was made before at_start() was read, so that no change in between is missed.
  void watch(const ConfigSources& sources, ConfigWatch& files);
  /// The same for each source "etcd://…" or of one's own, in fibers of this thread, which are added
  /// to `fibers`.
  Result<void> watch_others(const ConfigSources& sources, std::vector<fiber::Fiber>& fibers);

 private:
  /// False where the fiber was cancelled.
  bool try_reload(const ConfigSources& sources);

  struct Watcher {
    std::string key;
    Prepare prepare;
  };
  std::shared_ptr<const Config> at_start_;
  fiber::Snapshot<Config> current_;
  std::vector<Watcher> watchers_;
  metrics::Counter applied_;
  metrics::Counter rejected_;
  bool counted_ = false;
  fiber::Mutex reloading_;  ///< each source has a watcher
};

}  // namespace bia
