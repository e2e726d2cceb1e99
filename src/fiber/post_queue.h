#pragma once
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace bia::fiber {

/// Work that threads hand to a scheduler, and the eventfd that wakes it. Shared with helper
/// threads, which may finish after the scheduler is gone. Thread-safe, but for `take` and `woken`,
/// which are the owner's.
class PostQueue {
 public:
  enum class From { kOwner, kOther };

  explicit PostQueue(int event_fd) : event_fd_(event_fd) {}
  ~PostQueue() { ::close(event_fd_); }
  PostQueue(const PostQueue&) = delete;
  PostQueue& operator=(const PostQueue&) = delete;

  void push(std::function<void()> work, From from) {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return;
      work_.push_back(std::move(work));
      any_.store(true, std::memory_order_release);
    }
    if (from == From::kOther) wake();
  }

  /// One write for all posts until the loop has seen it.
  void wake() {
    if (!wake_pending_.exchange(true)) eventfd_write(event_fd_, 1);
  }

  void woken() {
    eventfd_t value = 0;
    eventfd_read(event_fd_, &value);
    // Before the work is taken: what is pushed after that writes again.
    wake_pending_.exchange(false);
  }

  bool any() const { return any_.load(std::memory_order_acquire); }

  /// Swaps what there is into `into`, which is empty.
  void take(std::vector<std::function<void()>>& into) {
    std::lock_guard lock(mutex_);
    into.swap(work_);
    any_.store(false, std::memory_order_relaxed);
  }

  /// What is there, and what comes later, is dropped.
  void close() {
    std::vector<std::function<void()>> dropped;
    std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(work_);
  }

 private:
  const int event_fd_;
  std::atomic<bool> any_ = false;
  std::atomic<bool> wake_pending_ = false;
  std::mutex mutex_;
  std::vector<std::function<void()>> work_;
  bool closed_ = false;
};

}  // namespace bia::fiber
