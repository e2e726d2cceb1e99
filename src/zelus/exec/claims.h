#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include "bia/base/time.h"

namespace zelus::exec {

/// Iteration numbers of one scenario, each given once, over all threads. Threads claim blocks: what
/// they use up within a millisecond grows, what takes long shrinks to one, and the last ones of a
/// limited number are claimed singly, so that no thread sits on work that another could do.
class IterationClaims {
 public:
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
  static constexpr uint64_t kBlockMax = 256;

  /// `expected`: how many will be asked for, where that is known without being a limit: the last
  /// ones are then given singly too, so that few numbers are left out.
  IterationClaims(size_t threads, uint64_t limit, uint64_t expected = kUnlimited)
      : limit_(limit),
        expected_(std::min(limit, expected)),
        count_(threads),
        threads_(std::make_unique<Thread[]>(threads)) {}

  /// From thread `index` only. False once `limit` numbers were given.
  bool next(size_t index, uint64_t& number) {
    Thread& t = threads_[index];
    if (t.next == t.end && !refill(t)) return false;
    number = t.next++;
    t.taken.store(t.taken.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return true;
  }
  /// From thread `index` only: one of them has ended.
  void done(size_t index) {
    Thread& t = threads_[index];
    t.done.store(t.done.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  /// Any thread: numbers given so far; those of them that have ended.
  uint64_t taken() const {
    uint64_t sum = 0;
    for (size_t i = 0; i < count_; ++i) sum += threads_[i].taken.load(std::memory_order_relaxed);
    return sum;
  }
  uint64_t finished() const {
    uint64_t sum = 0;
    for (size_t i = 0; i < count_; ++i) sum += threads_[i].done.load(std::memory_order_relaxed);
    return sum;
  }
  uint64_t limit() const { return limit_; }

 private:
  struct alignas(64) Thread {
    uint64_t next = 0;
    uint64_t end = 0;
    uint64_t block = 1;
    bia::TimePoint claimed{};
    std::atomic<uint64_t> taken{0};
    std::atomic<uint64_t> done{0};
  };

  bool refill(Thread& t) {
    bia::TimePoint now = bia::now();
    bia::Duration used = now - t.claimed;
    t.claimed = now;
    if (used < std::chrono::milliseconds(1)) {
      t.block = std::min(t.block * 2, kBlockMax);
    } else if (used > std::chrono::milliseconds(4)) {
      t.block = std::max<uint64_t>(t.block / 4, 1);
    }
    uint64_t block = t.block;
    if (expected_ != kUnlimited) {
      uint64_t given = next_.load(std::memory_order_relaxed);
      if (given >= limit_) return false;
      uint64_t left = expected_ > given ? expected_ - given : 0;
      block = std::clamp<uint64_t>(left / (count_ * 8), 1, block);
    }
    uint64_t first = next_.fetch_add(block, std::memory_order_relaxed);
    if (first >= limit_) return false;
    t.next = first;
    t.end = std::min(first + block, limit_);
    return true;
  }

  const uint64_t limit_;
  const uint64_t expected_;
  const size_t count_;
  std::unique_ptr<Thread[]> threads_;
  alignas(64) std::atomic<uint64_t> next_{0};
};

}  // namespace zelus::exec
