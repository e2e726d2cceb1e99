#pragma once
#include <memory>
#include <mutex>
#include <utility>

namespace bia::fiber {

/// What threads read while one replaces it as a whole: who has loaded it keeps it. In place of
/// std::atomic<std::shared_ptr>, whose `load` in libstdc++ 12 lets go without release order: a race
/// by the language's memory model, which ThreadSanitizer reports.
template <typename T>
class Snapshot {
 public:
  using Pointer = std::shared_ptr<const T>;

  explicit Snapshot(Pointer first = nullptr) : current_(std::move(first)) {}

  Pointer load() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  void store(Pointer fresh) {
    // The one before ends after the lock.
    const std::lock_guard lock(mutex_);
    current_.swap(fresh);
  }
  /// Replaces `expected` by `fresh` and gives that; where another thread was first, gives its one.
  Pointer replace(const Pointer& expected, Pointer fresh) {
    const std::lock_guard lock(mutex_);
    if (current_ == expected) current_.swap(fresh);
    return current_;
  }

 private:
  mutable std::mutex mutex_;
  Pointer current_;
};

}  // namespace bia::fiber
