#pragma once
#include <functional>
#include <string>
#include <vector>

#include "bia/base/result.h"

namespace bia {

/// A place of one's own that a configuration comes from, beside files and etcd: Consul, Nacos, a
/// database (Kratos: config.Source). It serves the threads that read and the one that watches.
class ConfigSource {
 public:
  struct Entry {
    /// "nacos://10.0.0.1:8848/shop.yaml": where errors say that it is. Its extension tells the
    /// format: .json, .toml, else YAML.
    std::string name;
    std::string text;
  };
  virtual ~ConfigSource();
  /// All that there is now, each merged over those before it. In a fiber, each time of another
  /// thread: keep no client between calls. An error ends the start; later the last good
  /// configuration stays.
  virtual Result<std::vector<Entry>> read() = 0;
  /// Calls `changed`, which reads anew, after each change until the fiber is cancelled
  /// (`fiber::cancelled()`, kCancelled of what suspends), and once at its begin if a change since
  /// the start might be missed. In a fiber of thread 0. What returns, as this one does, watches no
  /// more.
  virtual void watch(const std::function<void()>& changed);
};

}  // namespace bia
