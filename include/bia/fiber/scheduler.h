#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "bia/base/result.h"
#include "bia/base/time.h"

namespace bia::fiber {

class Scheduler;
class FiberImpl;

/// Usable bytes of a handler's stack; guard pages come below it. Config key: runtime.stack_bytes.
inline constexpr size_t kStackBytesDefault = 128 * 1024;
inline constexpr size_t kStackBytesMin = 64 * 1024;
inline constexpr size_t kStackBytesMax = 256 * 1024 * 1024;
/// Reserved, not committed, for a virtual user, whose JavaScript may recurse 10,000 deep.
inline constexpr size_t kStackBytesUser = 8 * 1024 * 1024;

struct SchedulerOptions {
  /// Of each fiber that does not ask for another size.
  size_t stack_bytes = kStackBytesDefault;
};

struct SpawnOptions {
  /// 0: the scheduler's.
  size_t stack_bytes = 0;
};

/// A handle to a fiber of this thread. Dropping it lets the fiber run on.
class Fiber {
 public:
  Fiber() = default;
  Fiber(Fiber&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  Fiber& operator=(Fiber&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
  }
  ~Fiber();

  bool valid() const { return impl_ != nullptr; }
  bool done() const;
  /// Suspends until the fiber has ended. Errors: kDeadlineExceeded, kCancelled (of the caller).
  Result<void> join(Deadline deadline = Deadline::never());
  /// Every wait of the fiber, now and later, returns kCancelled. It ends by itself.
  void cancel();
  /// Takes it back: the waits to come wait again. One that is over stays so, and what the
  /// scheduler's own stop cancels stays cancelled.
  void uncancel();
  /// Cancels it, and suspends until it has ended: for a fiber that uses what is about to go. Where
  /// the caller is cancelled itself it takes turns until then, so the fiber must end soon. Nothing
  /// where there is none.
  void cancel_and_join();
  /// Gives the kernel back what a suspended fiber's stack held of deeper calls: a system call, and
  /// page faults when it calls that deep again. For one that waits long. Others are left alone.
  void trim();

 private:
  friend class Scheduler;
  explicit Fiber(FiberImpl* impl) : impl_(impl) {}
  FiberImpl* impl_ = nullptr;  // Counted; not a shared_ptr, whose counter is atomic.
};

/// One thread's fibers, timers and sockets: an epoll loop. Lives and is used on one thread; only
/// `post` and `stop` are for others.
class Scheduler {
 public:
  /// Errors: kResourceExhausted where the kernel refuses an epoll or event descriptor.
  static Result<std::unique_ptr<Scheduler>> create(const SchedulerOptions& options = {});
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// The scheduler that runs the calling thread. Asserts that there is one.
  static Scheduler& current();
  /// Null outside `run`.
  static Scheduler* current_or_null();

  /// Runs until `stop`, or until no fiber is left when `until` says so. Returns after the last
  /// fiber's stack is unwound.
  enum class Until { kStopped, kNoFibers };
  void run(Until until = Until::kStopped);
  /// Thread-safe. `run` cancels all fibers, lets them end, and returns.
  void stop();
  /// Thread-safe: runs `work` on this thread in its next turn, outside any fiber; it must not
  /// suspend.
  void post(std::function<void()> work);

  /// Starts a fiber; it first runs in this turn after the caller suspends. Errors:
  /// kResourceExhausted naming vm.max_map_count or the memory limit where no stack is to be had.
  Result<Fiber> spawn(std::function<void()> body, SpawnOptions options = {});
  /// Once, at the end of this loop turn, before the loop waits: how connections gather their
  /// writes. Must not suspend. The callback object is intrusive, so that deferring allocates
  /// nothing; deferring one that is already queued does nothing.
  class Deferred {
   public:
    virtual void run_deferred() noexcept = 0;

   protected:
    Deferred() = default;
    Deferred(const Deferred&) = delete;
    Deferred& operator=(const Deferred&) = delete;
    virtual ~Deferred();  // Takes it off the queue.

   private:
    friend class Scheduler;
    Deferred* next_ = nullptr;
    Scheduler* queued_in_ = nullptr;
  };
  void defer(Deferred& deferred);

  /// Fibers alive; turns of the loop; for metrics and for tests.
  size_t fiber_count() const;
  uint64_t turn_count() const;

