#pragma once
#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "bia/base/assert.h"
#include "bia/fiber/overrun.h"
#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "fiber/context.h"
#include "fiber/post_queue.h"
#include "fiber/stack.h"
#include "fiber/timer_heap.h"

namespace bia::fiber {

/// Why a parked fiber runs again.
enum class Wake : uint8_t { kSignal, kDeadline, kCancelled, kReset, kAborted };

enum class FiberState : uint8_t { kReady, kRunning, kParked, kDone };

/// Reused from fiber to fiber; owned by the scheduler that made it.
class FiberImpl {
 public:
  Context context;
  FiberImpl* next = nullptr;  // In the ready queue or the list of free ones.
  Scheduler::Impl* scheduler = nullptr;
  uint32_t references = 0;
  uint32_t timer_place = TimerHeap::kNowhere;
  TimePoint wake_at =
      TimePoint::max();        // Of the wait it is in. The heap may hold an earlier, outdated time.
  Deadline deadline;           // ScopedDeadline's.
  Overrun* overrun = nullptr;  // Until it struck.
  FiberState state = FiberState::kDone;
  Wake wake = Wake::kSignal;
  bool cancelled = false;
  bool interruptible = true;
  uint32_t calls_in_a_row = 0;  // Since it was last resumed.
  Stack stack;
  std::function<void()> body;
  WaitQueue joiners;
};

/// A first-in first-out list through FiberImpl::next.
class FiberQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  void push(FiberImpl* fiber) {
    fiber->next = nullptr;
    if (tail_) {
      tail_->next = fiber;
    } else {
      head_ = fiber;
    }
    tail_ = fiber;
  }
  FiberImpl* pop() {
    FiberImpl* fiber = head_;
    head_ = fiber->next;
    if (!head_) tail_ = nullptr;
    return fiber;
  }
  void append(FiberQueue& other) {
    if (other.empty()) return;
    if (tail_) {
      tail_->next = other.head_;
    } else {
      head_ = other.head_;
    }
    tail_ = other.tail_;
    other.head_ = other.tail_ = nullptr;
  }

 private:
  FiberImpl* head_ = nullptr;
  FiberImpl* tail_ = nullptr;
};

struct FdWatch::State {
  Scheduler::Impl* scheduler = nullptr;
  int fd = -1;
  // A new descriptor is taken as ready: the first try finds out, and saves a turn where it is.
  bool readable = true;
  bool writable = true;
  bool hung_up = false;  // EPOLLRDHUP, EPOLLHUP or EPOLLERR: there is an end or an error to read,
                         // of which no further edge will tell.
  // Cleared by the waiter itself when it runs again, so that `unwatch` finds it until then.
  FiberImpl* reader = nullptr;
  FiberImpl* writer = nullptr;
  Observer* observer = nullptr;
  // Where the loop receives for the reader, and what came of it; null: the reader reads itself.
  std::span<char> into;
  Received* received = nullptr;
  // In the scheduler's list of all.
  State* previous = nullptr;
  State* next = nullptr;
};

