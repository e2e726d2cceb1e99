#include "zelus/options/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "zelus/options/segment.h"

namespace zelus::options {

using bia::Code;
using bia::Error;
using bia::format_go_duration;

namespace {

constexpr Duration kDurationMin = std::chrono::seconds(1);
constexpr int64_t kUsersMax = 100'000'000;

constexpr std::array<std::string_view, 7> kNames = {
    "shared-iterations",     "per-vu-iterations",    "constant-vus",         "ramping-vus",
    "constant-arrival-rate", "ramping-arrival-rate", "externally-controlled"};

bool name_allowed(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
  });
}

using Problems = std::vector<std::string>;

void base_problems(const Scenario& s, Problems& out) {
  if (s.name.empty()) out.push_back("scenario name can't be empty");
  if (!name_allowed(s.name)) {
    out.push_back(
        "the scenario name should contain only numbers, latin letters, underscores, and dashes");
  }
  if (s.exec && s.exec->empty()) out.push_back("exec value cannot be empty");
  if (s.start() < Duration(0)) out.push_back("the startTime can't be negative");
  if (s.stop_grace() < Duration(0)) out.push_back("the gracefulStop timeout can't be negative");
}

void duration_problems(const Scenario& s, Problems& out) {
  if (!s.duration) {
    out.push_back("the duration is unspecified");
  } else if (*s.duration < kDurationMin) {
    out.push_back(fmt::format("the duration must be at least 1s, but is {}",
                              format_go_duration(*s.duration)));
  }
}

void max_duration_problems(const Scenario& s, Problems& out) {
  if (s.iterations_max_duration() < kDurationMin) {
    out.push_back(fmt::format("the maxDuration must be at least 1s, but is {}",
                              format_go_duration(s.iterations_max_duration())));
  }
}

void stage_problems(const Scenario& s, Problems& out) {
  if (s.stage_list().empty()) {
    out.push_back("at least one stage has to be specified");
    return;
  }
  int number = 0;
  for (const Stage& stage : s.stage_list()) {
    ++number;
    if (!stage.duration) {
      out.push_back(fmt::format("stage {} doesn't have a duration", number));
    } else if (*stage.duration < Duration(0)) {
      out.push_back(fmt::format("the duration for stage {} can't be negative", number));
    }
    if (!stage.target) {
      out.push_back(fmt::format("stage {} doesn't have a target", number));
    } else if (*stage.target < 0) {
      out.push_back(fmt::format("the target for stage {} can't be negative", number));
    }
  }
}

void ramping_vus_problems(const Scenario& s, Problems& out) {
  if (s.start_vus_or_default() < 0) out.push_back("the number of start VUs can't be negative");
  if (s.stages_max(s.start_vus_or_default()) <= 0) {
    out.push_back("either startVUs or one of the stages' target values must be greater than 0");
  }
  stage_problems(s, out);
  if (s.start_vus_or_default() > kUsersMax)
    out.push_back(fmt::format("the startVUs exceed max limit of {}", kUsersMax));
  int number = 0;
  for (const Stage& stage : s.stage_list()) {
    ++number;
    if (stage.target.value_or(0) > kUsersMax) {
      out.push_back(fmt::format("target for stage {} exceeds max limit of {}", number, kUsersMax));
    }
  }
}

void arrival_user_problems(const Scenario& s, Problems& out) {
  if (!s.pre_allocated_vus) {
    out.push_back("the number of preAllocatedVUs isn't specified");
  } else if (*s.pre_allocated_vus < 0) {
    out.push_back("the number of preAllocatedVUs can't be negative");
  }
  if (s.max_vus && *s.max_vus < s.pre_allocated_vus.value_or(0))
    out.push_back("maxVUs can't be less than preAllocatedVUs");
}

void unit_problems(const Scenario& s, Problems& out) {
  if (s.unit() <= Duration(0)) out.push_back("the timeUnit must be more than 0");
}

