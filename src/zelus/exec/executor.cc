#include "zelus/exec/executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/exec/executors.h"
#include "zelus/exec/externally_controlled.h"
#include "zelus/exec/fixed_text.h"
#include "zelus/options/options.h"

namespace zelus::exec {

using bia::Code;
using bia::Deadline;
using bia::Error;

namespace {
constexpr Duration kUserPatience = std::chrono::milliseconds(400);
constexpr int kUserAttempts = 5;
}  // namespace

Executor::Executor(const options::Scenario& config, const ExecutorContext& context)
    : config_(config), context_(context) {
  run_.activation.scenario = config.name;
  run_.activation.executor = options::executor_name(config.kind);
  run_.activation.exec = config.exec_or_default();
  run_.activation.env = config.env;
  run_.activation.tags.assign(config.tags.begin(), config.tags.end());
  run_.min_iteration = context.min_iteration;
  run_.state = context.state;
  run_.stripes = *context.segment;
  regular_ = config.regular_duration();
}

Result<void> Executor::run(TimePoint test_start) {
  due_ = test_start + config_.start();
  std::string start_time = bia::format_go_duration(config_.start());
  auto debug = [&](std::string_view text) {
    context_.log->log(options::LogLevel::kDebug, text,
                      {{"executor", config_.name},
                       {"startTime", start_time},
                       {"type", options::executor_name(config_.kind)}});
  };
  if (config_.start() > Duration(0)) {
    debug("Waiting for executor start time...");
    status_ = Status::kWaiting;
    if (!wait_until(due_)) return {};
    status_ = Status::kRunning;
  }
  if (aborted()) return {};
  run_.setup_data = context_.pool->setup_data();
  start_ = bia::now();
  start_unix_ns_.store(std::chrono::duration_cast<std::chrono::nanoseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count(),
                       std::memory_order_relaxed);
  run_.hard_end = start_ + regular_ + config_.stop_grace();
  begun_ = true;
  debug("Starting executor");
  log_start();
  auto result = execute();
  if (result) debug("Executor finished successfully");
  freeze(aborted() || current_fraction() < 1 ? Status::kInterrupted : Status::kDone);
  return result;
}

void Executor::abort() {
  run_.over.store(true, std::memory_order_relaxed);
  wake_.unpark();
}

bool Executor::wait_until(TimePoint at) {
  Deadline deadline(at);
  while (!aborted() && !deadline.expired()) {
    if (!wake_.park(deadline) && !deadline.expired()) return false;
  }
  return !aborted();
}

void Executor::log_start() const {
  if (!context_.log->enabled(options::LogLevel::kDebug)) return;
  auto number = [](int64_t value) { return std::to_string(value); };
  std::vector<std::pair<std::string, std::string>> facts = {
      {"type", std::string(options::executor_name(config_.kind))}};
  auto add = [&](const char* key, std::string value) { facts.emplace_back(key, std::move(value)); };
  std::string regular = bia::format_go_duration(regular_);
  const options::Segment& segment = *context_.segment;
  switch (config_.kind) {
    case options::ExecutorKind::kSharedIterations:
    case options::ExecutorKind::kPerVuIterations:
      add("vus", number(segment.scale(config_.vus_or_default())));
      add("iterations", number(config_.iterations_or_default()));
      add("maxDuration", regular);
      break;
    case options::ExecutorKind::kConstantVus:
      add("vus", number(segment.scale(config_.vus_or_default())));
      add("duration", regular);
      break;
    case options::ExecutorKind::kRampingVus:
      add("startVUs", number(segment.scale(config_.start_vus_or_default())));
      add("maxVUs", number(options::planned_max(options::plan_of(config_, segment))));
      add("duration", regular);
      add("numStages", number(static_cast<int64_t>(config_.stage_list().size())));
      break;
    case options::ExecutorKind::kConstantArrivalRate:
    case options::ExecutorKind::kRampingArrivalRate:
      add("preAllocatedVUs", number(segment.scale(config_.pre_allocated_vus.value_or(0))));
      add("maxVUs", number(segment.scale(config_.max_vus_or_default())));
      add("duration", regular);
      break;
    case options::ExecutorKind::kExternallyControlled:
      add("vus", number(config_.vus_or_default()));
      add("maxVUs", number(config_.max_vus_or_default()));
      add("duration", regular);
      break;
  }
  std::vector<options::LogField> fields = {{"executor", options::executor_name(config_.kind)},
                                           {"scenario", config_.name}};
  for (const auto& [key, value] : facts) fields.push_back({key, value});
  context_.log->log(options::LogLevel::kDebug, "Starting executor run...",
                    std::span<const options::LogField>(fields));
}

void Executor::stop_regular() {
  context_.log->log(options::LogLevel::kDebug,
                    "Regular duration is done, waiting for iterations to gracefully finish",
                    {{"executor", options::executor_name(config_.kind)},
                     {"gracefulStop", bia::format_go_duration(config_.stop_grace())},
                     {"scenario", config_.name}});
  run_.over.store(true, std::memory_order_relaxed);
  if (!aborted() && config_.stop_grace() > Duration(0)) freeze(Status::kStopping);
}

void Executor::freeze(Status status) {
  frozen_.store(false, std::memory_order_relaxed);
  frozen_fraction_.store(current_fraction(), std::memory_order_relaxed);
  frozen_right_ = right_columns();
  frozen_.store(true, std::memory_order_relaxed);
  status_ = status;
}

double Executor::fraction() const {
  if (frozen_.load(std::memory_order_relaxed))
    return frozen_fraction_.load(std::memory_order_relaxed);
  return start_unix_ns_.load(std::memory_order_relaxed) == 0 ? 0 : current_fraction();
}

ProgressLine Executor::line() const {
  ProgressLine line{config_.name, status_, 0, {}};
  if (frozen_.load(std::memory_order_relaxed)) {
    line.fraction = frozen_fraction_.load(std::memory_order_relaxed);
    line.right = frozen_right_;
  } else if (begun_) {
    line.fraction = current_fraction();
    line.right = right_columns();
  } else if (status_ == Status::kWaiting) {
    line.right = {"waiting", fixed_duration(due_ - bia::now(), config_.start())};
  }
  return line;
}

Result<UserSlot*> Executor::take_user() {
  for (int attempt = 1; attempt <= kUserAttempts; ++attempt) {
    if (UserSlot* slot = context_.pool->wait_and_take(kUserPatience)) return slot;
    warn(fmt::format("Could not get a VU from the buffer for {}",
                     bia::format_go_duration(attempt * kUserPatience)));
  }
  return Error(Code::kResourceExhausted, "NO_USER",
               fmt::format("could not get a VU from the buffer in {}",
                           bia::format_go_duration(kUserAttempts * kUserPatience)));
}

Result<std::vector<UserSlot*>> Executor::take_users(int64_t count) {
  std::vector<UserSlot*> users;
  for (int64_t i = 0; i < count; ++i) {
    auto user = take_user();
    if (!user) {
      for (UserSlot* taken : users) context_.pool->give_back(taken);
      return std::move(user).error();
    }
    users.push_back(*user);
  }
  return users;
}

void Executor::warn(std::string_view text) const {
  context_.log->log(
      options::LogLevel::kWarning, text,
      {{"executor", options::executor_name(config_.kind)}, {"scenario", config_.name}});
}

Result<std::unique_ptr<Executor>> make_executor(const options::Scenario& config,
                                                const ExecutorContext& context) {
  using options::ExecutorKind;
  switch (config.kind) {
    case ExecutorKind::kSharedIterations:
      return std::unique_ptr<Executor>(std::make_unique<SharedIterations>(config, context));
    case ExecutorKind::kPerVuIterations:
      return std::unique_ptr<Executor>(std::make_unique<PerVuIterations>(config, context));
    case ExecutorKind::kConstantVus:
      return std::unique_ptr<Executor>(std::make_unique<ConstantVus>(config, context));
    case ExecutorKind::kRampingVus:
      return std::unique_ptr<Executor>(std::make_unique<RampingVus>(config, context));
    case ExecutorKind::kConstantArrivalRate:
    case ExecutorKind::kRampingArrivalRate:
      return std::unique_ptr<Executor>(std::make_unique<ArrivalRate>(config, context));
    case ExecutorKind::kExternallyControlled:
      return std::unique_ptr<Executor>(std::make_unique<ExternallyControlled>(config, context));
  }
  return Error(Code::kInternal, "NO_EXECUTOR", "an executor that nobody knows");
}

}  // namespace zelus::exec
