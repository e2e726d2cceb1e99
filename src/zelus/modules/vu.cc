#include "zelus/modules/vu.h"

#include <fmt/format.h>

#include "bia/fiber/scheduler.h"
#include "js/value.h"
#include "zelus/modules/grpc/grpc_client.h"
#include "zelus/modules/http/http_user.h"
#include "zelus/modules/json_parse_error.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

namespace {
/// JavaScript that runs so long without a wait lets the other users of its thread go on.
constexpr Duration kSlice = std::chrono::milliseconds(10);
}  // namespace

Vu::Vu(Script& script, ThreadState& thread, uint64_t id, metrics::Registry& registry,
       metrics::Shard* shard)
    : script_(script), thread_(thread), id_(id), registry_(registry), shard_(shard) {
  if (shard_ == nullptr) return;
  std::vector<metrics::Tag> tags(script.options.tags.begin(), script.options.tags.end());
  tags_ = shard_->tags().of(std::move(tags));
}

Vu::~Vu() {
  stop_helpers();
  end_channels(*this, Channels::kAll);
  unhandled_.clear();
  loop_.clear();
  activation = nullptr;
  http_.reset();
  if (context_) {
    check_series_.clear(ctx());
    shape_keepers_.clear();
    for (JSAtom atom : response_atoms_) JS_FreeAtom(ctx(), atom);
    for (JSAtom atom : grpc_atoms) JS_FreeAtom(ctx(), atom);
    JS_FreeAtom(ctx(), iter_atom_);
    global_.reset();
  }
  context_.reset();
}

metrics::Moment Vu::moment() {
  if (!shard_->streaming()) return {};
  return {metrics::unix_now_ns(), metadata ? &metadata : nullptr};
}

void Vu::record(metrics::SeriesId series, double value) {
  if (!shard_->may_suspend()) return shard_->add(series, value, moment());
  // A full stream holds the user back.
  bia::js::Suspend suspend(ctx());
  shard_->add(series, value, moment());
}

void Vu::record(metrics::MetricId metric, const metrics::TagSet* tags, double value) {
  record(shard_->resolve(metric, tags), value);
}

void Vu::begin_run() {
  interrupted_ = false;
  aborted_.reset();
  slice_began_ = bia::now();
}

void Vu::begin_iteration() {
  if (iter_atom_ == JS_ATOM_NULL) iter_atom_ = JS_NewAtom(ctx(), "__ITER");
  JS_SetProperty(ctx(), global_.get(), iter_atom_,
                 JS_NewInt64(ctx(), static_cast<int64_t>(iteration)));
  if (http_ != nullptr) http_->begin_iteration();
  if (script_.has(metrics::SystemTag::kIter) || script_.has(metrics::SystemTag::kVu))
    set_metadata();
}

void Vu::set_metadata() {
  auto pairs = std::make_shared<metrics::Metadata>();
  if (script_.has(metrics::SystemTag::kIter))
    pairs->emplace_back("iter", std::to_string(iteration));
  if (script_.has(metrics::SystemTag::kVu)) pairs->emplace_back("vu", std::to_string(id_));
  // Those of exec.vu.metrics.metadata stay.
  if (metadata) {
    for (const auto& [key, value] : *metadata) {
      if (key != "iter" && key != "vu") pairs->emplace_back(key, value);
    }
  }
  metadata = std::move(pairs);
}

bool Vu::should_stop() const {
  if (interrupted_ || aborted_) return true;
  if (script_.stop != nullptr && script_.stop->load(std::memory_order_relaxed)) return true;
  return stop_at_ != TimePoint::max() && bia::now() >= stop_at_;
}

bool Vu::should_interrupt() noexcept {
  if (should_stop()) return true;
  TimePoint now = bia::now();
  if (now - slice_began_ < kSlice || !bia::fiber::in_fiber()) return false;
  {
    bia::js::Suspend suspend(ctx());
    bia::fiber::yield();
  }
  slice_began_ = bia::now();
  return should_stop();
}

std::string Vu::json_error(std::string_view text) { return json_parse_error(text); }

JSValue Vu::throw_interrupted() {
  JS_ThrowInternalError(ctx(), "interrupted");
  JSValue error = JS_GetException(ctx());
  JS_SetUncatchableError(ctx(), error);
  return JS_Throw(ctx(), error);
}

bool Vu::has_unhandled() {
  if (!unhandled_.empty()) return true;
  unhandled_ = context_->take_unhandled();
  return !unhandled_.empty();
}

Result<void> Vu::spawn_helper(std::function<void()> body) {
  std::erase_if(helpers_, [](const bia::fiber::Fiber& fiber) { return fiber.done(); });
  helpers_.push_back(BIA_TRY(bia::fiber::Scheduler::current().spawn(std::move(body))));
  return {};
}

void Vu::stop_helpers() {
  if (helpers_.empty()) return;
  std::optional<bia::js::Suspend> suspend;
  if (context_ && context_->runtime().current() == context_.get()) suspend.emplace(ctx());
  for (auto& helper : helpers_) helper.cancel();
  for (auto& helper : helpers_) {
    // Where this fiber is cancelled too, joining ends at once: the helper needs turns of the loop
    // only.
    while (!helper.done()) {
      if (!helper.join()) bia::fiber::yield();
    }
  }
  helpers_.clear();
}

void Vu::make_response_atoms() {
  if (response_atoms_[0] != JS_ATOM_NULL) return;
  for (size_t i = 0; i < kResponseFields; ++i)
    response_atoms_[i] = JS_NewAtom(ctx(), kResponseFieldNames[i]);
}

Dialer& Vu::dialer() {
  if (!dialer_)
    dialer_ = std::make_unique<Dialer>(script_.options.addresses, thread_.names, id_in_test_);
  return *dialer_;
}

HttpUser& Vu::http() {
  if (!http_) http_ = std::make_unique<HttpUser>(*this);
  return *http_;
}

JSValue Vu::throw_in_init(std::string_view what) { return bia::js::throw_go_error(ctx(), what); }

}  // namespace zelus::modules
