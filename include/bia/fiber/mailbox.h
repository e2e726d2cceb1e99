#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "bia/fiber/scheduler.h"

namespace bia::fiber {

/// How other threads reach an object: they move messages in, the owner's fiber takes all of them
/// out, at most once a loop turn. Bounded.
template <typename T>
class Mailbox {
 public:
  /// `owner` is the scheduler of the thread that receives.
  Mailbox(Scheduler& owner, size_t messages_max)
      : state_(std::make_shared<State>(owner, messages_max)) {}
  ~Mailbox() {
    std::lock_guard lock(state_->mutex);
    state_->closed = true;
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Thread-safe. False, and `message` untouched, where the box is full.
  bool send(T&& message) {
    std::lock_guard lock(state_->mutex);
    if (state_->messages.size() >= state_->messages_max) return false;
    state_->messages.push_back(std::move(message));
    // One post for all messages until the owner empties the box.
    if (state_->messages.size() == 1) {
      state_->owner.post([state = state_] { state->arrived(); });
    }
    return true;
  }

  /// All messages there are, in order of arrival, at least one. Suspends; one fiber at a time.
  /// Errors: kCancelled, kDeadlineExceeded.
  Result<std::vector<T>> receive(Deadline deadline = Deadline::never()) {
    for (;;) {
      {
        std::lock_guard lock(state_->mutex);
        if (!state_->messages.empty()) return std::exchange(state_->messages, {});
      }
      if (auto parked = state_->receiver.park(deadline); !parked) return std::move(parked).error();
    }
  }

 private:
  struct State {
    State(Scheduler& owner_scheduler, size_t max)
        : owner(owner_scheduler), messages_max(max ? max : 1) {}
    void arrived() {
      {
        std::lock_guard lock(mutex);
        if (closed) return;
      }
      receiver.unpark();
    }

    Scheduler& owner;
    const size_t messages_max;
    std::mutex mutex;
    std::vector<T> messages;
    bool closed = false;
    Parker receiver;
  };
  std::shared_ptr<State> state_;
};

}  // namespace bia::fiber
