#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "bia/base/result.h"
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
  /// After `join`: why a fiber could not be started; its body has not run.
  const std::optional<bia::Error>& failure() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// One of them: suspends until `body` has run on `target`'s thread. Errors: kResourceExhausted
/// where it could not.
bia::Result<void> call_on(bia::fiber::Scheduler& target, std::function<void()> body,
                          bia::fiber::SpawnOptions options = {});

}  // namespace zelus::exec
