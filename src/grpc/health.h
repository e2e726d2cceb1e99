#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bia/fiber/sync.h"
#include "bia/fiber/threads.h"
#include "bia/grpc/server.h"
#include "grpc/method_table.h"

namespace bia::grpc {

/// grpc.health.v1.Health. Each thread has its own copy of the states, changed by posting; so
/// nothing is shared while serving.
class HealthService {
 public:
  explicit HealthService(fiber::ThreadGroup& threads);
  /// Thread-safe. The calling thread sees it at once, the others in their next turn.
  void set(std::string_view service, Server::Health health);
  /// All services become NOT_SERVING and stay so; watchers' calls go on. Thread-safe, as `set`.
  void shut_down();
  /// Ends watchers' calls as well.
  void end();
  Result<void> add_methods(MethodTable& methods);

 private:
  struct States {
    std::unordered_map<std::string, Server::Health, StringHash, std::equal_to<>> services;
    fiber::WaitQueue changed;
    bool shut_down = false;
    bool ended = false;
  };
  void on_each_thread(const std::function<void(States&)>& change);
  States& here();
  Result<void> check(std::string_view request, std::string& reply);
  Result<void> watch(ServerCall& call);

  fiber::ThreadGroup& threads_;
  std::shared_ptr<std::vector<States>> states_;
};

}  // namespace bia::grpc
