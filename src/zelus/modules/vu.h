#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/time.h"
#include "bia/fiber/interruptible.h"
#include "js/runtime.h"
#include "zelus/exec/user.h"
#include "zelus/metrics/shard.h"
#include "zelus/modules/check_series.h"
#include "zelus/modules/dialer.h"
#include "zelus/modules/event_loop.h"
#include "zelus/modules/http/response_fields.h"
#include "zelus/modules/source/script.h"

namespace zelus::modules {

class HttpUser;
struct GrpcChannel;
struct ThreadState;

/// Class ids of the objects that natives hand to scripts: the same in every runtime.
enum ClassId : JSClassID {
  kClassResponse = BIA_JS_CLASS_FIRST,
  kClassMetric,
  kClassHttpUrl,
  kClassExpectedStatuses,
  kClassCookieJar,
  kClassFileData,
  kClassGrpcClient,
  kClassGrpcResponse,
  kClassTags,
  kClassHtmlSelection,
  kClassHtmlElement,
  kClassLast,
};

/// A virtual user as its natives see it. All on the user's fiber, inside js::Running, unless said
/// otherwise.
class Vu final : public bia::js::ContextHooks {
 public:
  enum class Phase { kInit, kSetup, kIteration, kTeardown, kSummary };

  /// `shard` is null in the first pass; `registry` is the shard's otherwise.
  Vu(Script& script, ThreadState& thread, uint64_t id, metrics::Registry& registry,
     metrics::Shard* shard);
  ~Vu();
  static Vu& of(JSContext* ctx) { return bia::js::Context::owner_of<Vu>(ctx); }

  Script& script() { return script_; }
  const Script& script() const { return script_; }
  ThreadState& thread() { return thread_; }
  bia::js::Context& context() { return *context_; }
  JSContext* ctx() const { return context_->get(); }
  EventLoop& loop() { return loop_; }
  uint64_t id() const { return id_; }
  /// Another number than `id` with execution segments.
  uint64_t id_in_test() const { return id_in_test_; }
  void set_id_in_test(uint64_t id) { id_in_test_ = id; }
  bool in_init() const { return phase_ == Phase::kInit; }
  Phase phase() const { return phase_; }
  void set_phase(Phase phase) { phase_ = phase; }
  metrics::Registry& registry() { return registry_; }

  // Metrics. Not in the init phase.
  metrics::Shard& shard() { return *shard_; }
  /// Tags of all that is recorded now: run, scenario, exec.vu.metrics.tags, group.
  const metrics::TagSet* tags() const { return tags_; }
  void set_tags(const metrics::TagSet* tags) { tags_ = tags; }
  /// Wall time and metadata for samples; costs nothing where no output wants single samples.
  metrics::Moment moment();
  void record(metrics::SeriesId series, double value);
  void record(metrics::MetricId metric, const metrics::TagSet* tags, double value);
  /// "::a::b"; empty at the root.
  std::string& group_path() { return group_path_; }
  void count_bytes(uint64_t sent, uint64_t received) {
    bytes_sent_ += sent;
    bytes_received_ += received;
  }
  std::pair<uint64_t, uint64_t> take_bytes() {
    return {std::exchange(bytes_sent_, 0), std::exchange(bytes_received_, 0)};
  }

  // Interruption.
  /// Ends the run of JavaScript, also where it waits.
  void interrupt() {
    interrupted_ = true;
    if (waiting_) waiting_->interrupt();
  }
  void set_stop_at(TimePoint at) { stop_at_ = at; }
  TimePoint stop_at() const { return stop_at_; }
  void begin_run();
  /// __ITER, and what an iteration starts with afresh.
  void begin_iteration();
  /// True once this run of JavaScript shall end.
  bool should_stop() const;
  bool should_interrupt() noexcept override;
  std::string json_error(std::string_view text) override;
  /// An exception that scripts cannot catch.
  JSValue throw_interrupted();
  void set_aborted(std::string text) { aborted_ = std::move(text); }
  const std::optional<std::string>& aborted() const { return aborted_; }

