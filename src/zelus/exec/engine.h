#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zelus/exec/executor.h"
#include "zelus/options/options.h"
#include "zelus/options/segment.h"

namespace zelus::metrics {
class Shard;
}

namespace zelus::exec {

class ExternallyControlled;

/// What a run does from the first user's init to teardown (k6: internal/execution/scheduler.go).
/// Lives on the control thread, which runs no users and so always answers; users run on the
/// workers.
class Engine {
 public:
  struct Setup {
    /// Consolidated, with scenarios derived and validated. Outlives the engine.
    const options::Options* options = nullptr;
    options::Segment segment;
    std::vector<Worker> workers;
    UserFactory* factory = nullptr;
    RunState* state = nullptr;
    options::Logger* log = nullptr;
    bool has_setup = false;
    bool has_teardown = false;
    /// Records dropped_iterations; control thread.
    std::function<void(std::string_view scenario, uint64_t count)> dropped;
  };
  /// Errors: an executor that is not built.
  static Result<std::unique_ptr<Engine>> create(Setup setup);
  ~Engine();

  const std::vector<options::PlanStep>& plan() const { return plan_; }
  Duration max_duration() const;
  int64_t users_max() const;

  /// Makes the planned users. Suspends. Errors: those of the script's top level (exit 107); the
  /// reason of an abort.
  Result<void> init_users();
  /// setup(), the scenarios, teardown(). Suspends. Errors carry k6's exit code; an abort's reason
  /// comes before all others.
  Result<void> run();
  /// Control thread: ends the run with this error; teardown still runs.
  void abort(bia::Error reason) { setup_.state->abort_with(std::move(reason)); }
  /// Runs `work` with a user 0 on a worker, within `limit`. Errors: those of its init;
  /// kDeadlineExceeded.
  Result<void> with_passing_user(Duration limit, std::function<void(User&)> work);
  /// Ends all users; before the worker threads end. Suspends.
  void destroy_users();
  /// Instead, where the process ends before anything else happens to this engine. Suspends.
  void leave_users();

  /// Before `run`: it waits, before setup, for `set_paused(false)` (k6: --paused).
  void start_paused() { paused_ = true; }
  bool paused() const;
  /// Errors (k6's texts): pausing what has started, unless externally-controlled scenarios alone
  /// run; it is paused or runs already.
  Result<void> set_paused(bool paused);
  /// Changes the users of the first externally-controlled scenario. Suspends. Errors: there is none
  /// (reason EXECUTION_CONFIG); numbers that are not possible (CONFIG_UPDATE).
  Result<void> scale(std::optional<int64_t> vus, std::optional<int64_t> vus_max);
  const RunState& state() const { return *setup_.state; }
  /// k6's ExecutionStatus: 0 created … 7 running … 11 marked as failed.
  int status_number() const;
  /// For the REST API: the data that setup() would return.
  void set_setup_data(std::shared_ptr<const std::string> json) {
    pool_->set_setup_data(std::move(json));
  }
  /// Calls setup() or teardown() of the script. Suspends. `run` does so too, unless told not to.
  Result<void> call_setup();
  Result<void> call_teardown();

  /// The first progress line: "Init", "Run", or the counts of the run.
  struct Head {
    std::string left;  ///< empty: `text` is the whole line
    std::string text;  ///< right of the bar
    double fraction = 0;
  };
  Head head() const;
  std::vector<ProgressLine> lines() const;
  /// Names in the order of `lines`.
  std::vector<std::string> names() const;
  void set_init_text(std::string text) { init_text_ = std::move(text); }

  bool setup_done() const { return phase_ >= Phase::kRunning; }
  const std::shared_ptr<const std::string>& setup_data() const { return pool_->setup_data(); }

 private:
  explicit Engine(Setup setup);
  Result<void> run_scenarios();
  Result<void> run_all();
  void wait_while_paused();
  void debug(std::string_view text, std::initializer_list<options::LogField> fields = {}) const;
  std::string counts() const;
  ExternallyControlled* externally_controlled() const;

  enum class Phase {
    kInit,
    kInitUsers,
    kInitDone,
    kPaused,
    kStarting,
    kSetup,
    kRunning,
    kTeardown,
    kEnded
  };
  Setup setup_;
  ExecutorContext context_;
  std::unique_ptr<UserPool> pool_;
  std::vector<std::unique_ptr<Executor>> executors_;
  std::vector<options::PlanStep> plan_;
  Phase phase_ = Phase::kInit;
  std::string init_text_;
  bool paused_ = false;
  bia::fiber::Parker resumed_;
  /// Set while with_passing_user runs. Thread of the control fiber.
  std::function<void()> interrupt_passing_;
};

}  // namespace zelus::exec
