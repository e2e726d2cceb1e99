#pragma once
#include <atomic>

#include "bia/fiber/scheduler.h"

namespace bia {

/// Lends memory to signal handlers, which run on any thread at any time, and takes it back when
/// none of them is at work in it. One for the process, as a handler reaches nothing but globals.
template <typename T>
class SampleSink {
 public:
  /// In a handler; `leave` follows in any case. Null: there is nothing to write to.
  T* enter() {
    users_.fetch_add(1);
    return lent_.load();
  }
  void leave() { users_.fetch_sub(1); }

  void lend(T* memory) { lent_.store(memory); }
  /// Suspends until no handler has it, also where the fiber is cancelled.
  void take_back() {
    // Sequentially consistent, as in `enter`: a handler that this does not count sees null.
    lent_.store(nullptr);
    while (users_.load() != 0) fiber::yield();
  }

 private:
  std::atomic<T*> lent_{nullptr};
  std::atomic<int> users_{0};
};

}  // namespace bia
