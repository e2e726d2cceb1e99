#include "zelus/exec/remote.h"

#include <utility>

namespace zelus::exec {

using bia::fiber::Scheduler;

struct RemoteTasks::State {
  Scheduler* home = nullptr;
  size_t pending = 0;
  bia::fiber::Parker parker;
};

RemoteTasks::RemoteTasks() : state_(std::make_shared<State>()) {
  state_->home = &Scheduler::current();
}

void RemoteTasks::start(Scheduler& target, std::function<void()> body,
                        bia::fiber::SpawnOptions options) {
  ++state_->pending;
  auto done = [state = state_] {
    state->home->post([state] {
      if (--state->pending == 0) state->parker.unpark();
    });
  };
  target.post([&target, body = std::move(body), options, done] {
    auto fiber = target.spawn(
        [body, done] {
          body();
          done();
        },
        options);
    // Without memory for a stack the work cannot be done; the caller must not wait for ever.
    if (!fiber) done();
  });
}

bool RemoteTasks::join(bia::Deadline deadline) {
  while (state_->pending > 0) {
    auto parked = state_->parker.park(deadline);
    if (!parked && state_->pending > 0 && deadline.expired()) return false;
    // A cancelled fiber still waits: what it started refers to its stack.
    if (!parked) bia::fiber::yield();
  }
  return true;
}

void call_on(Scheduler& target, std::function<void()> body, bia::fiber::SpawnOptions options) {
  RemoteTasks tasks;
  tasks.start(target, std::move(body), options);
  tasks.join();
}

}  // namespace zelus::exec
