#include "zelus/exec/remote.h"

#include <utility>

namespace zelus::exec {

using bia::fiber::Scheduler;

struct RemoteTasks::State {
  Scheduler* home = nullptr;
  size_t pending = 0;
  bia::fiber::Parker parker;
  std::optional<bia::Error> failure;
};

RemoteTasks::RemoteTasks() : state_(std::make_shared<State>()) {
  state_->home = &Scheduler::current();
}

void RemoteTasks::start(Scheduler& target, std::function<void()> body,
                        bia::fiber::SpawnOptions options) {
  ++state_->pending;
  auto done = [state = state_](std::optional<bia::Error> failure) {
    state->home->post([state, failure = std::move(failure)] {
      if (failure && !state->failure) state->failure = failure;
      if (--state->pending == 0) state->parker.unpark();
    });
  };
  target.post([&target, body = std::move(body), options, done] {
    auto fiber = target.spawn(
        [body, done] {
          body();
          done(std::nullopt);
        },
        options);
    // Without memory for a stack the work cannot be done; the caller must not wait for ever.
    if (!fiber) done(std::move(fiber).error());
  });
}

const std::optional<bia::Error>& RemoteTasks::failure() const { return state_->failure; }

bool RemoteTasks::join(bia::Deadline deadline) {
  while (state_->pending > 0) {
    auto parked = state_->parker.park(deadline);
    if (!parked && state_->pending > 0 && deadline.expired()) return false;
    // A cancelled fiber still waits: what it started refers to its stack.
    if (!parked) bia::fiber::yield();
  }
  return true;
}

bia::Result<void> call_on(Scheduler& target, std::function<void()> body,
                          bia::fiber::SpawnOptions options) {
  RemoteTasks tasks;
  tasks.start(target, std::move(body), options);
  tasks.join();
  if (tasks.failure()) return *tasks.failure();
  return {};
}

}  // namespace zelus::exec