  class Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit Scheduler(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Suspends. Errors: kCancelled; kDeadlineExceeded when the fiber's own deadline (ScopedDeadline)
/// comes first.
Result<void> sleep_for(Duration duration);
Result<void> sleep_until(TimePoint at);
/// Lets all that is ready run first.
void yield();
/// For a call that often has its result without waiting (a read): suspends now and then, so that a
/// fiber whose data never ends lets the others run. Errors: kCancelled.
Result<void> take_turn();
/// True inside a fiber.
bool in_fiber();
/// True once `cancel` was called on the calling fiber.
bool cancelled();

/// Every wait of the calling fiber within the scope also ends at `deadline` with kDeadlineExceeded.
/// Nests; the earlier one counts.
class ScopedDeadline {
 public:
  explicit ScopedDeadline(Deadline deadline);
  ~ScopedDeadline();
  ScopedDeadline(const ScopedDeadline&) = delete;
  ScopedDeadline& operator=(const ScopedDeadline&) = delete;

 private:
  Deadline before_;
};
/// The deadline in force for the calling fiber.
Deadline current_deadline();

/// What everything that waits is built of: one fiber parks, something on the same thread wakes it.
class Parker {
 public:
  /// Suspends until `unpark`, cancellation or the deadline. A wake that came before counts. One
  /// fiber at a time.
  Result<void> park(Deadline deadline = Deadline::never());
  void unpark();

 private:
  FiberImpl* fiber_ = nullptr;
  bool signalled_ = false;
};

/// Waits for a file descriptor of the calling thread's scheduler, registered once, edge triggered.
/// Owns nothing: close the descriptor after.
class FdWatch {
 public:
  FdWatch() = default;
  FdWatch(FdWatch&&) noexcept;
  FdWatch& operator=(FdWatch&&) noexcept;
  ~FdWatch();
  static Result<FdWatch> create(int fd);

  /// Suspends until the kernel reported the event after the last `clear_*`. Errors: kCancelled,
  /// kDeadlineExceeded.
  Result<void> wait_readable(Deadline deadline);
  Result<void> wait_writable(Deadline deadline);
  /// After a read gave EAGAIN or fewer bytes than asked for: the next wait is for a new event.
  void clear_readable();
  void clear_writable();
  bool readable() const;
  /// The kernel has told of an end or an error: the peer's, or that we shut the descriptor down.
  bool hung_up() const;
  /// Told of input, ends and errors that come while no fiber waits to read: outside any fiber. Must
  /// neither suspend nor end the watching. Null: nobody.
  class Observer {
   public:
    virtual void on_input() noexcept = 0;

   protected:
    ~Observer() = default;
  };
  void observe(Observer* observer);

  /// A read of a socket: recv's result and errno, when the kernel said that there is something to
  /// read, and when it was read.
  struct Received {
    int64_t count = 0;
    int error_number = 0;
    TimePoint readable_at{};
    TimePoint at{};
  };
  /// recv; suspends while there is nothing. Where it has to wait, the loop receives, for all its
  /// fibers before it resumes the first: the kernel's code runs as often in a row as there are
  /// answers, and then ours. Nobody else may use `into` until it returns. Errors: kCancelled,
  /// kDeadlineExceeded, kAborted after `wake_reader`.
  Result<Received> receive(std::span<char> into, Deadline deadline);
  /// Ends the wait of `receive`, where there is one, with kAborted.
  void wake_reader();
  /// Ends the watching; waiters get kCancelled.
  void reset();

  struct State;

 private:
  State* state_ = nullptr;
};

/// Runs blocking work (files, getaddrinfo, processes) on a helper thread; suspends only the calling
/// fiber. `work` must not touch fibers. Helper threads are shared by the process, at most
/// kOffloadThreadsMax, started on demand.
void offload(const std::function<void()>& work);
/// The same for work that may take long (a name server that does not answer): the fiber leaves it
/// behind at its deadline or when it is cancelled, so `work` must own all it touches. Errors:
/// kDeadlineExceeded, kCancelled.
Result<void> offload_abandonable(std::function<void()> work, Deadline deadline);
inline constexpr size_t kOffloadThreadsMax = 8;

/// Blocks SIGINT, SIGTERM and SIGQUIT for the calling thread and those it starts: call it in main
/// before any thread starts. A child process inherits it, so unblock them between fork and exec
/// (POSIX_SPAWN_SETSIGMASK).
void block_signals();
/// Suspends until one of the signals that `block_signals` blocks arrives. Errors: kCancelled,
/// kDeadlineExceeded.
Result<int> wait_signal(Deadline deadline = Deadline::never());

}  // namespace bia::fiber
