#include "zelus/exec/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/exec/externally_controlled.h"
#include "zelus/exec/fixed_text.h"
#include "zelus/exec/remote.h"

namespace zelus::exec {

using bia::Code;
using bia::Deadline;
using bia::Error;

namespace {

constexpr int kExitSetupTimeout = 100, kExitTeardownTimeout = 101, kExitScript = 107,
              kExitGeneric = 255;
constexpr Duration kTimeoutDefault = std::chrono::seconds(60);
constexpr options::LogField kInitPhase{"phase", "execution-scheduler-init"},
    kRunPhase{"phase", "execution-scheduler-run"};

/// k6's error of a lifecycle function that threw.
Error script_error(const Outcome& outcome) {
  // k6 does not take a rejection for an exception of the script.
  if (outcome.rejection || outcome.kind == Outcome::Kind::kBadResult)
    return options::with_exit(Error(Code::kUnknown, "BAD_RESULT", outcome.text), kExitGeneric);
  return options::with_exit(Error(Code::kUnknown, "SCRIPT_EXCEPTION", outcome.text), kExitScript)
      .with_metadata("hint", "script exception")
      .with_metadata("source", "stacktrace");
}

Error timeout_error(std::string_view function, Duration limit, int exit) {
  auto seconds = std::chrono::duration<double>(limit).count();
  return options::with_exit(
             Error(Code::kDeadlineExceeded, "FUNCTION_TIMEOUT",
                   fmt::format("{}() execution timed out after {:.0f} seconds", function, seconds)),
             exit)
      .with_metadata("hint", fmt::format("You can increase the time limit via the {}Timeout option",
                                         function));
}

}  // namespace

Engine::Engine(Setup setup) : setup_(std::move(setup)) {
  pool_ =
      std::make_unique<UserPool>(setup_.workers, *setup_.factory, *setup_.state, setup_.segment);
  pool_->set_log(setup_.log);
  context_ = {setup_.state,
              pool_.get(),
              setup_.log,
              &setup_.segment,
              setup_.options->min_iteration_duration.value_or(Duration(0)),
              setup_.dropped};
  plan_ = options::plan_of(*setup_.options->scenarios, setup_.segment);
}

Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create(Setup setup) {
  std::unique_ptr<Engine> engine(new Engine(std::move(setup)));
  std::vector<const ScenarioView*> views;
  for (const options::Scenario* scenario : options::sorted(*engine->setup_.options->scenarios)) {
    if (!options::has_work(*scenario, engine->setup_.segment)) continue;
    engine->executors_.push_back(BIA_TRY(make_executor(*scenario, engine->context_)));
    views.push_back(engine->executors_.back().get());
  }
  engine->setup_.state->set_scenarios(std::move(views));
  engine->setup_.state->set_control(bia::fiber::Scheduler::current(), [raw = engine.get()] {
    for (auto& executor : raw->executors_) executor->abort();
    raw->pool_->interrupt_all();
    // setup() ends with the run; teardown() is run for it.
    if (raw->phase_ == Phase::kSetup && raw->interrupt_passing_) raw->interrupt_passing_();
    raw->resumed_.unpark();
  });
  return engine;
}

void Engine::debug(std::string_view text, std::initializer_list<options::LogField> fields) const {
  setup_.log->log(options::LogLevel::kDebug, text, fields);
}

Duration Engine::max_duration() const { return plan_.empty() ? Duration(0) : plan_.back().offset; }
int64_t Engine::users_max() const { return options::possible_max(plan_); }

Result<void> Engine::init_users() {
  phase_ = Phase::kInitUsers;
  int64_t needed = options::planned_max(plan_);
  debug("Start of initialization", {{"executorsCount", std::to_string(executors_.size())},
                                    {"neededVUs", std::to_string(needed)},
                                    kInitPhase});
  pool_->set_unplanned_budget(users_max() - needed);
  auto made = pool_->create(needed);
  if (setup_.state->abort_reason()) return *setup_.state->abort_reason();
  phase_ = Phase::kInitDone;
  if (!made) return made;
  debug("Finished initializing needed VUs, start initializing executors...", {kInitPhase});
  for (const auto& executor : executors_)
    debug("Initialized executor " + executor->name(), {kInitPhase});
  debug("Initialization completed", {kInitPhase});
  return made;
}

Result<void> Engine::run() {
  wait_while_paused();
  phase_ = Phase::kStarting;
  Result<void> result;
  if (!setup_.state->aborted()) {
    debug("Start of test run", {{"executorsCount", std::to_string(executors_.size())}, kRunPhase});
    setup_.state->mark_started();
    result = run_all();
    setup_.state->mark_ended();
  }
  setup_.state->allow_scripts();
  // After a failed setup() the progress line stays where it was.
  if (phase_ > Phase::kSetup) phase_ = Phase::kEnded;
  // What aborted the run is on its way here, if it came from another thread.
  while (setup_.state->aborted() && !setup_.state->abort_reason()) bia::fiber::yield();
  if (setup_.state->abort_reason()) return *setup_.state->abort_reason();
  return result;
}

void Engine::wait_while_paused() {
  if (!paused_) return;
  phase_ = Phase::kPaused;
  while (paused_ && !setup_.state->aborted()) {
    if (!resumed_.park()) bia::fiber::yield();
  }
}

Result<void> Engine::set_paused(bool paused) {
  auto refused = [](std::string text) {
    return Error(Code::kFailedPrecondition, "PAUSE", std::move(text));
  };
  if (!setup_.state->started() && paused_) {
    if (paused) return refused("execution is already paused");
    paused_ = false;
    resumed_.unpark();
    return {};
  }
  if (executors_.empty()) return {};
  // As k6: those that come before a scenario that can be paused say that they cannot.
  for (const auto& executor : executors_) {
    if (executor->config().kind == options::ExecutorKind::kExternallyControlled) continue;
    return refused(
        fmt::format("{} executor '{}' doesn't support pause and resume operations after its start",
                    options::executor_name(executor->config().kind), executor->name()));
  }
  for (const auto& executor : executors_)
    BIA_TRY(static_cast<ExternallyControlled&>(*executor).set_paused(paused));
  return {};
}

bool Engine::paused() const {
  ExternallyControlled* external = externally_controlled();
  return paused_ || (external && external->paused());
}

ExternallyControlled* Engine::externally_controlled() const {
  for (const auto& executor : executors_) {
    if (executor->config().kind == options::ExecutorKind::kExternallyControlled)
      return static_cast<ExternallyControlled*>(executor.get());
  }
  return nullptr;
}

Result<void> Engine::scale(std::optional<int64_t> vus, std::optional<int64_t> vus_max) {
  ExternallyControlled* external = externally_controlled();
  if (external) return external->scale(vus, vus_max);
  return Error(Code::kFailedPrecondition, "EXECUTION_CONFIG",
               "an externally-controlled executor needs to be configured for live configuration "
               "updates");
}

int Engine::status_number() const {
  if (setup_.state->failed() && phase_ == Phase::kEnded) return 11;
  if (setup_.state->aborted() && phase_ == Phase::kEnded) return 10;
  constexpr int kNumbers[] = {0, 1, 3, 4, 5, 6, 7, 8, 9};
  return kNumbers[static_cast<size_t>(phase_)];
}

Result<void> Engine::run_all() {
  if (!setup_.options->no_setup.value_or(false)) {
    phase_ = Phase::kSetup;
    debug(setup_.has_setup ? "Running setup()..."
                           : "setup() is not defined or not exported, skipping!");
    BIA_TRY(call_setup());
  }
  phase_ = Phase::kRunning;
  debug("Start all executors...", {kRunPhase});
  Result<void> result = run_scenarios();
  setup_.state->allow_scripts();
  if (setup_.options->no_teardown.value_or(false)) return result;
  phase_ = Phase::kTeardown;
  debug(setup_.has_teardown ? "Running teardown()..."
                            : "teardown() is not defined or not exported, skipping!");
  // An error of teardown counts before that of a scenario, as in k6.
  BIA_TRY(call_teardown());
  return result;
}

Result<void> Engine::call_setup() {
  if (!setup_.has_setup) return {};
  Duration limit = setup_.options->setup_timeout.value_or(kTimeoutDefault);
  Outcome outcome;
  std::optional<std::string> json;
  auto called = with_passing_user(limit, [&](User& user) { outcome = user.run_setup(json); });
  if (!called) {
    if (called.error().code() == Code::kDeadlineExceeded)
      return timeout_error("setup", limit, kExitSetupTimeout);
    return called;
  }
  if (outcome.kind == Outcome::Kind::kException || outcome.kind == Outcome::Kind::kBadResult)
    return script_error(outcome);
  if (setup_.state->aborted())
    return Error(Code::kAborted, "TEST_ABORTED", "the test was aborted during setup()");
  if (outcome.kind == Outcome::Kind::kInterrupted)
    return timeout_error("setup", limit, kExitSetupTimeout);
  if (json) pool_->set_setup_data(std::make_shared<const std::string>(std::move(*json)));
  return {};
}

Result<void> Engine::run_scenarios() {
  TimePoint start = bia::now();
  std::optional<Error> failure;
  size_t pending = executors_.size();
  bia::fiber::Parker ended;
  for (auto& executor : executors_) {
    auto fiber = bia::fiber::Scheduler::current().spawn([&, raw = executor.get()] {
      auto result = raw->run(start);
      if (!result && !failure) {
        failure = std::move(result).error();
        setup_.log->log(options::LogLevel::kError, "Executor error",
                        {{"error", failure->message()}, {"executor", raw->name()}});
        for (auto& other : executors_) other->abort();
        pool_->interrupt_all();
      }
      if (--pending == 0) ended.unpark();
    });
    if (!fiber) {
      --pending;
      failure = std::move(fiber).error();
    }
  }
  while (pending > 0) {
    if (!ended.park()) bia::fiber::yield();
  }
  if (failure) return std::move(*failure);
  return {};
}

Result<void> Engine::call_teardown() {
  if (!setup_.has_teardown) return {};
  Duration limit = setup_.options->teardown_timeout.value_or(kTimeoutDefault);
  Outcome outcome;
  auto called = with_passing_user(limit, [&](User& user) {
    user.set_setup_data(pool_->setup_data());
    outcome = user.run_teardown();
  });
  if (!called) {
    if (called.error().code() == Code::kDeadlineExceeded)
      return timeout_error("teardown", limit, kExitTeardownTimeout);
    return called;
  }
  if (outcome.kind == Outcome::Kind::kException || outcome.kind == Outcome::Kind::kBadResult)
    return script_error(outcome);
  if (outcome.kind == Outcome::Kind::kInterrupted && !setup_.state->aborted())
    return timeout_error("teardown", limit, kExitTeardownTimeout);
  return {};
}

Result<void> Engine::with_passing_user(Duration limit, std::function<void(User&)> work) {
  const Worker& worker = setup_.workers.front();
  std::optional<Error> failure;
  // On the worker's thread. Shared, as a late interrupt may come when this function has returned.
  auto running = std::make_shared<User*>(nullptr);
  bool late = false;
  RemoteTasks task;
  task.start(*worker.scheduler,
             [&] {
               auto user = setup_.factory->make_user(0, *worker.shard);
               if (!user) {
                 failure = std::move(user).error();
                 return;
               }
               (*user)->set_stop_at(bia::now() + limit);
               auto ready = (*user)->init();
               if (!ready) {
                 failure = std::move(ready).error();
                 return;
               }
               *running = user->get();
               work(**user);
               *running = nullptr;
             },
             {bia::fiber::kStackBytesUser});
  interrupt_passing_ = [&worker, running] {
    worker.scheduler->post([running] {
      if (*running) (*running)->interrupt();
    });
  };
  if (!task.join(Deadline::after(limit))) {
    late = true;
    interrupt_passing_();
    task.join();
  }
  interrupt_passing_ = nullptr;
  if (task.failure()) return *task.failure();
  if (late) return Error(Code::kDeadlineExceeded, "FUNCTION_TIMEOUT", "the function ran too long");
  if (failure) return std::move(*failure);
  return {};
}

void Engine::destroy_users() {
  // A seventh of the CPU time of a run of 1,000 users that import lodash went into freeing.
  setup_.factory->end();
  pool_->destroy();
}

void Engine::leave_users() { pool_->leave(); }

std::string Engine::counts() const {
  const RunState& state = *setup_.state;
  return fmt::format(
      "{} ({}), {}/{} VUs, {} complete and {} interrupted iterations",
      paused() ? "paused" : "running", fixed_duration(state.elapsed(), max_duration()),
      fixed_int(state.vus_active(), users_max()), fixed_int(state.vus_initialized(), users_max()),
      state.iterations_completed(), state.iterations_interrupted());
}

Engine::Head Engine::head() const {
  int64_t planned = options::planned_max(plan_);
  switch (phase_) {
    case Phase::kInit:
      return {"Init", init_text_, 0};
    case Phase::kInitUsers:
      return {
          "Init",
          fmt::format("{}/{} VUs initialized", fixed_int(pool_->created(), planned), planned),
          planned == 0 ? 0 : static_cast<double>(pool_->created()) / static_cast<double>(planned)};
    case Phase::kInitDone:
      return {"Init", "", 1};
    case Phase::kPaused:
      return {"Run", "paused", 1};
    case Phase::kStarting:
      return {"Run", "running", 1};
    case Phase::kSetup:
      return {"Run", "setup()", 1};
    case Phase::kRunning:
    case Phase::kTeardown:
    case Phase::kEnded:
      break;
  }
  // k6 shows teardown() nowhere: the counts have replaced the bar by then.
  return {"", counts(), 0};
}

std::vector<ProgressLine> Engine::lines() const {
  std::vector<ProgressLine> all;
  for (const auto& executor : executors_) all.push_back(executor->line());
  return all;
}

std::vector<std::string> Engine::names() const {
  std::vector<std::string> all;
  for (const auto& executor : executors_) all.push_back(executor->name());
  return all;
}

}  // namespace zelus::exec
