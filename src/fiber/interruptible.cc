#include "bia/fiber/interruptible.h"

#include "fiber/scheduler_impl.h"

namespace bia::fiber {

InterruptibleScope::InterruptibleScope(Deadline deadline)
    : before_(current_deadline()),
      fiber_(in_fiber() ? Scheduler::Impl::current()->running() : nullptr) {
  if (fiber_ && deadline < before_) fiber_->deadline = deadline;
}

InterruptibleScope::~InterruptibleScope() {
  if (fiber_) fiber_->deadline = before_;
}

void InterruptibleScope::interrupt() {
  if (!fiber_) return;
  fiber_->deadline = Deadline(now());
  if (fiber_->interruptible) fiber_->scheduler->wake(fiber_, Wake::kDeadline);
}

}  // namespace bia::fiber
