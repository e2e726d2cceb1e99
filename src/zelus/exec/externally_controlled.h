#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bia/fiber/sync.h"
#include "zelus/exec/executor.h"

namespace zelus::exec {

/// externally-controlled (k6 1.x): users loop until told otherwise; the REST API pauses them and
/// changes their number (k6: externally_controlled.go).
class ExternallyControlled final : public Executor {
 public:
  ExternallyControlled(const options::Scenario& config, const ExecutorContext& context);

  /// Changes the number of looping users and the most there may be; what is unset stays. Surplus
  /// users are interrupted. Suspends until the new number loops. Errors: k6's texts; those of the
  /// init of users that have to be made.
  Result<void> scale(std::optional<int64_t> vus, std::optional<int64_t> vus_max);
  /// Paused users end their iteration and wait. Errors: it is so already.
  Result<void> set_paused(bool paused);
  bool paused() const { return paused_; }

 private:
  struct Handle {
    UserSlot* slot = nullptr;
    std::atomic<bool> gate{false};
    std::atomic<uint64_t> epoch{0};
    bool wanted = false;
    bool looping = false;
  };
  Result<void> execute() override;
  double current_fraction() const override;
  std::vector<std::string> right_columns() const override;
  void abort() override;
  /// Takes or makes users until there are `vus_max`, or gives up those above it.
  Result<void> resize(int64_t vus_max);
  void apply();
  void start(Handle& handle);
  void stop_now(Handle& handle);
  void returned(Handle& handle);
  /// Suspends until no more than `count` users loop.
  void wait_looping(int64_t count, TimePoint at);
  Result<void> settle();

  int64_t vus_ = 0, vus_max_ = 0;
  /// The first `vus_max_` are in use; those above were given up and may come back.
  std::vector<std::unique_ptr<Handle>> handles_;
  int64_t looping_ = 0;
  bool paused_ = false;
  bool running_ = false;
  bool ended_ = false;
  bia::fiber::Scheduler* home_ = nullptr;
  bia::fiber::WaitQueue settled_;
  bia::fiber::Mutex changing_;
  std::optional<bia::Error> failure_;
};

}  // namespace zelus::exec
