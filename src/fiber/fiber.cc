// What a fiber calls: handles, sleep, deadlines, parking.
#include "bia/fiber/scheduler.h"
#include "fiber/scheduler_impl.h"

namespace bia::fiber {

Error wake_error(Wake why) {
  if (why == Wake::kDeadline)
    return Error(Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", "deadline exceeded");
  if (why == Wake::kAborted) return Error(Code::kAborted, "WOKEN", "the wait was ended");
  return Error(Code::kCancelled, "CANCELLED", "cancelled");
}

Fiber::~Fiber() {
  if (!impl_) return;
  if (impl_->scheduler) {
    impl_->scheduler->release(impl_);
  } else if (--impl_->references == 0) {
    delete impl_;  // It outlived its scheduler.
  }
}

bool Fiber::done() const { return impl_->state == FiberState::kDone; }

Result<void> Fiber::join(Deadline deadline) {
  if (done()) return {};
  return impl_->joiners.wait(deadline);
}

void Fiber::cancel() {
  if (impl_->scheduler) impl_->scheduler->cancel(impl_);
}

void Fiber::uncancel() {
  if (impl_->scheduler) impl_->scheduler->uncancel(impl_);
}

void Fiber::cancel_and_join() {
  if (!valid()) return;
  cancel();
  while (!done()) {
    if (!join()) yield();
  }
}

void Fiber::trim() {
  const bool suspended = impl_->state == FiberState::kParked || impl_->state == FiberState::kReady;
  if (impl_->scheduler && suspended) trim_below(impl_->stack, impl_->context.jump);
}

Result<void> sleep_for(Duration duration) {
  if (duration <= Duration::zero()) {
    yield();
    if (cancelled()) return wake_error(Wake::kCancelled);
    return {};
  }
  TimePoint time = now();
  return sleep_until(duration < TimePoint::max() - time ? time + duration : TimePoint::max());
}

Result<void> sleep_until(TimePoint at) {
  auto& scheduler = Scheduler::Impl::running_here();
  Wake why = scheduler.park(at);
  if (why == Wake::kDeadline && at <= scheduler.running()->deadline.at()) return {};
  return wake_error(why);
}

void yield() { Scheduler::Impl::running_here().yield(); }

Result<void> take_turn() {
  constexpr uint32_t kCallsInARowMax = 64;
  auto& scheduler = Scheduler::Impl::running_here();
  FiberImpl* self = scheduler.running();
  BIA_ASSERT(self != nullptr && "only a fiber can wait");
  if (++self->calls_in_a_row >= kCallsInARowMax) scheduler.yield();
  if (self->cancelled) return wake_error(Wake::kCancelled);
  return {};
}

namespace {

/// Null outside any.
inline FiberImpl* running_fiber() {
  auto* scheduler = Scheduler::Impl::current();
  return scheduler ? scheduler->running() : nullptr;
}

}  // namespace

bool in_fiber() { return running_fiber() != nullptr; }

bool cancelled() {
  const FiberImpl* self = running_fiber();
  return self && self->cancelled;
}

ScopedDeadline::ScopedDeadline(Deadline deadline) : before_(Deadline::never()) {
  FiberImpl* self = running_fiber();
  if (!self) return;
  before_ = self->deadline;
  if (deadline < before_) self->deadline = deadline;
}

ScopedDeadline::~ScopedDeadline() {
  if (FiberImpl* self = running_fiber()) self->deadline = before_;
}

Deadline current_deadline() {
  const FiberImpl* self = running_fiber();
  return self ? self->deadline : Deadline::never();
}

Overrun::Overrun(Deadline deadline) : deadline_(deadline), scope_(deadline) {
  if (deadline.is_never()) return;
  if (FiberImpl* self = running_fiber()) self->overrun = this;
}

Overrun::~Overrun() {
  if (FiberImpl* self = running_fiber()) self->overrun = nullptr;
}

Result<void> Parker::park(Deadline deadline) {
  auto& scheduler = Scheduler::Impl::running_here();
  if (signalled_ && !cancelled()) {
    signalled_ = false;
    return {};
  }
  BIA_ASSERT(fiber_ == nullptr && "one fiber parks at a time");
  fiber_ = scheduler.running();
  Wake why = scheduler.park(deadline.at());
  fiber_ = nullptr;
  if (why == Wake::kSignal) return {};
  return wake_error(why);
}

void Parker::unpark() {
  if (!fiber_ || !fiber_->scheduler->wake(fiber_, Wake::kSignal)) {
    signalled_ = true;
    return;
  }
  fiber_ = nullptr;
}

}  // namespace bia::fiber
