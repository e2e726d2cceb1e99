// How many users a test needs at each moment: lib/executors.go and lib/executor/ramping_vus.go of
// k6.
#include <algorithm>
#include <numeric>

#include "zelus/options/scenario.h"
#include "zelus/options/segment.h"

namespace zelus::options {

namespace {

using Steps = std::vector<PlanStep>;

/// A moment of a stage: `part` of `whole` users before its end.
Duration before_end(Duration stage, int64_t part, int64_t whole) {
  // 128 bits: nanoseconds times users outgrow 64.
  return Duration(static_cast<int64_t>(static_cast<__int128>(stage.count()) * part / whole));
}

void add_step(Steps& steps, Duration offset, int64_t planned) {
  if (steps.back().planned != planned) steps.push_back({offset, planned, 0});
}

Steps raw_steps(const Scenario& s, const Segment& segment, bool zero_end) {
  SegmentedIndex index(segment);
  int64_t from = s.start_vus_or_default();
  index.go_to(from);
  Steps steps{{Duration(0), index.scaled(), 0}};
  Duration end(0);
  for (const Stage& stage : s.stage_list()) {
    int64_t target = stage.target.value_or(0);
    Duration duration = stage.duration.value_or(Duration(0));
    end += duration;
    int64_t difference = target - from;
    if (difference == 0) continue;
    if (duration == Duration(0)) {
      index.go_to(target);
      add_step(steps, end, index.scaled());
    } else if (index.unscaled() > target) {
      // A user that goes down stops at the time at which the one above it would have started.
      for (; index.unscaled() > target; index.previous()) {
        add_step(steps, end - before_end(duration, target - index.unscaled() + 1, difference),
                 index.scaled() - 1);
      }
    } else {
      for (; index.unscaled() <= target; index.next()) {
        add_step(steps, end - before_end(duration, target - index.unscaled(), difference),
                 index.scaled());
      }
    }
    from = target;
  }
  if (zero_end && steps.back().planned != 0) steps.push_back({end, 0, 0});
  return steps;
}

/// Users that ramp down stay reserved for `grace`; a ramp-up within it takes them back.
Steps with_ramp_down_grace(const Steps& raw, Duration grace, Duration executor_end) {
  Steps steps;
  int64_t last = 0;
  size_t downward = 0;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (i == 0 || raw[i].planned > last) {
      steps.push_back(raw[i]);
      last = raw[i].planned;
      continue;
    }
    if (raw[i].planned == last) continue;
    Duration until = raw[i].offset + grace;
    bool skipped = false, ramping_down = true;
    for (size_t ahead = std::max(downward, i + 1); ahead < raw.size() && raw[ahead].offset <= until;
         ++ahead) {
      if (raw[ahead].planned >= last) {
        i = ahead - 1;
        skipped = true;
        break;
      }
      if (!ramping_down) continue;
      if (raw[ahead - 1].planned > raw[ahead].planned) {
        downward = ahead;
      } else {
        ramping_down = false;
      }
    }
    if (skipped) continue;
    if (until >= executor_end) break;
    steps.push_back({until, raw[i].planned, 0});
    last = raw[i].planned;
  }
  return steps;
}

}  // namespace

std::vector<PlanStep> ramping_steps(const Scenario& scenario, const Segment& segment) {
  return raw_steps(scenario, segment, true);
}

