#pragma once
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/fiber/scheduler.h"

namespace bia::fiber {

/// Fibers of one thread, parked in order of arrival.
class WaitQueue {
 public:
  WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;
  /// Suspends until woken. Errors: kCancelled, kDeadlineExceeded (and then no wake is lost: it goes
  /// to the next in line).
  Result<void> wait(Deadline deadline = Deadline::never());
  /// False where nobody waits.
  bool wake_one();
  void wake_all();
  bool empty() const { return head_ == nullptr; }

 private:
  struct Node;
  void unlink(Node& node);
  Node* head_ = nullptr;
  Node* tail_ = nullptr;
};

/// Of one thread; needed only where a critical section suspends. First come, first served.
class Mutex {
 public:
  Result<void> lock(Deadline deadline = Deadline::never());
  bool try_lock();
  void unlock();

 private:
  bool locked_ = false;
  WaitQueue waiters_;
};

/// Of one thread.
class Semaphore {
 public:
  explicit Semaphore(size_t count) : count_(count) {}
  Result<void> acquire(Deadline deadline = Deadline::never());
  bool try_acquire();
  void release(size_t count = 1);
  size_t available() const { return count_; }

 private:
  size_t count_;
  WaitQueue waiters_;
};

/// A bounded queue between fibers of one thread. `close` lets receivers drain what is left.
template <typename T>
class Channel {
 public:
  explicit Channel(size_t capacity) : capacity_(capacity ? capacity : 1) {}

  /// Suspends while full. Errors: kCancelled, kDeadlineExceeded, kFailedPrecondition once closed.
  Result<void> send(T value, Deadline deadline = Deadline::never()) {
    while (!closed_ && items_.size() >= capacity_) {
      if (auto waited = senders_.wait(deadline); !waited) return waited;
    }
    if (closed_) return Error(Code::kFailedPrecondition, "CHANNEL_CLOSED", "the channel is closed");
    items_.push_back(std::move(value));
    receivers_.wake_one();
    return {};
  }
  /// Suspends while empty; nullopt once closed and drained. Errors: kCancelled, kDeadlineExceeded.
  Result<std::optional<T>> receive(Deadline deadline = Deadline::never()) {
    while (items_.empty()) {
      if (closed_) return std::optional<T>();
      if (auto waited = receivers_.wait(deadline); !waited) return std::move(waited).error();
    }
    std::optional<T> value(std::move(items_.front()));
    items_.pop_front();
    senders_.wake_one();
    return value;
  }
  void close() {
    closed_ = true;
    senders_.wake_all();
    receivers_.wake_all();
  }
  size_t size() const { return items_.size(); }

 private:
  size_t capacity_;
  bool closed_ = false;
  std::deque<T> items_;
  WaitQueue senders_;
  WaitQueue receivers_;
};

}  // namespace bia::fiber
