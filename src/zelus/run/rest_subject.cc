// A run as the REST API sees it.
#include <rapidjson/document.h>

#include "zelus/options/json.h"
#include "zelus/run/test_run.h"

namespace zelus::run {

using bia::Code;
using bia::Deadline;
using bia::Error;
using options::LogLevel;

namespace {
constexpr int kExitStoppedFromRest = 103, kExitCannotListen = 106;
constexpr bia::Duration kSnapshotPatience = std::chrono::seconds(10);
}  // namespace

class TestRun::Rest final : public RestSubject {
 public:
  explicit Rest(TestRun& run) : run_(run) {}

  Status status() const override {
    const exec::RunState& state = *run_.state_;
    Status status;
    status.number = run_.engine_->status_number();
    status.paused = run_.engine_->paused();
    status.stopped = state.aborted();
    status.running = state.started() && !state.ended();
    status.vus = state.vus_active();
    status.vus_max = state.vus_initialized();
    for (const auto& entry : run_.thresholds_->entries()) {
      for (const auto& threshold : entry.thresholds) {
        status.tainted = status.tainted || threshold.failed;
      }
    }
    return status;
  }
  void stop() override {
    run_.engine_->abort(options::with_exit(
        Error(Code::kAborted, "STOPPED", "test run stopped from REST API"), kExitStoppedFromRest));
  }
  Result<void> set_paused(bool paused) override { return run_.engine_->set_paused(paused); }
  Result<metrics::Snapshot> snapshot() override {
    return run_.aggregator_->snapshot(metrics::Detail::kTotals, Deadline::after(kSnapshotPatience));
  }
  const metrics::Thresholds& thresholds() const override { return *run_.thresholds_; }
  bia::Duration elapsed() const override { return run_.state_->elapsed(); }
  Result<std::string> root_group() override {
    auto snapshot = BIA_TRY(
        run_.aggregator_->snapshot(metrics::Detail::kSeries, Deadline::after(kSnapshotPatience)));
    snapshot.sort_series();
    rapidjson::Document document;
    BIA_TRY(
        options::parse_json(summary::handle_summary_data(run_.summary_input(snapshot)), document));
    return options::dump(document["root_group"]);
  }
  std::optional<std::string> setup_data() const override {
    const auto& data = run_.engine_->setup_data();
    return data ? std::optional(*data) : std::nullopt;
  }
  void set_setup_data(std::optional<std::string> json) override {
    run_.engine_->set_setup_data(json ? std::make_shared<const std::string>(std::move(*json))
                                      : nullptr);
  }
  Result<void> call_setup() override { return run_.engine_->call_setup(); }
  Result<void> call_teardown() override { return run_.engine_->call_teardown(); }

 private:
  TestRun& run_;
};

Result<void> TestRun::start_rest() {
  if (setup_.global->address.empty()) return {};
  rest_subject_ = std::make_unique<Rest>(*this);
  auto api = RestApi::start(setup_.global->address, *setup_.threads, *rest_subject_);
  if (api) {
    rest_ = std::move(*api);
    return {};
  }
  if (setup_.flags->changed("address")) {
    return options::with_exit(std::move(api).error().in("Error from API server"),
                              kExitCannotListen);
  }
  setup_.log->log(LogLevel::kWarning, "Error from API server", {{"error", api.error().message()}});
  return {};
}

void TestRun::stop_rest() {
  if (rest_) rest_->stop();
  rest_.reset();
}

}  // namespace zelus::run