  /// Moves promises rejected without a handler here; true if there is one.
  bool has_unhandled();
  std::vector<bia::js::Value> take_unhandled() { return std::move(unhandled_); }

  /// Starts a fiber that works for this user; cancelled and waited for at the latest when the user
  /// goes. Errors: kResourceExhausted.
  Result<void> spawn_helper(std::function<void()> body);
  /// Ends helpers that are left. Suspends; outside of running JavaScript or within a native.
  void stop_helpers();

  // Module state.
  HttpUser& http();
  /// Where this user's connections go.
  Dialer& dialer();
  /// Names of a Response's fields in this runtime, made with the first use of k6/http.
  const std::array<uint32_t, kResponseFields>& response_atoms() const { return response_atoms_; }
  void make_response_atoms();
  /// The same for the answers of k6/net/grpc.
  static constexpr size_t kGrpcFields = 5;
  std::array<uint32_t, kGrpcFields> grpc_atoms{};
  std::vector<std::shared_ptr<GrpcChannel>> grpc_channels;
  bool has_http() const { return http_ != nullptr; }
  const exec::Activation* activation = nullptr;
  exec::IterationNumbers numbers;
  /// --latency-from=due: how late this iteration began, until its first request took it.
  Duration start_delay{0};
  Duration take_start_delay() { return std::exchange(start_delay, Duration(0)); }
  uint64_t iteration = 0;           ///< __ITER
  uint64_t scenario_iteration = 0;  ///< exec.vu.iterationInScenario
  std::shared_ptr<const metrics::Metadata> metadata;
  uint64_t random_state = 0;
  CheckSeries& check_series() { return check_series_; }
  /// Holds an object for the user's life. QuickJS forgets a shape with the last object that has it
  /// and would build the shapes of a response and of a check's conditions anew each iteration.
  void keep_shape_of(bia::js::Value object) { shape_keepers_.push_back(std::move(object)); }

  /// The user's name for errors of calls that need a running iteration: `check() in the init
  /// context is not supported`.
  JSValue throw_in_init(std::string_view what);

 private:
  void set_metadata();
  Script& script_;
  ThreadState& thread_;
  uint64_t id_;
  uint64_t id_in_test_ = id_;
  metrics::Registry& registry_;
  metrics::Shard* shard_;
  Phase phase_ = Phase::kInit;
  std::unique_ptr<bia::js::Context> context_;
  EventLoop loop_{*this};
  const metrics::TagSet* tags_ = nullptr;
  std::string group_path_;
  uint64_t bytes_sent_ = 0;
  uint64_t bytes_received_ = 0;
  bool interrupted_ = false;
  bia::fiber::InterruptibleScope* waiting_ = nullptr;  // Of the innermost Wait.
  TimePoint stop_at_ = TimePoint::max();
  TimePoint slice_began_;
  std::optional<std::string> aborted_;
  std::vector<bia::js::Value> unhandled_;
  bia::js::Value global_;
  JSAtom iter_atom_ = JS_ATOM_NULL;
  std::vector<bia::fiber::Fiber> helpers_;
  CheckSeries check_series_;
  std::vector<bia::js::Value> shape_keepers_;
  std::array<uint32_t, kResponseFields> response_atoms_{};
  std::unique_ptr<Dialer> dialer_;  // outlives http_
  std::unique_ptr<HttpUser> http_;
  friend class VirtualUser;
  friend class FactoryImpl;
  friend class Wait;
};

/// A wait in the middle of a native: other users may run meanwhile, and the user's stop time or an
/// interrupt ends it.
class Wait {
 public:
  explicit Wait(Vu& vu)
      : vu_(vu), suspend_(vu.ctx()), deadline_(bia::Deadline(vu.stop_at())), outer_(vu.waiting_) {
    vu.waiting_ = &deadline_;
  }
  ~Wait() { vu_.waiting_ = outer_; }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

 private:
  Vu& vu_;
  bia::js::Suspend suspend_;
  bia::fiber::InterruptibleScope deadline_;
  bia::fiber::InterruptibleScope* outer_;
};

}  // namespace zelus::modules
