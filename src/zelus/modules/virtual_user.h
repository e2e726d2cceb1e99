#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "zelus/modules/vu.h"

namespace zelus::modules {

/// What JavaScript may use of a virtual user's stack.
inline constexpr size_t kScriptStackBytes =
    bia::fiber::kStackBytesUser - bia::js::kNativeStackBytes;

/// A virtual user whose script is JavaScript.
class VirtualUser final : public exec::User {
 public:
  VirtualUser(Script& script, std::shared_ptr<ThreadState> thread, uint64_t vu,
              metrics::Registry& registry, metrics::Shard* shard)
      : thread_(std::move(thread)), vu_(script, *thread_, vu, registry, shard) {}
  ~VirtualUser() override;

  /// Errors carry what the script threw; metadata "exit" has k6's code.
  Result<void> init() override;
  void activate(const exec::Activation& activation) override;
  void set_setup_data(std::shared_ptr<const std::string> json) override {
    setup_json_ = std::move(json);
  }
  exec::Outcome run_iteration(const exec::IterationNumbers& numbers) override;
  exec::Outcome run_setup(std::optional<std::string>& json) override;
  exec::Outcome run_teardown() override;
  exec::Outcome handle_summary(std::string_view data_json,
                               std::optional<exec::SummaryFiles>& files) override;
  void interrupt() override { vu_.interrupt(); }
  void set_stop_at(TimePoint at) override { vu_.set_stop_at(at); }
  void set_id_in_test(uint64_t id) override { vu_.set_id_in_test(id); }

  /// What the script exports; for the first pass.
  Result<exec::ScriptInfo> describe();
  Vu& vu() { return vu_; }

 private:
  struct Call {
    exec::Outcome outcome;
    bia::js::Value result;  ///< awaited
    bool in_promise = false;
  };
  /// Calls an export, drains the loop, awaits the result. Inside Running.
  Call call(const bia::js::Value& function, JSValueConst argument);
  exec::Outcome failure(Call& call);
  exec::Outcome run_stage(std::string_view name, std::string_view group,
                          std::optional<std::string>* json);
  void log_exception(const exec::Outcome& outcome, bool in_promise);
  void record_bytes();
  bia::js::Value setup_data();

  std::shared_ptr<ThreadState> thread_;
  Vu vu_;
  bia::js::Value exports_;
  bia::js::Value function_;     ///< the activation's
  bia::js::Value setup_value_;  ///< parsed once
  std::shared_ptr<const std::string> setup_json_;
  const metrics::TagSet* series_tags_ = nullptr;
  metrics::SeriesId iterations_ = 0, duration_ = 0, sent_ = 0, received_ = 0;
};

}  // namespace zelus::modules
