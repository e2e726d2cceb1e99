#include <fmt/format.h>

#include <algorithm>

#include "zelus/exec/executors.h"
#include "zelus/exec/fixed_text.h"

namespace zelus::exec {

using bia::format_go_duration;

RampingVus::RampingVus(const options::Scenario& config, const ExecutorContext& context)
    : Executor(config, context) {
  raw_steps_ = options::ramping_steps(config, *context.segment);
  graceful_steps_ = options::plan_of(config, *context.segment);
  users_ = options::planned_max(graceful_steps_);
  handles_ = std::make_unique<Handle[]>(static_cast<size_t>(users_));
  run_.claims = std::make_unique<IterationClaims>(context.pool->workers().size(),
                                                  IterationClaims::kUnlimited);
}

double RampingVus::current_fraction() const {
  if (regular_ <= Duration(0)) return 1;
  return std::min(1.0,
                  static_cast<double>(spent().count()) / static_cast<double>(regular_.count()));
}

std::vector<std::string> RampingVus::right_columns() const {
  std::string duration = format_go_duration(regular_);
  if (Duration used = spent(); used <= regular_)
    duration = fixed_duration(used, regular_) + "/" + fixed_duration(regular_, regular_);
  return {fmt::format("{}/{} VUs", fixed_int(looping_, users_), fixed_int(users_, users_)),
          std::move(duration)};
}

Result<void> RampingVus::execute() {
  home_ = &bia::fiber::Scheduler::current();
  run_.hard_end = start_ + graceful_steps_.back().offset;
  size_t graceful = run_steps();
  // Aborted or at the end: nothing starts any more. Users come back, or are interrupted once their
  // graceful ramp-down is over.
  schedule(0);
  for (; graceful < graceful_steps_.size() && !aborted(); ++graceful) {
    if (wait_back(start_ + graceful_steps_[graceful].offset)) break;
    allow(graceful_steps_[graceful].planned);
  }
  wait_back(TimePoint::max());
  if (failure_) return std::move(*failure_);
  return {};
}

/// Suspends until no user loops any more, the time has come, or the run was aborted. True if none
/// does.
bool RampingVus::wait_back(TimePoint at) {
  bia::Deadline deadline(at);
  bool aborted_before = aborted();
  while (looping_ > 0 && !deadline.expired() && aborted() == aborted_before) {
    if (!back_.park(deadline) && looping_ > 0) bia::fiber::yield();
  }
  return looping_ == 0;
}

/// Up to the end of the last stage. Returns the number of graceful steps done by then.
size_t RampingVus::run_steps() {
  size_t graceful = 0;
  for (const options::PlanStep& raw : raw_steps_) {
    for (; graceful < graceful_steps_.size() && graceful_steps_[graceful].offset < raw.offset;
         ++graceful) {
      if (!wait_until(start_ + graceful_steps_[graceful].offset)) return graceful;
      allow(graceful_steps_[graceful].planned);
    }
    if (!wait_until(start_ + raw.offset)) return graceful;
    schedule(raw.planned);
    if (failure_) return graceful;
  }
  stop_regular();
  return graceful;
}

void RampingVus::schedule(int64_t planned) {
  for (; scheduled_ < planned; ++scheduled_) {
    Handle& handle = handles_[static_cast<size_t>(scheduled_)];
    handle.wanted = true;
    if (handle.slot) {
      handle.gate.store(true, std::memory_order_relaxed);
      continue;
    }
    auto user = take_user();
    if (!user) {
      failure_ = std::move(user).error();
      return;
    }
    start(handle, *user);
  }
  for (; scheduled_ > planned; --scheduled_) {
    Handle& handle = handles_[static_cast<size_t>(scheduled_ - 1)];
    handle.wanted = false;
    handle.gate.store(false, std::memory_order_relaxed);
  }
}

/// Users above `planned` have used up their graceful ramp-down.
void RampingVus::allow(int64_t planned) {
  for (; allowed_ > planned; --allowed_) {
    Handle& handle = handles_[static_cast<size_t>(allowed_ - 1)];
    if (handle.slot && !handle.wanted)
      interrupt(*handle.slot, handle.epoch.load(std::memory_order_acquire));
  }
  allowed_ = planned;
}

void RampingVus::start(Handle& handle, UserSlot* slot) {
  handle.slot = slot;
  handle.gate.store(true, std::memory_order_relaxed);
  ++looping_;
  auto body = [this, slot, &handle] {
    ThreadCounters& counters = context_.state->counters(slot->worker);
    ThreadCounters::add<int64_t>(counters.active, 1);
    handle.epoch.store(begin_activation(*slot, run_), std::memory_order_release);
    run_loop(*slot, run_, {&handle.gate, IterationClaims::kUnlimited});
    end_activation(*slot);
    ThreadCounters::add<int64_t>(counters.active, -1);
    home_->post([this, &handle] { returned(handle); });
  };
  slot->scheduler->post([this, slot, &handle, body = std::move(body)] {
    auto fiber = slot->scheduler->spawn(body, {bia::fiber::kStackBytesUser});
    if (fiber) return;
    home_->post([this, &handle, failure = fiber.error()] {
      failure_ = failure;
      returned(handle);
    });
  });
}

/// Runs outside any fiber.
void RampingVus::returned(Handle& handle) {
  context_.pool->give_back(handle.slot);
  handle.slot = nullptr;
  --looping_;
  // A ramp-up asked for it while its loop was ending.
  if (handle.wanted && !aborted() && !failure_) {
    if (UserSlot* slot = context_.pool->take()) start(handle, slot);
  }
  back_.unpark();
}

void RampingVus::abort() {
  Executor::abort();
  back_.unpark();
}

}  // namespace zelus::exec