class Scheduler::Impl {
 public:
  Impl(int epoll_fd, int event_fd, const SchedulerOptions& options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Null outside `run`.
  static Impl* current() { return current_; }
  static Impl& running_here() {
    BIA_ASSERT(current_ != nullptr && "needs a running scheduler on this thread");
    return *current_;
  }
  Scheduler* owner() const { return owner_; }
  void set_owner(Scheduler* owner) { owner_ = owner; }
  FiberImpl* running() const { return running_; }

  void run(Until until);
  void stop();
  void post(std::function<void()> work);
  /// For threads that may outlive the scheduler.
  const std::shared_ptr<PostQueue>& posts() const { return posts_; }
  Result<FiberImpl*> spawn(std::function<void()> body, SpawnOptions options);
  void defer(Deferred& deferred);
  void undefer(Deferred& deferred);

  /// Suspends the running fiber until `wake` or `at`. Returns at once where the fiber is cancelled.
  Wake park(TimePoint at);
  /// As `park`, but neither deadline nor cancellation ends it: for work elsewhere that refers to
  /// the fiber's stack.
  void park_uninterruptible();
  /// Makes a parked fiber ready; false where it is not parked (any more).
  bool wake(FiberImpl* fiber, Wake why) {
    if (fiber->state != FiberState::kParked) return false;
    fiber->wake = why;
    fiber->state = FiberState::kReady;
    ready_.push(fiber);
    return true;
  }
  void yield();
  void cancel(FiberImpl* fiber);
  void uncancel(FiberImpl* fiber) { fiber->cancelled = stopping_; }
  void release(FiberImpl* fiber);

  Result<FdWatch::State*> watch(int fd);
  void unwatch(FdWatch::State* state);

  size_t fiber_count() const { return fiber_count_; }
  uint64_t turn_count() const { return turn_count_; }
  StackPool& stacks() { return stacks_; }

 private:
  static void entry(boost::context::detail::transfer_t transfer);
  void finish(FiberImpl* fiber);
  void reap();
  void suspend(FiberImpl* self);
  FiberImpl* next_ready();
  Context& next_context();
  void run_ready();
  void run_posted() noexcept;
  void run_deferred();
  void expire_timers();
  void wait_events();
  void handle_event(FdWatch::State* state, uint32_t events);
  void handle_readable(FdWatch::State* state);
  void cancel_all();
  bool busy();
  /// Tells the fiber's Overrun where `time` is after its deadline.
  void strike(FiberImpl* fiber, TimePoint time);
  void arm(FiberImpl* fiber, TimePoint at);

  static thread_local constinit Impl* current_;

  Scheduler* owner_ = nullptr;
  Context loop_;
  EhGlobals* eh_ = nullptr;
  FiberImpl* running_ = nullptr;
  FiberImpl* dead_ = nullptr;  // Ended; its stack is given back by whoever runs next.
  FiberQueue ready_;
  FiberQueue next_turn_;
  uint32_t budget_ = 0;
  size_t fiber_count_ = 0;
  uint64_t turn_count_ = 0;
  TimerHeap timers_;
  StackPool stacks_;
  std::vector<std::unique_ptr<FiberImpl>> fibers_;
  FiberImpl* free_ = nullptr;
  Deferred* deferred_head_ = nullptr;
  Deferred* deferred_tail_ = nullptr;
  size_t deferred_count_ = 0;
  FdWatch::State* watched_ = nullptr;
  std::vector<std::unique_ptr<FdWatch::State>>
      unwatched_;  // Freed when no event of this turn can name them.
  const SchedulerOptions options_;
  int epoll_fd_;
  TimePoint events_at_{};  // When the kernel last told events.
  bool stopping_ = false;
  static constexpr int kEventsTurn = 256;
  std::array<epoll_event, kEventsTurn> events_;  // Of one wait.
  bool precise_wait_ = true;                     // False once the kernel had no epoll_pwait2.

  std::atomic<bool> stop_asked_ = false;
  std::shared_ptr<PostQueue> posts_;
  std::vector<std::function<void()>> posted_;  // Being run.
};

inline FiberImpl* Scheduler::Impl::next_ready() {
  if (budget_ == 0 || ready_.empty()) return nullptr;
  --budget_;
  FiberImpl* fiber = ready_.pop();
  fiber->state = FiberState::kRunning;
  fiber->calls_in_a_row = 0;
  return fiber;
}

inline Context& Scheduler::Impl::next_context() {
  running_ = next_ready();
  return running_ ? running_->context : loop_;
}

// Inlined into what waits: each return after a switch is mispredicted (about 5 ns), since the CPU
// predicts returns by its own stack of calls.
[[gnu::always_inline]] inline void Scheduler::Impl::suspend(FiberImpl* self) {
  switch_context(self->context, next_context(), eh_, Leaving::kSuspends);
  if (dead_) reap();
}

inline void Scheduler::Impl::arm(FiberImpl* fiber, TimePoint at) {
  fiber->wake_at = at;
  // An earlier time that is still in the heap stays: when it comes, the entry moves to the time
  // then wanted. So a deadline that hardly ever strikes costs one heap operation each time it would
  // have, not two a wait.
  if (fiber->timer_place == TimerHeap::kNowhere) {
    timers_.push(fiber, at);
  } else if (timers_.at(fiber->timer_place) > at) {
    timers_.move(fiber->timer_place, at);
  }
}

[[gnu::always_inline]] inline Wake Scheduler::Impl::park(TimePoint at) {
  FiberImpl* self = running_;
  BIA_ASSERT(self != nullptr && "only a fiber can wait");
  if (self->cancelled) return Wake::kCancelled;
  if (self->deadline.at() < at) at = self->deadline.at();
  if (at != TimePoint::max()) arm(self, at);
  self->state = FiberState::kParked;
  suspend(self);
  self->wake_at = TimePoint::max();
  return self->wake;
}

/// One recv, with what it says of the descriptor put into `state`. False where there is nothing.
bool receive_now(FdWatch::State& state, std::span<char> into, FdWatch::Received& received);

/// The error of a wait that ended for another reason than its event.
Error wake_error(Wake why);

}  // namespace bia::fiber
