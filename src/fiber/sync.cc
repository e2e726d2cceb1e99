#include "bia/fiber/sync.h"

#include "fiber/scheduler_impl.h"

namespace bia::fiber {

struct WaitQueue::Node {
  FiberImpl* fiber;
  Node* previous;
  Node* next = nullptr;
  bool linked = true;
};

void WaitQueue::unlink(Node& node) {
  (node.previous ? node.previous->next : head_) = node.next;
  (node.next ? node.next->previous : tail_) = node.previous;
  node.linked = false;
}

Result<void> WaitQueue::wait(Deadline deadline) {
  auto& scheduler = Scheduler::Impl::running_here();
  Node node{scheduler.running(), tail_};
  (tail_ ? tail_->next : head_) = &node;
  tail_ = &node;
  Wake why = scheduler.park(deadline.at());
  if (why == Wake::kSignal) return {};
  if (node.linked) unlink(node);
  return wake_error(why);
}

bool WaitQueue::wake_one() {
  while (head_) {
    Node& node = *head_;
    unlink(node);
    // One that a deadline or a cancellation woke just now is not there for this wake: the next one
    // gets it.
    if (node.fiber->scheduler->wake(node.fiber, Wake::kSignal)) return true;
  }
  return false;
}

void WaitQueue::wake_all() {
  while (wake_one()) {
  }
}

Result<void> Mutex::lock(Deadline deadline) {
  if (try_lock()) return {};
  return waiters_.wait(deadline);  // `unlock` hands the lock over: it stays locked.
}

bool Mutex::try_lock() {
  if (locked_) return false;
  locked_ = true;
  return true;
}

void Mutex::unlock() {
  BIA_ASSERT(locked_);
  locked_ = waiters_.wake_one();
}

Result<void> Semaphore::acquire(Deadline deadline) {
  if (try_acquire()) return {};
  return waiters_.wait(deadline);  // `release` gives the unit to the one it wakes.
}

bool Semaphore::try_acquire() {
  if (count_ == 0) return false;
  --count_;
  return true;
}

void Semaphore::release(size_t count) {
  for (; count > 0; --count) {
    if (!waiters_.wake_one()) {
      count_ += count;
      return;
    }
  }
}

}  // namespace bia::fiber
