#include "zelus/exec/run_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/options/options.h"

namespace zelus::exec {

using bia::Code;
using bia::Error;

namespace {
constexpr int kExitScriptAborted = 108;

int64_t steady_ns() { return bia::now().time_since_epoch().count(); }
}  // namespace

RunState::RunState(size_t workers)
    : workers_(workers), counters_(std::make_unique<ThreadCounters[]>(workers)) {}

void RunState::set_control(bia::fiber::Scheduler& control, std::function<void()> on_abort) {
  control_ = &control;
  on_abort_ = std::move(on_abort);
}

int64_t RunState::vus_active() const {
  int64_t sum = 0;
  for (size_t i = 0; i < workers_; ++i) sum += counters_[i].active.load(std::memory_order_relaxed);
  return sum;
}

uint64_t RunState::iterations_completed() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < workers_; ++i)
    sum += counters_[i].complete.load(std::memory_order_relaxed);
  return sum;
}

uint64_t RunState::iterations_interrupted() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < workers_; ++i)
    sum += counters_[i].interrupted.load(std::memory_order_relaxed);
  return sum;
}

bia::Duration RunState::elapsed() const {
  int64_t started = started_ns_.load(std::memory_order_relaxed),
          ended = ended_ns_.load(std::memory_order_relaxed);
  if (started == 0) return bia::Duration(0);
  return bia::Duration((ended != 0 ? ended : steady_ns()) - started);
}

double RunState::run_duration_ms() const { return static_cast<double>(elapsed().count()) / 1e6; }
void RunState::mark_started() { started_ns_.store(steady_ns(), std::memory_order_relaxed); }
void RunState::mark_ended() { ended_ns_.store(steady_ns(), std::memory_order_relaxed); }

double RunState::scenario_progress(std::string_view scenario) const {
  for (const ScenarioView* view : scenarios_) {
    if (view->name() == scenario) return view->fraction();
  }
  return 0;
}

double RunState::scenario_start_ms(std::string_view scenario) const {
  for (const ScenarioView* view : scenarios_) {
    if (view->name() == scenario) return view->start_unix_ms();
  }
  return 0;
}

void RunState::abort(std::string_view text) {
  abort_with(options::with_exit(Error(Code::kAborted, "TEST_ABORTED", std::string(text)),
                                kExitScriptAborted));
}

void RunState::mark_failed(std::string_view) { failed_.store(true, std::memory_order_relaxed); }

void RunState::abort_with(Error reason) {
  if (aborted_.exchange(true, std::memory_order_relaxed)) return;
  if (!scripts_stay_.load(std::memory_order_relaxed)) stop_.store(true, std::memory_order_relaxed);
  if (!control_) return;
  control_->post([this, reason = std::make_shared<Error>(std::move(reason))] {
    reason_ = std::move(*reason);
    if (on_abort_) on_abort_();
  });
}

}  // namespace zelus::exec
