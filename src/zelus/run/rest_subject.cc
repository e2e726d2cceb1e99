// A run as the REST API sees it.
#include <fmt/format.h>
#include <rapidjson/document.h>
#include <sys/socket.h>

#include <string>

#include "bia/net/socket.h"
#include "zelus/options/duration.h"
#include "zelus/options/json.h"
#include "zelus/run/go_error.h"
#include "zelus/run/test_run.h"

namespace zelus::run {

using bia::Code;
using bia::Deadline;
using bia::Error;
using options::LogLevel;

namespace {
constexpr int kExitStoppedFromRest = 103, kExitCannotListen = 106;
constexpr bia::Duration kSnapshotPatience = std::chrono::seconds(10);
constexpr bia::Duration kLookUpPatience = std::chrono::seconds(10);
/// "localhost:6565" is an address of this machine, of IPv4 where it has one, as Go listens.
Result<std::string> listen_address(const std::string& address) {
  const size_t colon = address.rfind(':');
  const bool name = colon != std::string::npos && colon > 0 && address.front() != '[' &&
                    !bia::net::Endpoint::parse(address);
  if (!name) return address;
  const auto port = options::parse_int(std::string_view(address).substr(colon + 1));
  if (!port || *port < 0 || *port > UINT16_MAX) return address;
  const auto found =
      BIA_TRY(bia::net::resolve(std::string_view(address).substr(0, colon),
                                static_cast<uint16_t>(*port), Deadline::after(kLookUpPatience)));
  for (const bia::net::Endpoint& each : found) {
    if (each.family() == AF_INET) return each.text();
  }
  return found.front().text();
}

/// Go's words for an address that cannot be listened on.
std::string listen_error(std::string_view address, const Error& error) {
  size_t colon = address.rfind(':');
  if (colon == std::string_view::npos)
    return fmt::format("listen tcp: address {}: missing port in address", address);
  std::string_view port = address.substr(colon + 1);
  bool number = !port.empty() && port.size() <= 5 &&
                port.find_first_not_of("0123456789") == std::string_view::npos;
  if (!number || std::stoi(std::string(port)) > 65535)
    return fmt::format("listen tcp: address {}: invalid port", port);
  std::string before = fmt::format("listen on {}: ", address);
  if (error.message().starts_with("lookup ")) return "listen tcp: " + error.message();
  if (!error.message().starts_with(before)) return error.message();
  return fmt::format("listen tcp {}: bind: {}", address,
                     go_words(error.message().substr(before.size())));
}

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
  Result<void> scale(std::optional<int64_t> vus, std::optional<int64_t> vus_max) override {
    return run_.engine_->scale(vus, vus_max);
  }
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
  setup_.log->log(LogLevel::kDebug, "Starting the REST API server on " + setup_.global->address);
  rest_subject_ = std::make_unique<Rest>(*this);
  auto address = listen_address(setup_.global->address);
  auto api = address ? RestApi::start(*address, *setup_.threads, *rest_subject_)
                     : Result<std::unique_ptr<RestApi>>(address.error());
  if (api) {
    rest_ = std::move(*api);
    return {};
  }
  std::string why = listen_error(address ? *address : setup_.global->address, api.error());
  if (setup_.flags->changed("address"))
    return options::with_exit(Error(api.error().code(), "CANNOT_LISTEN", "Error from API server")
                                  .with_metadata("error", why),
                              kExitCannotListen);
  setup_.log->log(LogLevel::kWarning, "Error from API server", {{"error", why}});
  return {};
}

void TestRun::stop_rest() {
  if (rest_) rest_->stop();
  rest_.reset();
}

}  // namespace zelus::run
