#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "zelus/exec/executor.h"
#include "zelus/exec/remote.h"

namespace zelus::exec {

/// Scenarios with a fixed number of users that loop: the three below.
class FixedUsers : public Executor {
 protected:
  FixedUsers(const options::Scenario& config, const ExecutorContext& context);
  Result<void> execute() override;
  /// Called once all users are back.
  virtual void finish() {}
  /// Called on the user's thread when its loop has ended.
  virtual void loop_ended(size_t /*user*/, uint64_t /*started*/) {}

  LoopLimits limits_;
  int64_t users_ = 0;
};

class SharedIterations final : public FixedUsers {
 public:
  SharedIterations(const options::Scenario& config, const ExecutorContext& context);

 private:
  double current_fraction() const override;
  std::vector<std::string> right_columns() const override;
  void finish() override;
  uint64_t total_ = 0;
};

class PerVuIterations final : public FixedUsers {
 public:
  PerVuIterations(const options::Scenario& config, const ExecutorContext& context);

 private:
  double current_fraction() const override;
  std::vector<std::string> right_columns() const override;
  void loop_ended(size_t user, uint64_t started) override;
  void finish() override;
  uint64_t total_ = 0;
  /// What each user has left undone.
  std::vector<uint64_t> dropped_;
};

class ConstantVus final : public FixedUsers {
 public:
  ConstantVus(const options::Scenario& config, const ExecutorContext& context);

 private:
  double current_fraction() const override;
  std::vector<std::string> right_columns() const override;
};

/// ramping-vus: users start and stop at the moments of the plan, the last started first (k6:
/// ramping_vus.go, vu_handle.go).
class RampingVus final : public Executor {
 public:
  RampingVus(const options::Scenario& config, const ExecutorContext& context);

 private:
  struct Handle {
    std::atomic<bool> gate{false};
    bool wanted = false;
    UserSlot* slot = nullptr;
    std::atomic<uint64_t> epoch{0};
  };
  Result<void> execute() override;
  double current_fraction() const override;
  std::vector<std::string> right_columns() const override;
  void abort() override;
  size_t run_steps();
  bool wait_back(TimePoint at);
  void schedule(int64_t planned);
  void allow(int64_t planned);
  void start(Handle& handle, UserSlot* slot);
  void returned(Handle& handle);

  std::vector<options::PlanStep> raw_steps_, graceful_steps_;
  std::unique_ptr<Handle[]> handles_;
  int64_t users_ = 0;
  int64_t scheduled_ = 0;
  int64_t allowed_ = 0;
  int64_t looping_ = 0;
  bia::fiber::Scheduler* home_ = nullptr;
  bia::fiber::Parker back_;
  std::optional<bia::Error> failure_;
};

/// constant-arrival-rate and ramping-arrival-rate: iterations begin at absolute times, whoever is
/// free runs them.
class ArrivalRate final : public Executor {
 public:
  ArrivalRate(const options::Scenario& config, const ExecutorContext& context);
  ~ArrivalRate() override;

 private:
  struct Runner;
  Result<void> execute() override;
  double current_fraction() const override;
  std::vector<std::string> right_columns() const override;
  void add_runner(UserSlot* slot);
  void missed();
  void schedule();
  void finish();

  bool ramping_;
  int64_t planned_ = 0;
  int64_t users_max_ = 0;
  int64_t unplanned_left_ = 0;
  double rate_most_ = 0;
  std::vector<std::unique_ptr<Runner>> runners_;
  std::vector<Runner*> idle_;
  int64_t busy_ = 0;
  int64_t ended_ = 0;
  bool making_ = false;
  bool warned_ = false;
  Duration period_{0};
  std::optional<bia::Error> failure_;
  bia::fiber::Scheduler* home_ = nullptr;
  bia::fiber::Parker changed_;
};

}  // namespace zelus::exec
