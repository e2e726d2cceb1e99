#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "zelus/exec/user.h"
#include "zelus/options/logger.h"

namespace zelus::exec {

/// Written by one worker thread, read by all.
struct alignas(64) ThreadCounters {
  std::atomic<uint64_t> complete{0};
  std::atomic<uint64_t> interrupted{0};
  std::atomic<int64_t> active{0};

  template <typename T>
  static void add(std::atomic<T>& counter, T value) {
    counter.store(counter.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }
};

/// Progress of one scenario as scripts see it.
class ScenarioView {
 public:
  virtual ~ScenarioView() = default;
  virtual const std::string& name() const = 0;
  /// Any thread: 0 to 1.
  virtual double fraction() const = 0;
  /// Any thread; 0 before the start.
  virtual double start_unix_ms() const = 0;
};

/// Numbers and end of a run: what every thread may ask and tell.
class RunState : public RunView {
 public:
  explicit RunState(size_t workers);

  // RunView, any thread.
  int64_t vus_active() const override;
  int64_t vus_initialized() const override { return initialized_.load(std::memory_order_relaxed); }
  uint64_t iterations_completed() const override;
  uint64_t iterations_interrupted() const override;
  double run_duration_ms() const override;
  double scenario_progress(std::string_view scenario) const override;
  double scenario_start_ms(std::string_view scenario) const override;
  void abort(std::string_view text) override;
  void mark_failed(std::string_view text) override;

  ThreadCounters& counters(size_t worker) { return counters_[worker]; }
  void add_initialized(int64_t count) { initialized_.fetch_add(count, std::memory_order_relaxed); }
  /// Before the scripts run; not changed after.
  void set_scenarios(std::vector<const ScenarioView*> scenarios) {
    scenarios_ = std::move(scenarios);
  }
  /// `on_abort` runs once, on the control thread, outside any fiber.
  void set_control(bia::fiber::Scheduler& control, std::function<void()> on_abort);

  /// Any thread: ends the run with this error (metadata "exit"); the first one counts.
  void abort_with(bia::Error reason);
  bool aborted() const { return aborted_.load(std::memory_order_relaxed); }
  /// Set while an abort ends what scripts run; cleared for teardown and handleSummary.
  const std::atomic<bool>* stop_flag() const { return &stop_; }
  /// What runs from here on, teardown and handleSummary, no abort ends.
  void allow_scripts() {
    scripts_stay_.store(true, std::memory_order_relaxed);
    stop_.store(false, std::memory_order_relaxed);
  }
  /// Control thread.
  const std::optional<bia::Error>& abort_reason() const { return reason_; }
  bool failed() const { return failed_.load(std::memory_order_relaxed); }

  void mark_started();
  void mark_ended();
  bool ended() const { return ended_ns_.load(std::memory_order_relaxed) != 0; }
  bool started() const { return started_ns_.load(std::memory_order_relaxed) != 0; }
  /// From the start to the end or to now; zero before.
  bia::Duration elapsed() const;

 private:
  size_t workers_;
  std::unique_ptr<ThreadCounters[]> counters_;
  std::atomic<int64_t> initialized_{0};
  std::atomic<int64_t> started_ns_{0};
  std::atomic<int64_t> ended_ns_{0};
  std::atomic<bool> aborted_{false};
  std::atomic<bool> stop_{false};
  std::atomic<bool> scripts_stay_{false};
  std::atomic<bool> failed_{false};
  std::vector<const ScenarioView*> scenarios_;
  bia::fiber::Scheduler* control_ = nullptr;
  std::function<void()> on_abort_;
  std::optional<bia::Error> reason_;
};

}  // namespace zelus::exec
