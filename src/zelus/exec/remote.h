#pragma once
#include <functional>
#include <memory>

#include "bia/base/time.h"
#include "bia/fiber/scheduler.h"

namespace zelus::exec {

/// Work of one thread on others: starts fibers there and waits for all of them. Belongs to the
/// thread that made it.
class RemoteTasks {
 public:
  RemoteTasks();
  /// `body` runs as a fiber of `target`'s thread.
  void start(bia::fiber::Scheduler& target, std::function<void()> body,
             bia::fiber::SpawnOptions options = {});
  /// Suspends until all have ended, or until the deadline: false then.
  bool join(bia::Deadline deadline = bia::Deadline::never());

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// One of them: suspends until `body` has run on `target`'s thread.
void call_on(bia::fiber::Scheduler& target, std::function<void()> body,
             bia::fiber::SpawnOptions options = {});

}  // namespace zelus::exec