void external_problems(const Scenario& s, Problems& out) {
  int64_t vus = s.vus_or_default();
  if (vus < 0) out.push_back("the number of VUs can't be negative");
  if (s.max_vus_or_default() < vus) {
    out.push_back(fmt::format(
        "the number of active VUs ({}) must be less than or equal to the number of maxVUs ({})",
        vus, s.max_vus_or_default()));
  }
  if (!s.duration) {
    out.push_back("the duration must be specified, for infinite duration use 0");
  } else if (*s.duration < Duration(0)) {
    out.push_back("the duration can't be negative, for infinite duration use 0");
  }
  if (s.graceful_stop)
    out.push_back("gracefulStop is not supported by the externally controlled executor");
}

std::string facts(const Scenario& s, std::string first) {
  std::vector<std::string> all;
  if (!first.empty()) all.push_back(std::move(first));
  if (s.exec) all.push_back("exec: " + *s.exec);
  if (s.start() > Duration(0)) all.push_back("startTime: " + format_go_duration(s.start()));
  if (s.stop_grace() > Duration(0))
    all.push_back("gracefulStop: " + format_go_duration(s.stop_grace()));
  return all.empty() ? "" : fmt::format(" ({})", fmt::join(all, ", "));
}

double per_second(int64_t rate, Duration unit, double share) {
  return static_cast<double>(rate) * 1e9 / static_cast<double>(unit.count()) * share;
}

std::string user_range(int64_t planned, int64_t most) {
  return most > planned ? fmt::format("maxVUs: {}-{}", planned, most)
                        : fmt::format("maxVUs: {}", planned);
}

}  // namespace

std::string_view executor_name(ExecutorKind kind) { return kNames[static_cast<size_t>(kind)]; }

Result<ExecutorKind> executor_kind(std::string_view name) {
  auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) return static_cast<ExecutorKind>(found - kNames.begin());
  return Error(Code::kInvalidArgument, "UNKNOWN_EXECUTOR",
               fmt::format("unknown executor type '{}'", name));
}

int64_t Scenario::max_vus_or_default() const {
  if (max_vus) return *max_vus;
  return kind == ExecutorKind::kExternallyControlled ? vus_or_default()
                                                     : pre_allocated_vus.value_or(0);
}

const std::vector<Stage>& Scenario::stage_list() const {
  static const std::vector<Stage> kNone;
  return stages ? *stages : kNone;
}

Duration Scenario::stages_duration() const {
  Duration sum(0);
  for (const Stage& stage : stage_list()) sum += stage.duration.value_or(Duration(0));
  return sum;
}

int64_t Scenario::stages_max(int64_t start_value) const {
  int64_t most = start_value;
  for (const Stage& stage : stage_list()) most = std::max(most, stage.target.value_or(0));
  return most;
}

Duration Scenario::regular_duration() const {
  switch (kind) {
    case ExecutorKind::kSharedIterations:
    case ExecutorKind::kPerVuIterations:
      return iterations_max_duration();
    case ExecutorKind::kRampingVus:
    case ExecutorKind::kRampingArrivalRate:
      return stages_duration();
    default:
      return duration.value_or(Duration(0));
  }
}