std::vector<PlanStep> plan_of(const Scenario& s, const Segment& segment) {
  Duration end = s.regular_duration() + s.stop_grace();
  switch (s.kind) {
    case ExecutorKind::kSharedIterations:
    case ExecutorKind::kPerVuIterations:
    case ExecutorKind::kConstantVus: {
      int64_t vus = segment.scale(s.vus_or_default());
      if (vus == 0 && s.kind == ExecutorKind::kSharedIterations) return {{Duration(0), 0, 0}};
      return {{Duration(0), vus, 0}, {end, 0, 0}};
    }
    case ExecutorKind::kRampingVus: {
      Steps steps = raw_steps(s, segment, false);
      if (s.ramp_down_grace() > Duration(0))
        steps = with_ramp_down_grace(steps, s.ramp_down_grace(), end);
      if (steps.back().planned != 0) steps.push_back({end, 0, 0});
      return steps;
    }
    case ExecutorKind::kConstantArrivalRate:
    case ExecutorKind::kRampingArrivalRate: {
      int64_t planned = segment.scale(s.pre_allocated_vus.value_or(0));
      return {{Duration(0), planned, segment.scale(s.max_vus_or_default()) - planned}, {end, 0, 0}};
    }
    case ExecutorKind::kExternallyControlled:
      break;
  }
  Steps steps{{Duration(0), segment.scale(s.max_vus_or_default()), 0}};
  if (s.regular_duration() != Duration(0)) steps.push_back({s.regular_duration(), 0, 0});
  return steps;
}

std::vector<const Scenario*> sorted(const ScenarioMap& scenarios) {
  std::vector<const Scenario*> all;
  for (const auto& [name, scenario] : scenarios) all.push_back(&scenario);
  std::stable_sort(all.begin(), all.end(),
                   [](const Scenario* a, const Scenario* b) { return a->start() < b->start(); });
  return all;
}

std::vector<PlanStep> plan_of(const ScenarioMap& scenarios, const Segment& segment) {
  struct Tracked {
    PlanStep step;
    size_t scenario;
  };
  std::vector<Tracked> tracked;
  size_t count = 0;
  for (const Scenario* scenario : sorted(scenarios)) {
    for (PlanStep step : plan_of(*scenario, segment)) {
      step.offset += scenario->start();
      tracked.push_back({step, count});
    }
    ++count;
  }
  std::stable_sort(tracked.begin(), tracked.end(), [](const Tracked& a, const Tracked& b) {
    return a.step.offset != b.step.offset ? a.step.offset < b.step.offset : a.scenario < b.scenario;
  });
  Steps plan;
  std::vector<int64_t> planned(count, 0), unplanned(count, 0);
  for (const Tracked& at : tracked) {
    planned[at.scenario] = at.step.planned;
    unplanned[at.scenario] = at.step.unplanned_max;
    PlanStep sum{at.step.offset, std::accumulate(planned.begin(), planned.end(), int64_t{0}),
                 std::accumulate(unplanned.begin(), unplanned.end(), int64_t{0})};
    if (plan.empty() || plan.back().planned != sum.planned ||
        plan.back().unplanned_max != sum.unplanned_max)
      plan.push_back(sum);
  }
  return plan;
}

int64_t planned_max(const std::vector<PlanStep>& plan) {
  int64_t most = 0;
  for (const PlanStep& step : plan) most = std::max(most, step.planned);
  return most;
}

int64_t possible_max(const std::vector<PlanStep>& plan) {
  int64_t most = 0;
  for (const PlanStep& step : plan) most = std::max(most, step.planned + step.unplanned_max);
  return most;
}

bool has_work(const Scenario& s, const Segment& segment) {
  switch (s.kind) {
    case ExecutorKind::kSharedIterations: {
      auto striped = segment.restriped(s.vus_or_default());
      return segment.scale(s.vus_or_default()) > 0 && striped &&
             striped->scale(s.iterations_or_default()) > 0;
    }
    case ExecutorKind::kPerVuIterations:
    case ExecutorKind::kConstantVus:
      return segment.scale(s.vus_or_default()) > 0;
    case ExecutorKind::kRampingVus:
      return planned_max(plan_of(s, segment)) > 0;
    case ExecutorKind::kConstantArrivalRate:
    case ExecutorKind::kRampingArrivalRate:
      return segment.scale(s.max_vus_or_default()) > 0;
    case ExecutorKind::kExternallyControlled:
      break;
  }
  return true;
}

}  // namespace zelus::options
