#include "zelus/options/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/options/duration.h"
#include "zelus/options/fields.h"
#include "zelus/options/segment.h"

namespace zelus::options {

using bia::Code;
using bia::Error;

namespace {

Error conflict(std::string text) {
  return with_exit(Error(Code::kInvalidArgument, "OPTIONS_CONFLICT", std::move(text)),
                   kExitInvalidConfig);
}

void lay(DnsOptions& lower, const DnsOptions& upper) {
  if (upper.ttl) lower.ttl = upper.ttl;
  if (upper.select) lower.select = upper.select;
  if (upper.policy) lower.policy = upper.policy;
}

template <typename T>
void lay(std::optional<T>& lower, const std::optional<T>& upper) {
  if (upper) lower = upper;
}

bool sets_execution(const Options& options) {
  return options.duration || options.iterations || options.stages || options.scenarios;
}

Scenario& only_scenario(Options& options, ExecutorKind kind) {
  options.scenarios.emplace();
  Scenario& scenario = (*options.scenarios)["default"];
  scenario.name = "default";
  scenario.kind = kind;
  return scenario;
}

void warn_of_empty(const Options& options, Logger& log) {
  auto empty = [&](const char* name) {
    log.log(LogLevel::kWarning, fmt::format("`{}` was explicitly set to an empty value, running "
                                            "the script with 1 iteration in 1 VU",
                                            name));
  };
  if (options.stages) empty("stages");
  if (options.scenarios) empty("scenarios");
}

}  // namespace

Error with_exit(Error error, int code) {
  for (const auto& [key, value] : error.metadata()) {
    if (key == "exit") return error;
  }
  return std::move(error).with_metadata("exit", std::to_string(code));
}

int exit_of(const Error& error, int otherwise) {
  for (const auto& [key, value] : error.metadata()) {
    if (key == "exit") {
      auto code = parse_int(value);
      if (code) return static_cast<int>(*code);
    }
  }
  return otherwise;
}

const StringList& default_trend_stats() {
  static const StringList kStats = {"avg", "min", "med", "max", "p(90)", "p(95)"};
  return kStats;
}

const StringList& default_system_tags() {
  static const StringList kTags = {
      "proto", "subproto", "status",     "method",      "url",      "name",    "group",
      "check", "error",    "error_code", "tls_version", "scenario", "service", "expected_response"};
  return kTags;
}

void apply(Options& lower, const Options& upper) {
  if (sets_execution(upper)) {
    lower.duration.reset();
    lower.iterations.reset();
    lower.stages.reset();
    lower.scenarios.reset();
  }
  std::optional<StringMap> tags = std::move(lower.tags);
  for (const Field& field : fields()) {
    std::visit([&](auto member) { lay(lower.*member, upper.*member); }, field.member);
  }
  // An empty map does not clear the tags below; stages without a duration are dropped.
  lower.tags = upper.tags && !upper.tags->empty() ? upper.tags : std::move(tags);
  if (lower.stages)
    std::erase_if(*lower.stages, [](const Stage& stage) { return !stage.duration; });
}

void warn_on_override(const Options& below, const Options& above, std::string_view layer,
                      Logger& log) {
  if (!below.scenarios || !sets_execution(above)) return;
  log.log(
      LogLevel::kWarning,
      fmt::format("\"{}\" level configuration overrode scenarios configuration entirely", layer));
}

Result<Options> consolidate(const Options& config_file, const Options& script,
                            const Options& environment, const Options& command_line, Logger& log) {
  Options all;
  apply(all, config_file);
  warn_on_override(all, script, "script", log);
  apply(all, script);
  warn_on_override(all, environment, "env", log);
  apply(all, environment);
  warn_on_override(all, command_line, "cli", log);
  apply(all, command_line);
  if (!all.system_tags) all.system_tags = default_system_tags();
  if (!all.summary_trend_stats) all.summary_trend_stats = default_trend_stats();
  for (const std::string& stat : *all.summary_trend_stats) BIA_TRY(check_trend_stat(stat));
  return all;
}

Result<void> derive_scenarios(Options& options, Logger& log) {
  bool staged = options.stages && !options.stages->empty();
  auto exclude = [](const char* a, const char* b) {
    return conflict(fmt::format("using `{}` and `{}` options simultaneously is not allowed", a, b));
  };
  if (options.iterations) {
    if (staged) return exclude("iterations", "stages");
    if (options.scenarios) return exclude("iterations", "scenarios");
    Scenario& scenario = only_scenario(options, ExecutorKind::kSharedIterations);
    scenario.iterations = options.iterations;
    scenario.max_duration = options.duration;
    scenario.vus = options.vus;
  } else if (options.duration) {
    if (staged) return exclude("duration", "stages");
    if (options.scenarios) return exclude("duration", "scenarios");
    if (*options.duration <= Duration(0)) {
      return conflict(
          "`duration` option should be more than 0, for infinite duration use the "
          "externally-controlled executor");
    }
    Scenario& scenario = only_scenario(options, ExecutorKind::kConstantVus);
    scenario.duration = options.duration;
    scenario.vus = options.vus;
  } else if (staged) {
    if (options.scenarios) return exclude("stages", "scenarios");
    Scenario& scenario = only_scenario(options, ExecutorKind::kRampingVus);
    scenario.stages = options.stages;
    scenario.start_vus = options.vus;
  } else if (options.vus && *options.vus > 0 && !options.stages) {
    if (options.scenarios) {
      log.log(LogLevel::kWarning,
              fmt::format("`vus={}` overrides scenarios configuration", *options.vus));
    }
    Scenario& scenario = only_scenario(options, ExecutorKind::kSharedIterations);
    scenario.iterations = scenario.vus = options.iterations = options.vus;
  } else if (!options.scenarios || options.scenarios->empty()) {
    warn_of_empty(options, log);
    if (options.vus && *options.vus <= 0) {
      log.log(LogLevel::kWarning, fmt::format("`vus={}` option will be ignored, it only works in "
                                              "conjunction with `iterations`, `duration`, or "
                                              "`stages`",
                                              *options.vus));
    }
    only_scenario(options, ExecutorKind::kPerVuIterations);
  }
  return {};
}

Result<void> validate(const Options& options, const std::vector<std::string>& functions) {
  std::vector<std::string> problems;
  auto segment = Segment::create(options.execution_segment.value_or(""),
                                 options.execution_segment_sequence.value_or(""));
  if (!segment) problems.push_back(segment.error().message());
  static const ScenarioMap kNone;
  const ScenarioMap& scenarios = options.scenarios ? *options.scenarios : kNone;
  for (const auto& [name, scenario] : scenarios) {
    auto faults = problems_of(scenario);
    if (!faults.empty())
      problems.push_back(
          fmt::format("scenario {} has configuration errors: {}", name, fmt::join(faults, ", ")));
  }
  if (options.setup_timeout && *options.setup_timeout <= Duration(0))
    problems.push_back("setupTimeout must be positive");
  for (const auto& [name, scenario] : scenarios) {
    std::string exec = scenario.exec && !scenario.exec->empty() ? *scenario.exec : "default";
    if (std::find(functions.begin(), functions.end(), exec) == functions.end()) {
      problems.push_back(
          fmt::format("executor {}: function '{}' not found in exports", name, exec));
    }
  }
  if (problems.empty()) return {};
  std::string text = "There were problems with the specified script configuration:";
  for (const std::string& problem : problems) text += "\n\t- " + problem;
  return with_exit(Error(Code::kInvalidArgument, "BAD_CONFIGURATION", std::move(text)),
                   kExitInvalidConfig);
}

}  // namespace zelus::options
