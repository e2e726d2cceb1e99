#include "zelus/exec/scenario_run.h"

#include <algorithm>

namespace zelus::exec {

namespace {
// Iterations that never suspend, one after the other, before the other users of the thread get
// their turn.
constexpr int kTurnIterations = 16;
}  // namespace

uint64_t begin_activation(UserSlot& slot, ScenarioRun& run) {
  if (!slot.has_setup_data) {
    slot.has_setup_data = true;
    slot.user->set_setup_data(run.setup_data);
  }
  slot.active = true;
  slot.interrupted = false;
  slot.user->set_stop_at(run.hard_end);
  slot.user->activate(run.activation);
  return ++slot.epoch;
}

void end_activation(UserSlot& slot) {
  slot.active = false;
  slot.user->set_stop_at(TimePoint::max());
}

bool run_iteration(UserSlot& slot, ScenarioRun& run, uint64_t number, TimePoint due) {
  ThreadCounters& counters = run.state->counters(slot.worker);
  TimePoint began = run.min_iteration > Duration(0) ? bia::now() : TimePoint();
  Outcome outcome = slot.user->run_iteration({number, run.stripes.global(number), due});
  bool full = outcome.kind != Outcome::Kind::kInterrupted;
  if (full && run.min_iteration > Duration(0)) {
    bia::Deadline until(std::min(began + run.min_iteration, run.hard_end));
    // An interrupt ends the pause, and then the iteration does not count as complete.
    while (!slot.interrupted && !until.expired()) {
      if (!slot.pause.park(until) && !until.expired()) break;
    }
    full = !slot.interrupted && until.at() < run.hard_end;
  }
  if (full) {
    ThreadCounters::add<uint64_t>(counters.complete, 1);
  } else {
    ThreadCounters::add<uint64_t>(counters.interrupted, 1);
  }
  return full;
}

uint64_t run_loop(UserSlot& slot, ScenarioRun& run, const LoopLimits& limits) {
  auto& scheduler = bia::fiber::Scheduler::current();
  uint64_t done = 0, turn = scheduler.turn_count();
  int in_turn = 0;
  while (done < limits.iterations_max && !run.over.load(std::memory_order_relaxed) &&
         !run.state->aborted() && (!limits.gate || limits.gate->load(std::memory_order_relaxed)) &&
         !slot.interrupted) {
    uint64_t number = 0;
    if (!run.claims->next(slot.worker, number)) break;
    ++done;
    bool full = run_iteration(slot, run, number);
    run.claims->done(slot.worker);
    // Nothing starts after the time at which running iterations are interrupted: `over` may come
    // a moment later.
    if (!full) break;
    if (scheduler.turn_count() != turn) {
      turn = scheduler.turn_count();
      in_turn = 0;
    } else if (++in_turn == kTurnIterations) {
      in_turn = 0;
      bia::fiber::yield();
    }
  }
  return done;
}

}  // namespace zelus::exec
