#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bia/base/result.h"

namespace bia::http {
class Router;
class ServerRequest;
class ServerResponse;
}  // namespace bia::http

namespace bia {

struct ServerConfig;

/// What operators ask a service: is it alive, does it take calls, and, where `debug.enabled`, its
/// log level, memory and profile. Any thread serves them.
class OpsRoutes {
 public:
  using Check = std::function<Result<void>()>;

  void set_ready(bool ready) { ready_.store(ready); }
  bool ready() const { return ready_.load(); }
  /// Before serving.
  void add_check(std::string name, Check check) {
    checks_.emplace_back(std::move(name), std::move(check));
  }
  Result<void> add_routes(const ServerConfig& config, http::Router& router);

 private:
  Result<void> add_debug(http::Router& router);
  void answer_ready(http::ServerResponse& response) const;
  std::atomic<bool> ready_{false};
  std::vector<std::pair<std::string, Check>> checks_;
};

}  // namespace bia
