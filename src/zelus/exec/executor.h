#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zelus/exec/scenario_run.h"

namespace zelus::exec {

/// What executors use of the run. Control thread.
struct ExecutorContext {
  RunState* state = nullptr;
  UserPool* pool = nullptr;
  options::Logger* log = nullptr;
  const options::Segment* segment = nullptr;
  Duration min_iteration{0};
  /// Records dropped_iterations for a scenario.
  std::function<void(std::string_view scenario, uint64_t count)> dropped;
};

/// The mark in a progress line (k6: internal/ui/pb).
enum class Status { kRunning, kWaiting, kStopping, kInterrupted, kDone };

struct ProgressLine {
  std::string name;
  Status status = Status::kRunning;
  double fraction = 0;
  std::vector<std::string> right;
};

/// Runs one scenario. Lives on the control thread; users run on the workers.
class Executor : public ScenarioView {
 public:
  ~Executor() override = default;
  /// Waits for the scenario's start and runs it to its end. Suspends. Errors: no user to be had.
  Result<void> run(TimePoint test_start);
  /// The run was aborted: no new iterations, waits end. The pool interrupts the users.
  virtual void abort();
  ProgressLine line() const;
  const options::Scenario& config() const { return config_; }

  const std::string& name() const override { return config_.name; }
  double fraction() const override;
  double start_unix_ms() const override {
    return static_cast<double>(start_unix_ns_.load(std::memory_order_relaxed)) / 1e6;
  }

 protected:
  Executor(const options::Scenario& config, const ExecutorContext& context);

  struct Progress {
    double fraction = 0;
    std::vector<std::string> right;
  };
  /// Any thread may ask for the fraction; the rest is of the control thread.
  virtual double current_fraction() const = 0;
  virtual std::vector<std::string> right_columns() const = 0;
  /// Between `start_` and the last user's return.
  virtual Result<void> execute() = 0;

  Duration spent() const { return bia::now() - start_; }
  TimePoint regular_end() const { return start_ + regular_; }
  /// Takes `count` users, waiting as k6 does (400 ms, five times, with warnings).
  Result<std::vector<UserSlot*>> take_users(int64_t count);
  Result<UserSlot*> take_user();
  /// Suspends until `at`; false when aborted.
  bool wait_until(TimePoint at);
  bool aborted() const { return context_.state->aborted(); }
  /// The regular duration is over: no new iterations.
  void stop_regular();
  void warn(std::string_view text) const;

  const options::Scenario& config_;
  const ExecutorContext& context_;
  ScenarioRun run_;
  TimePoint start_{};
  Duration regular_{0};

 private:
  void freeze(Status status);
  void log_start() const;

  Status status_ = Status::kRunning;
  bool begun_ = false;
  TimePoint due_{};
  std::atomic<bool> frozen_{false};
  std::atomic<double> frozen_fraction_{0};
  std::vector<std::string> frozen_right_;
  std::atomic<int64_t> start_unix_ns_{0};
  bia::fiber::Parker wake_;
};

/// Errors: kUnimplemented naming the executor where it is not built.
Result<std::unique_ptr<Executor>> make_executor(const options::Scenario& config,
                                                const ExecutorContext& context);

}  // namespace zelus::exec
