#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "bia/fiber/threads.h"
#include "zelus/exec/engine.h"
#include "zelus/metrics/shard.h"

namespace zelus::exec::testing_support {

/// What fake users do and saw; shared by threads.
struct FakeScript {
  /// What an iteration does: how long it takes. Zero: nothing that suspends.
  Duration iteration{0};
  Duration setup{0};
  std::function<void(uint64_t vu, const IterationNumbers&, RunView&)> on_iteration;

  std::atomic<uint64_t> iterations{0}, interrupted{0};
  std::atomic<int> setups{0}, teardowns{0}, inits{0};
  std::atomic<int64_t> running{0}, running_max{0};
  std::mutex mutex;
  std::set<uint64_t> numbers;
  std::map<uint64_t, uint64_t> by_user;
  std::vector<TimePoint> starts;
};

class FakeUser final : public User {
 public:
  FakeUser(uint64_t vu, FakeScript& script, RunView& run) : vu_(vu), script_(script), run_(run) {}
  Result<void> init() override {
    ++script_.inits;
    return {};
  }
  void activate(const Activation&) override {}
  void set_setup_data(std::shared_ptr<const std::string>) override {}
  Outcome run_iteration(const IterationNumbers& numbers) override {
    interrupted_ = false;
    {
      std::lock_guard lock(script_.mutex);
      script_.numbers.insert(numbers.in_scenario_test);
      ++script_.by_user[vu_];
      script_.starts.push_back(bia::now());
    }
    int64_t running = ++script_.running;
    for (int64_t most = script_.running_max;
         running > most && !script_.running_max.compare_exchange_weak(most, running);) {
    }
    ++script_.iterations;
    if (script_.on_iteration) script_.on_iteration(vu_, numbers, run_);
    pause(script_.iteration);
    --script_.running;
    if (!interrupted_) return {};
    ++script_.interrupted;
    return {Outcome::Kind::kInterrupted, "", false};
  }
  Outcome run_setup(std::optional<std::string>& json) override {
    ++script_.setups;
    interrupted_ = false;
    pause(script_.setup);
    json = "1";
    return {};
  }
  Outcome run_teardown() override {
    ++script_.teardowns;
    return {};
  }
  Outcome handle_summary(std::string_view, std::optional<SummaryFiles>&) override { return {}; }
  void interrupt() override {
    interrupted_ = true;
    parker_.unpark();
  }
  void set_stop_at(TimePoint) override {}

 private:
  void pause(Duration length) {
    bia::Deadline until = bia::Deadline::after(length);
    while (length > Duration(0) && !interrupted_ && !until.expired())
      parker_.park(until).ignore("the loop looks again");
  }
  uint64_t vu_;
  FakeScript& script_;
  RunView& run_;
  bool interrupted_ = false;
  bia::fiber::Parker parker_;
};

class FakeFactory final : public UserFactory {
 public:
  explicit FakeFactory(FakeScript& script) : script_(script) {}
  Result<ScriptInfo> load(const ScriptSource&, const RuntimeOptions&, metrics::Registry&,
                          options::Logger&) override {
    return ScriptInfo();
  }
  Result<void> configure(UserOptions, RunView& run, const std::atomic<bool>*) override {
    run_ = &run;
    return {};
  }
  Result<std::unique_ptr<User>> make_user(uint64_t vu, metrics::Shard&) override {
    return std::unique_ptr<User>(std::make_unique<FakeUser>(vu, script_, *run_));
  }

 private:
  FakeScript& script_;
  RunView* run_ = nullptr;
};

class QuietLog final : public options::Logger {
 public:
  bool enabled(options::LogLevel) const override { return true; }
  void log(options::LogLevel, std::string_view message,
           std::span<const options::LogField>) override {
    std::lock_guard lock(busy_);  // Users are made on all threads.
    lines.emplace_back(message);
  }
  std::vector<std::string> lines;

 private:
  std::mutex busy_;
};

struct RunResult {
  std::optional<bia::Error> error;
  uint64_t complete = 0, interrupted = 0, dropped = 0, dropped_samples = 0;
  int64_t active = 0;
  std::vector<ProgressLine> lines;
  Duration took{0};
};

/// Runs scenarios on two worker threads and the control thread. `during` runs as a fiber beside it.
inline RunResult run_fake(FakeScript& script, options::ScenarioMap scenarios,
                          std::function<void(Engine&)> during = {}, options::Options options = {}) {
  RunResult result;
  for (auto& [name, scenario] : scenarios) scenario.name = name;
  options.scenarios = std::move(scenarios);
  auto threads = bia::fiber::ThreadGroup::create(3);
  BIA_ASSERT(threads.ok());
  std::vector<bia::fiber::Parker> ended(3);
  (*threads)->run([&](size_t index) {
    if (index != 0) {
      while (!ended[index].park()) bia::fiber::yield();
      return;
    }
    QuietLog log;
    FakeFactory factory(script);
    RunState state(2);
    factory.configure({}, state, state.stop_flag()).value();
    std::vector<std::unique_ptr<metrics::Shard>> shards;
    std::vector<Worker> workers;
    for (size_t i = 1; i < 3; ++i) {
      shards.push_back(std::make_unique<metrics::Shard>(metrics::Registry()));
      workers.push_back({&(*threads)->scheduler(i), shards.back().get()});
    }
    auto engine = Engine::create({&options, options::Segment(), workers, &factory, &state, &log,
                                  true, true, [&](std::string_view, uint64_t count) {
                                    result.dropped += count;
                                    ++result.dropped_samples;
                                  }});
    if (!engine) {
      result.error = engine.error();
    } else {
      bia::fiber::Fiber beside;
      if (during) beside = *bia::fiber::Scheduler::current().spawn([&] { during(**engine); });
      TimePoint start = bia::now();
      auto done = (*engine)->init_users();
      if (done) done = (*engine)->run();
      result.took = bia::now() - start;
      if (!done) result.error = done.error();
      if (beside.valid()) {
        beside.cancel();
        beside.join().ignore("it ends");
      }
      result.complete = state.iterations_completed();
      result.interrupted = state.iterations_interrupted();
      result.active = state.vus_active();
      result.lines = (*engine)->lines();
      (*engine)->destroy_users();
    }
    for (size_t i = 1; i < 3; ++i)
      (*threads)->scheduler(i).post([&ended, i] { ended[i].unpark(); });
  });
  return result;
}

}  // namespace zelus::exec::testing_support