std::vector<std::string> problems_of(const Scenario& s) {
  Problems out;
  base_problems(s, out);
  switch (s.kind) {
    case ExecutorKind::kSharedIterations:
      if (s.vus_or_default() <= 0) out.push_back("the number of VUs must be more than 0");
      if (s.iterations_or_default() < s.vus_or_default()) {
        out.push_back(
            fmt::format("the number of iterations ({}) can't be less than the number of VUs ({})",
                        s.iterations_or_default(), s.vus_or_default()));
      }
      max_duration_problems(s, out);
      break;
    case ExecutorKind::kPerVuIterations:
      if (s.vus_or_default() <= 0) out.push_back("the number of VUs must be more than 0");
      if (s.iterations_or_default() <= 0)
        out.push_back("the number of iterations must be more than 0");
      max_duration_problems(s, out);
      break;
    case ExecutorKind::kConstantVus:
      if (s.vus_or_default() <= 0) out.push_back("the number of VUs must be more than 0");
      duration_problems(s, out);
      break;
    case ExecutorKind::kRampingVus:
      ramping_vus_problems(s, out);
      break;
    case ExecutorKind::kConstantArrivalRate:
      if (!s.rate) {
        out.push_back("the iteration rate isn't specified");
      } else if (*s.rate <= 0) {
        out.push_back("the iteration rate must be more than 0");
      }
      unit_problems(s, out);
      duration_problems(s, out);
      arrival_user_problems(s, out);
      break;
    case ExecutorKind::kRampingArrivalRate:
      if (s.start_rate.value_or(0) < 0) out.push_back("the startRate value can't be negative");
      unit_problems(s, out);
      stage_problems(s, out);
      arrival_user_problems(s, out);
      break;
    case ExecutorKind::kExternallyControlled:
      external_problems(s, out);
      break;
  }
  return out;
}

std::string describe(const Scenario& s, const Segment& segment) {
  int64_t vus = segment.scale(s.vus_or_default());
  std::string max_duration = "maxDuration: " + format_go_duration(s.iterations_max_duration());
  switch (s.kind) {
    case ExecutorKind::kSharedIterations: {
      auto striped = segment.restriped(s.vus_or_default());
      int64_t iterations = striped ? striped->scale(s.iterations_or_default()) : 0;
      return fmt::format("{} iterations shared among {} VUs{}", iterations, vus,
                         facts(s, max_duration));
    }
    case ExecutorKind::kPerVuIterations:
      return fmt::format("{} iterations for each of {} VUs{}", s.iterations_or_default(), vus,
                         facts(s, max_duration));
    case ExecutorKind::kConstantVus:
      return fmt::format("{} looping VUs for {}{}", vus, format_go_duration(s.regular_duration()),
                         facts(s, ""));
    case ExecutorKind::kRampingVus:
      return fmt::format("Up to {} looping VUs for {} over {} stages{}",
                         segment.scale(s.stages_max(s.start_vus_or_default())),
                         format_go_duration(s.stages_duration()), s.stage_list().size(),
                         facts(s, "gracefulRampDown: " + format_go_duration(s.ramp_down_grace())));
    case ExecutorKind::kConstantArrivalRate: {
      int64_t planned = segment.scale(s.pre_allocated_vus.value_or(0)),
              most = segment.scale(s.max_vus_or_default());
      double share =
          most == 0 ? 0 : static_cast<double>(most) / static_cast<double>(s.max_vus_or_default());
      return fmt::format(
          "{:.2f} iterations/s for {}{}", per_second(s.rate.value_or(0), s.unit(), share),
          format_go_duration(s.regular_duration()), facts(s, user_range(planned, most)));
    }
    case ExecutorKind::kRampingArrivalRate: {
      int64_t planned = segment.scale(s.pre_allocated_vus.value_or(0)),
              most = segment.scale(s.max_vus_or_default());
      return fmt::format(
          "Up to {:.2f} iterations/s for {} over {} stages{}",
          per_second(s.stages_max(s.start_rate.value_or(0)), s.unit(), segment.length()),
          format_go_duration(s.stages_duration()), s.stage_list().size(),
          facts(s, user_range(planned, most)));
    }
    case ExecutorKind::kExternallyControlled:
      break;
  }
  Duration duration = s.duration.value_or(Duration(0));
  return fmt::format("Externally controlled execution with {} VUs, {} max VUs, {} duration",
                     s.vus_or_default(), s.max_vus_or_default(),
                     duration == Duration(0) ? "infinite" : format_go_duration(duration));
}

}  // namespace zelus::options
