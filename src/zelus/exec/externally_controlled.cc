#include "zelus/exec/externally_controlled.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/exec/fixed_text.h"
#include "zelus/exec/remote.h"

namespace zelus::exec {

using bia::Code;
using bia::Error;
using bia::format_go_duration;

namespace {
/// A script that does not come back within this is in a native call that takes its time; the answer
/// to the REST call does not wait for it.
constexpr Duration kSettlePatience = std::chrono::seconds(5);

Error refused(const char* reason, std::string text) {
  return Error(Code::kFailedPrecondition, reason, std::move(text));
}
}  // namespace

ExternallyControlled::ExternallyControlled(const options::Scenario& config,
                                           const ExecutorContext& context)
    : Executor(config, context) {
  vus_ = context.segment->scale(config.vus_or_default());
  vus_max_ = context.segment->scale(config.max_vus_or_default());
  run_.claims = std::make_unique<IterationClaims>(context.pool->workers().size(),
                                                  IterationClaims::kUnlimited);
}

double ExternallyControlled::current_fraction() const {
  if (regular_ <= Duration(0)) return 1;
  return std::min(1.0,
                  static_cast<double>(spent().count()) / static_cast<double>(regular_.count()));
}

std::vector<std::string> ExternallyControlled::right_columns() const {
  std::string duration = format_go_duration(regular_);
  if (Duration used = spent(); used <= regular_)
    duration = fixed_duration(used, regular_) + "/" + duration;
  return {fmt::format("{}/{} VUs", fixed_int(paused_ ? 0 : vus_, vus_max_), vus_max_),
          std::move(duration)};
}

Result<void> ExternallyControlled::execute() {
  home_ = &bia::fiber::Scheduler::current();
  // Users end when told to, not at a time.
  run_.hard_end = TimePoint::max();
  BIA_TRY(changing_.lock());
  auto made = resize(vus_max_);
  running_ = made.ok();
  if (made) apply();
  changing_.unlock();
  if (made) wait_until(regular_ > Duration(0) ? regular_end() : TimePoint::max());
  // A change under way ends first.
  while (!changing_.lock()) bia::fiber::yield();
  ended_ = true;
  running_ = false;
  run_.over.store(true, std::memory_order_relaxed);
  for (auto& handle : handles_) stop_now(*handle);
  wait_looping(0, TimePoint::max());
  for (auto& handle : handles_) context_.pool->give_back(handle->slot);
  changing_.unlock();
  if (!made) return made;
  if (failure_) return std::move(*failure_);
  return {};
}

Result<void> ExternallyControlled::resize(int64_t vus_max) {
  auto in_use = [this] { return static_cast<int64_t>(handles_.size()); };
  // Users given up before are still there.
  int64_t given_up = std::max<int64_t>(0, in_use() - vus_max_);
  if (running_) context_.state->add_initialized(std::min(given_up, vus_max - vus_max_));
  for (int64_t i = vus_max; i < in_use(); ++i) stop_now(*handles_[static_cast<size_t>(i)]);
  while (in_use() < vus_max) {
    // Those that were planned wait in the pool; of others each one is new.
    bool planned = !running_ && in_use() < context_.segment->scale(config_.max_vus_or_default());
    UserSlot* slot = planned ? BIA_TRY(take_user()) : BIA_TRY(context_.pool->make_one());
    handles_.push_back(std::make_unique<Handle>());
    handles_.back()->slot = slot;
  }
  vus_max_ = vus_max;
  return {};
}

void ExternallyControlled::apply() {
  for (size_t i = 0; i < handles_.size(); ++i) {
    Handle& handle = *handles_[i];
    if (static_cast<int64_t>(i) >= vus_) {
      if (handle.wanted || handle.looping) stop_now(handle);
    } else if (paused_) {
      // The iteration in hand may end.
      handle.wanted = false;
      handle.gate.store(false, std::memory_order_relaxed);
    } else {
      handle.wanted = true;
      if (handle.looping) {
        handle.gate.store(true, std::memory_order_relaxed);
      } else {
        start(handle);
      }
    }
  }
}

void ExternallyControlled::stop_now(Handle& handle) {
  handle.wanted = false;
  handle.gate.store(false, std::memory_order_relaxed);
  if (handle.looping) interrupt(*handle.slot, handle.epoch.load(std::memory_order_acquire));
}

void ExternallyControlled::start(Handle& handle) {
  handle.gate.store(true, std::memory_order_relaxed);
  handle.looping = true;
  ++looping_;
  auto body = [this, &handle] {
    UserSlot& slot = *handle.slot;
    ThreadCounters& counters = context_.state->counters(slot.worker);
    ThreadCounters::add<int64_t>(counters.active, 1);
    handle.epoch.store(begin_activation(slot, run_), std::memory_order_release);
    run_loop(slot, run_, {&handle.gate, IterationClaims::kUnlimited});
    end_activation(slot);
    ThreadCounters::add<int64_t>(counters.active, -1);
    home_->post([this, &handle] { returned(handle); });
  };
  bia::fiber::Scheduler* there = handle.slot->scheduler;
  there->post([this, there, &handle, body = std::move(body)] {
    auto fiber = there->spawn(body, {bia::fiber::kStackBytesUser});
    if (fiber) return;
    home_->post([this, &handle, failure = fiber.error()] {
      failure_ = failure;
      handle.wanted = false;
      returned(handle);
    });
  });
}

/// Runs outside any fiber.
void ExternallyControlled::returned(Handle& handle) {
  handle.looping = false;
  --looping_;
  // It was asked for again while its loop was ending.
  if (handle.wanted && !ended_ && !aborted()) start(handle);
  settled_.wake_all();
}

void ExternallyControlled::wait_looping(int64_t count, TimePoint at) {
  bia::Deadline deadline(at);
  while (looping_ > count && !deadline.expired()) {
    if (!settled_.wait(deadline) && looping_ > count) bia::fiber::yield();
  }
}

/// Until users that were started count as active, and those that were stopped do not any more.
Result<void> ExternallyControlled::settle() {
  for (const Worker& worker : context_.pool->workers()) BIA_TRY(call_on(*worker.scheduler, [] {}));
  if (!paused_) wait_looping(vus_, bia::now() + kSettlePatience);
  return {};
}

Result<void> ExternallyControlled::scale(std::optional<int64_t> vus,
                                         std::optional<int64_t> vus_max) {
  BIA_TRY(changing_.lock());
  options::Scenario wanted = config_;
  wanted.vus = vus.value_or(vus_);
  wanted.max_vus = vus_max.value_or(vus_max_);
  auto problems = options::problems_of(wanted);
  Result<void> result;
  if (ended_) {
    result = refused("EXECUTION_CONFIG", "the scenario has ended");
  } else if (!problems.empty()) {
    result = refused("CONFIG_UPDATE",
                     fmt::format("invalid configuration supplied: {}", fmt::join(problems, ", ")));
  } else if (!running_) {
    vus_max_ = *wanted.max_vus;
    vus_ = *wanted.vus;
  } else {
    context_.log->log(options::LogLevel::kDebug, "Updating execution configuration...",
                      {{"executor", options::executor_name(config_.kind)},
                       {"newActiveVUs", std::to_string(*wanted.vus)},
                       {"newMaxVUs", std::to_string(*wanted.max_vus)},
                       {"oldActiveVUs", std::to_string(vus_)},
                       {"oldMaxVUs", std::to_string(vus_max_)},
                       {"scenario", config_.name}});
    vus_ = std::min(vus_, *wanted.vus);
    result = resize(*wanted.max_vus);
    if (result) vus_ = *wanted.vus;
    apply();
    if (result) result = settle();
  }
  changing_.unlock();
  return result;
}

Result<void> ExternallyControlled::set_paused(bool paused) {
  BIA_TRY(changing_.lock());
  Result<void> result;
  if (paused == paused_) {
    result = refused("PAUSE",
                     paused ? "test execution was already paused" : "test execution wasn't paused");
  } else {
    paused_ = paused;
    if (running_) apply();
    if (running_) result = settle();
  }
  changing_.unlock();
  return result;
}

void ExternallyControlled::abort() {
  Executor::abort();
  settled_.wake_all();
}

}  // namespace zelus::exec
