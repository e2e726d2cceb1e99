#pragma once
#include <atomic>
#include <memory>

#include "zelus/exec/claims.h"
#include "zelus/exec/run_state.h"
#include "zelus/exec/user_pool.h"
#include "zelus/options/scenario.h"
#include "zelus/options/segment.h"

namespace zelus::exec {

/// What the users of one scenario share while it runs: read by all threads, written by the control
/// thread.
struct ScenarioRun {
  Activation activation;
  /// No new iterations: the regular duration is over, or the run was aborted.
  std::atomic<bool> over{false};
  /// Users that still run at this time are interrupted.
  TimePoint hard_end = TimePoint::max();
  Duration min_iteration{0};
  std::unique_ptr<IterationClaims> claims;
  /// Turns a local iteration number into that of the whole test.
  options::Segment stripes;
  RunState* state = nullptr;
  std::shared_ptr<const std::string> setup_data;
};

/// On the user's thread, in its fiber: takes and leaves a scenario. `begin` returns the
/// activation's epoch.
uint64_t begin_activation(UserSlot& slot, ScenarioRun& run);
void end_activation(UserSlot& slot);

/// One iteration, counted; then the rest of minIterationDuration. False if it was interrupted.
/// `due`: when it should have begun; the epoch where nothing says so.
bool run_iteration(UserSlot& slot, ScenarioRun& run, uint64_t number, TimePoint due = {});

struct LoopLimits {
  /// Cleared to end the loop after the current iteration; null: none.
  const std::atomic<bool>* gate = nullptr;
  /// per-vu-iterations.
  uint64_t iterations_max = IterationClaims::kUnlimited;
};
/// Iterations one after the other until the scenario is over, the gate closes or the numbers are
/// used up. Returns how many were started.
uint64_t run_loop(UserSlot& slot, ScenarioRun& run, const LoopLimits& limits);

}  // namespace zelus::exec
