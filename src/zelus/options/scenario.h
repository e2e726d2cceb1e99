#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"

namespace zelus::options {

using bia::Duration;
using bia::Result;
class Segment;

struct Stage {
  std::optional<Duration> duration;
  std::optional<int64_t> target;
};

enum class ExecutorKind {
  kSharedIterations,
  kPerVuIterations,
  kConstantVus,
  kRampingVus,
  kConstantArrivalRate,
  kRampingArrivalRate,
  kExternallyControlled,
};
/// "shared-iterations".
std::string_view executor_name(ExecutorKind kind);
/// Errors: "unknown executor type 'x'".
Result<ExecutorKind> executor_kind(std::string_view name);

/// An entry of `scenarios`. What is unset is k6's default (parity/k6.md 4); accessors give the
/// values in force.
struct Scenario {
  std::string name;
  ExecutorKind kind = ExecutorKind::kPerVuIterations;
  std::optional<Duration> start_time, graceful_stop;
  std::optional<std::string> exec;
  std::map<std::string, std::string> env, tags;
  std::optional<std::string> browser_json;  ///< `options`: its `browser`, "null" without it
  bool browser() const { return browser_json && *browser_json != "null"; }

  std::optional<int64_t> vus, iterations, start_vus, rate, start_rate, pre_allocated_vus, max_vus;
  std::optional<Duration> duration, max_duration, graceful_ramp_down, time_unit;
  std::optional<std::vector<Stage>> stages;

  Duration start() const { return start_time.value_or(Duration(0)); }
  Duration stop_grace() const { return graceful_stop.value_or(std::chrono::seconds(30)); }
  Duration ramp_down_grace() const { return graceful_ramp_down.value_or(std::chrono::seconds(30)); }
  Duration iterations_max_duration() const {
    return max_duration.value_or(std::chrono::minutes(10));
  }
  Duration unit() const { return time_unit.value_or(std::chrono::seconds(1)); }
  std::string exec_or_default() const { return exec.value_or("default"); }
  int64_t vus_or_default() const {
    return vus.value_or(kind == ExecutorKind::kExternallyControlled ? 0 : 1);
  }
  int64_t start_vus_or_default() const { return start_vus.value_or(1); }
  int64_t iterations_or_default() const { return iterations.value_or(1); }
  int64_t max_vus_or_default() const;
  const std::vector<Stage>& stage_list() const;
  Duration stages_duration() const;
  /// The highest of `start` and the stages' targets, unscaled.
  int64_t stages_max(int64_t start) const;
  /// The time in which new iterations may start.
  Duration regular_duration() const;
};
using ScenarioMap = std::map<std::string, Scenario>;

/// k6's Validate for one scenario: texts without the scenario's name.
std::vector<std::string> problems_of(const Scenario& scenario);
/// "10 looping VUs for 30s (gracefulStop: 30s)".
std::string describe(const Scenario& scenario, const Segment& segment);

/// The number of users that a test or an executor needs from `offset` on.
struct PlanStep {
  Duration offset{0};
  int64_t planned = 0;
  int64_t unplanned_max = 0;
  bool operator==(const PlanStep&) const = default;
};
/// k6's GetExecutionRequirements of one scenario, from its own start.
std::vector<PlanStep> plan_of(const Scenario& scenario, const Segment& segment);
/// ramping-vus: users that loop at each moment, without graceful ramp-downs, zero at the end.
std::vector<PlanStep> ramping_steps(const Scenario& scenario, const Segment& segment);
/// By (start, name), as k6 lists them everywhere.
std::vector<const Scenario*> sorted(const ScenarioMap& scenarios);
/// All scenarios of a test together.
std::vector<PlanStep> plan_of(const ScenarioMap& scenarios, const Segment& segment);
int64_t planned_max(const std::vector<PlanStep>& plan);
int64_t possible_max(const std::vector<PlanStep>& plan);
bool has_work(const Scenario& scenario, const Segment& segment);

}  // namespace zelus::options
