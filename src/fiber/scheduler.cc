#include "bia/fiber/scheduler.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "fiber/overflow.h"
#include "fiber/scheduler_impl.h"

namespace bia::fiber {
namespace {

// Fibers resumed before the loop looks at the kernel again, however many wake each other.
constexpr uint32_t kResumesPerTurnMax = 1024;

[[noreturn]] void escaped(const char* type, const char* what) noexcept {
  std::fprintf(stderr, "bia: an exception escaped the body of a fiber: %s: %s\n", type, what);
  std::abort();
}

}  // namespace

thread_local constinit Scheduler::Impl* Scheduler::Impl::current_ = nullptr;

Scheduler::Impl::Impl(int epoll_fd, int event_fd, const SchedulerOptions& options)
    : options_(options), epoll_fd_(epoll_fd), posts_(std::make_shared<PostQueue>(event_fd)) {}

Scheduler::Impl::~Impl() {
  posts_->close();
  BIA_ASSERT(running_ == nullptr && current_ != this);
  BIA_ASSERT(fiber_count_ == 0 &&
             "a scheduler was destroyed while its fibers live; call stop and let run return");
  for (auto& fiber : fibers_) {
    fiber->scheduler = nullptr;
    if (fiber->references > 0) static_cast<void>(fiber.release());  // The last handle deletes it.
  }
  // Sockets that outlive their scheduler are closed later, without it.
  for (FdWatch::State* state = watched_; state; state = state->next) state->scheduler = nullptr;
  close(epoll_fd_);
}

void Scheduler::Impl::entry(boost::context::detail::transfer_t transfer) {
  Impl& self = *current_;
  FiberImpl* fiber = self.running_;
  arrive(fiber->context, self.eh_, transfer);
  if (self.dead_) self.reap();
  try {
    fiber->body();
    fiber->body = nullptr;
  } catch (const std::exception& error) {
    int status = 0;
    const char* mangled = abi::__cxa_current_exception_type()->name();
    char* name = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
    escaped(name ? name : mangled, error.what());
  } catch (...) {
    escaped("unknown type", "no description");
  }
  self.finish(fiber);
}

void Scheduler::Impl::finish(FiberImpl* fiber) {
  fiber->state = FiberState::kDone;
  if (fiber->timer_place != TimerHeap::kNowhere) timers_.remove(fiber->timer_place);
  fiber->joiners.wake_all();
  --fiber_count_;
  dead_ = fiber;
  switch_context(fiber->context, next_context(), eh_, Leaving::kEnds);
  BIA_ASSERT(false && "an ended fiber was resumed");
}

void Scheduler::Impl::reap() {
  FiberImpl* fiber = dead_;
  dead_ = nullptr;
#ifdef BIA_FIBER_TSAN
  __tsan_destroy_fiber(fiber->context.tsan);
#endif
  stacks_.release(fiber->stack);
  fiber->stack = {};
  release(fiber);
}

void Scheduler::Impl::release(FiberImpl* fiber) {
  if (--fiber->references > 0) return;
  fiber->next = free_;
  free_ = fiber;
}

void Scheduler::Impl::park_uninterruptible() {
  FiberImpl* self = running_;
  BIA_ASSERT(self != nullptr && "only a fiber can wait");
  self->interruptible = false;
  if (self->overrun) {
    arm(self, self->overrun->deadline_.at());
    self->wake_at = TimePoint::max();  // It strikes, and wakes nobody.
  }
  self->state = FiberState::kParked;
  suspend(self);
  self->interruptible = true;
}

void Scheduler::Impl::yield() {
  FiberImpl* self = running_;
  BIA_ASSERT(self != nullptr && "only a fiber can yield");
  // Into the next turn, so that a fiber that computes and yields does not keep sockets and timers
  // waiting.
  if (self->overrun) strike(self, now());
  self->state = FiberState::kReady;
  next_turn_.push(self);
  suspend(self);
}

void Scheduler::Impl::cancel(FiberImpl* fiber) {
  if (fiber->state == FiberState::kDone) return;
  fiber->cancelled = true;
  if (fiber->interruptible) wake(fiber, Wake::kCancelled);
}

void Scheduler::Impl::cancel_all() {
  for (auto& fiber : fibers_) cancel(fiber.get());
}

Result<FiberImpl*> Scheduler::Impl::spawn(std::function<void()> body, SpawnOptions options) {
  BIA_ASSERT((current_ == this || current_ == nullptr) &&
             "a fiber is started on its scheduler's thread; use post");
  auto stack = stacks_.acquire(options.stack_bytes ? options.stack_bytes : options_.stack_bytes);
  if (!stack) return std::move(stack).error();
  FiberImpl* fiber = free_;
  if (fiber) {
    free_ = fiber->next;
  } else {
    fibers_.push_back(std::make_unique<FiberImpl>());
    fiber = fibers_.back().get();
    fiber->scheduler = this;
  }
  fiber->references = 2;  // The handle, and the running fiber.
  fiber->wake_at = TimePoint::max();
  fiber->deadline = Deadline::never();
  fiber->overrun = nullptr;
  fiber->cancelled = stopping_;
  fiber->interruptible = true;
  fiber->stack = *stack;
  fiber->body = std::move(body);
  fiber->state = FiberState::kReady;
  make_context(fiber->context, fiber->stack, &Impl::entry);
  ready_.push(fiber);
  ++fiber_count_;
  return fiber;
}

void Scheduler::Impl::run_ready() {
  budget_ = kResumesPerTurnMax;
  while (FiberImpl* fiber = next_ready()) {
    running_ = fiber;
    switch_context(loop_, fiber->context, eh_, Leaving::kSuspends);
    running_ = nullptr;
    if (dead_) reap();
  }
}

void Scheduler::Impl::run(Until until) {
  BIA_ASSERT(current_ == nullptr && "a scheduler already runs on this thread");
  current_ = this;
  eh_ = reinterpret_cast<EhGlobals*>(abi::__cxa_get_globals());
  report_stack_overflows();
  // The kernel adds 50 us to each timed wait by default, half the distance of arrivals at 10,000/s.
  int slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
#ifdef BIA_FIBER_TSAN
  loop_.tsan = __tsan_get_current_fiber();
#endif
  for (;;) {
    ++turn_count_;
    run_posted();
    ready_.append(next_turn_);
    run_ready();
    run_deferred();
    if (stop_asked_.load(std::memory_order_relaxed) && !stopping_) {
      stopping_ = true;
      cancel_all();
    }
    if (fiber_count_ == 0 && !busy() && (stopping_ || until == Until::kNoFibers)) break;
    wait_events();
    expire_timers();
  }
  if (slack > 0) prctl(PR_SET_TIMERSLACK, slack, 0, 0, 0);
  unwatched_.clear();
  stopping_ = false;
  stop_asked_.store(false);
  current_ = nullptr;
}

void Scheduler::Impl::stop() {
  stop_asked_.store(true);
  posts_->wake();
}

void Scheduler::Impl::post(std::function<void()> work) {
  posts_->push(std::move(work),
               current_ == this ? PostQueue::From::kOwner : PostQueue::From::kOther);
}

bool Scheduler::Impl::busy() {
  return !ready_.empty() || !next_turn_.empty() || deferred_head_ != nullptr || posts_->any();
}

void Scheduler::Impl::run_posted() noexcept {
  if (!posts_->any()) return;
  posts_->take(posted_);
  for (auto& work : posted_) {
    work();
    work = nullptr;
  }
  posted_.clear();
}

void Scheduler::Impl::defer(Deferred& deferred) {
  if (deferred.queued_in_) return;
  deferred.queued_in_ = owner_;
  deferred.next_ = nullptr;
  if (deferred_tail_) {
    deferred_tail_->next_ = &deferred;
  } else {
    deferred_head_ = &deferred;
  }
  deferred_tail_ = &deferred;
  ++deferred_count_;
}

void Scheduler::Impl::undefer(Deferred& deferred) {
  Deferred* before = nullptr;
  for (Deferred* each = deferred_head_; each != &deferred; each = each->next_) before = each;
  (before ? before->next_ : deferred_head_) = deferred.next_;
  if (deferred_tail_ == &deferred) deferred_tail_ = before;
  deferred.queued_in_ = nullptr;
  --deferred_count_;
}

void Scheduler::Impl::run_deferred() {
  // What is deferred meanwhile waits for the next turn: a connection that always has more must not
  // hold up the others.
  for (size_t left = deferred_count_; left > 0 && deferred_head_; --left) {
    Deferred* deferred = deferred_head_;
    deferred_head_ = deferred->next_;
    if (!deferred_head_) deferred_tail_ = nullptr;
    --deferred_count_;
    deferred->queued_in_ = nullptr;
    deferred->run_deferred();
  }
}

void Scheduler::Impl::expire_timers() {
  if (timers_.empty()) return;
  const TimePoint time = events_at_;
  while (!timers_.empty() && timers_.first_at() <= time) {
    FiberImpl* fiber = timers_.first();
    bool waits = fiber->state == FiberState::kParked && fiber->wake_at != TimePoint::max();
    if (waits && fiber->wake_at > time) {
      timers_.move(0, fiber->wake_at);
      continue;
    }
    if (fiber->overrun && !fiber->interruptible && fiber->overrun->deadline_.at() > time) {
      timers_.move(0, fiber->overrun->deadline_.at());
      continue;
    }
    timers_.remove(0);
    if (fiber->overrun) strike(fiber, time);
    if (waits) wake(fiber, Wake::kDeadline);
  }
}

void Scheduler::Impl::strike(FiberImpl* fiber, TimePoint time) {
  if (fiber->overrun->deadline_.at() > time) return;
  defer(*fiber->overrun);
  fiber->overrun = nullptr;
}

void Scheduler::Impl::wait_events() {
  unwatched_.clear();
  int count = 0;
  bool polls = busy() || stop_asked_.load(std::memory_order_relaxed) != stopping_;
  int64_t left = polls ? 0 : -1;  // Nanoseconds; -1 is for ever.
  if (!polls && !timers_.empty()) left = std::max<int64_t>((timers_.first_at() - now()).count(), 0);
  if (left <= 0) {
    count = epoll_wait(epoll_fd_, events_.data(), kEventsTurn, static_cast<int>(left));
  } else {
    timespec timeout{static_cast<time_t>(left / 1'000'000'000),
                     static_cast<long>(left % 1'000'000'000)};
    count = precise_wait_ ? epoll_pwait2(epoll_fd_, events_.data(), kEventsTurn, &timeout, nullptr)
                          : -1;
    if (count < 0 && (!precise_wait_ || errno == ENOSYS)) {
      precise_wait_ = false;
      // Rounded up, or the loop would spin through the last millisecond. A day is enough: the loop
      // looks again.
      int64_t milliseconds = std::min<int64_t>((left + 999'999) / 1'000'000, 86'400'000);
      count = epoll_wait(epoll_fd_, events_.data(), kEventsTurn, static_cast<int>(milliseconds));
    }
  }
  events_at_ = now();
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<size_t>(i)];
    handle_event(static_cast<FdWatch::State*>(event.data.ptr), event.events);
  }
}

void Scheduler::Impl::handle_event(FdWatch::State* state, uint32_t events) {
  if (!state) {  // Another thread posted or asked to stop.
    posts_->woken();
    return;
  }
  constexpr uint32_t kEnd = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if (events & kEnd) state->hung_up = true;
  if (events & (EPOLLIN | kEnd)) handle_readable(state);
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
    state->writable = true;
    if (state->writer) wake(state->writer, Wake::kSignal);
  }
}

void Scheduler::Impl::handle_readable(FdWatch::State* state) {
  state->readable = true;
  FiberImpl* reader = state->reader;
  if (!reader) {
    if (state->observer) state->observer->on_input();
    return;
  }
  // A reader that was woken for another reason no longer wants what is read.
  if (state->received && reader->state == FiberState::kParked) {
    state->received->readable_at = events_at_;
    if (!receive_now(*state, state->into, *state->received)) return;
  }
  wake(reader, Wake::kSignal);
}

Scheduler::Scheduler(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->set_owner(this);
}
Scheduler::~Scheduler() = default;

Result<std::unique_ptr<Scheduler>> Scheduler::create(const SchedulerOptions& options) {
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  int event_fd = epoll_fd < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) {
    Error error(Code::kResourceExhausted, "NO_EVENT_LOOP",
                fmt::format("no event loop: {}", std::strerror(errno)));
    if (epoll_fd >= 0) close(epoll_fd);
    return std::move(error).with_hint("raise the limit of open files: ulimit -n 65536");
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  BIA_ASSERT(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &event) == 0);
  return std::unique_ptr<Scheduler>(
      new Scheduler(std::make_unique<Impl>(epoll_fd, event_fd, options)));
}

void Scheduler::run(Until until) { impl_->run(until); }
void Scheduler::stop() { impl_->stop(); }
void Scheduler::post(std::function<void()> work) { impl_->post(std::move(work)); }
void Scheduler::defer(Deferred& deferred) { impl_->defer(deferred); }
size_t Scheduler::fiber_count() const { return impl_->fiber_count(); }
uint64_t Scheduler::turn_count() const { return impl_->turn_count(); }

Scheduler& Scheduler::current() { return *Impl::running_here().owner(); }

Scheduler* Scheduler::current_or_null() {
  Impl* impl = Impl::current();
  return impl ? impl->owner() : nullptr;
}

Result<Fiber> Scheduler::spawn(std::function<void()> body, SpawnOptions options) {
  auto fiber = impl_->spawn(std::move(body), options);
  if (!fiber) return std::move(fiber).error();
  return Fiber(*fiber);
}

Scheduler::Deferred::~Deferred() {
  if (queued_in_) queued_in_->impl_->undefer(*this);
}

}  // namespace bia::fiber
