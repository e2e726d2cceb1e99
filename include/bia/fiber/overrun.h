#pragma once
#include "bia/fiber/scheduler.h"

namespace bia::fiber {

/// A ScopedDeadline for a handler that may ignore what its waits tell it (or be in `offload`):
/// where the scope outlasts the deadline, `on_overrun` runs at the end of that turn of the loop, so
/// that whoever waits for the handler can be answered. A handler that holds the thread holds this
/// up as well. One a fiber.
class Overrun : private Scheduler::Deferred {
 public:
  explicit Overrun(Deadline deadline);
  /// Outside any fiber; must not suspend. At most once.
  virtual void on_overrun() noexcept = 0;

 protected:
  ~Overrun() override;

 private:
  friend class Scheduler;
  void run_deferred() noexcept final { on_overrun(); }
  const Deadline deadline_;
  ScopedDeadline scope_;
};

}  // namespace bia::fiber
