#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"

namespace shop::data {

/// Connections, so many a thread: each belongs to the thread whose loop waits for its socket, so
/// that no lock is needed and a query suspends its fiber alone. A `Connection` has `usable()`.
template <typename Connection>
class Pool {
 public:
  using Connect = std::function<bia::Result<std::unique_ptr<Connection>>()>;
  Pool(size_t connections, Connect connect)
      : connections_(connections ? connections : 1), connect_(std::move(connect)) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  /// In a fiber. Each thread closes its own connections; suspends meanwhile.
  ~Pool() {
    for (Local* local = first_.load(); local;) {
      local->scheduler.post([local] {
        local->idle.clear();
        local->closed.store(true);
      });
      while (!local->closed.load()) {
        if (!bia::fiber::sleep_for(std::chrono::milliseconds(1))) bia::fiber::yield();
      }
      delete std::exchange(local, local->next);
    }
  }

  /// `function` (Connection&) -> Result<T>, with a connection of this thread: one that is idle, or
  /// a new one, or the next that another fiber gives back. Suspends, within the fiber's deadline. A
  /// connection that is not usable afterwards is closed.
  template <typename F>
  auto with(F&& function) -> decltype(function(std::declval<Connection&>())) {
    Local& local = here();
    BIA_TRY(local.free.acquire());
    const Permit permit{local.free};
    std::unique_ptr<Connection> connection;
    while (!local.idle.empty() && !connection) {
      connection = std::move(local.idle.back());
      local.idle.pop_back();
      // The server may have closed it meanwhile.
      if (!connection->usable()) connection.reset();
    }
    if (!connection) connection = BIA_TRY(connect_());
    auto result = function(*connection);
    if (connection->usable()) local.idle.push_back(std::move(connection));
    return result;
  }

 private:
  struct Local {
    explicit Local(size_t connections)
        : scheduler(bia::fiber::Scheduler::current()), free(connections) {}
    bia::fiber::Scheduler& scheduler;
    bia::fiber::Semaphore free;
    std::vector<std::unique_ptr<Connection>> idle;
    std::atomic<bool> closed{false};
    Local* next = nullptr;
  };
  struct Permit {
    bia::fiber::Semaphore& of;
    ~Permit() { of.release(); }
  };

  Local& here() {
    static thread_local std::vector<std::pair<const Pool*, Local*>> mine;
    for (const auto& [pool, local] : mine) {
      if (pool == this) return *local;
    }
    auto* local = new Local(connections_);
    local->next = first_.load();
    while (!first_.compare_exchange_weak(local->next, local)) {
    }
    mine.emplace_back(this, local);
    return *local;
  }

  size_t connections_;
  Connect connect_;
  std::atomic<Local*> first_{nullptr};
};

}  // namespace shop::data
