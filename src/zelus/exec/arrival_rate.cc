#include <fmt/format.h>

#include <algorithm>

#include "zelus/exec/arrival_times.h"
#include "zelus/exec/executors.h"
#include "zelus/exec/fixed_text.h"

namespace zelus::exec {

using bia::format_go_duration;

namespace {
// The iteration that is due at the very end still runs, as it mostly does in k6.
constexpr Duration kLateAllowed = std::chrono::milliseconds(1);
// Late iterations that are started one after the other, without a turn of the loop for each.
constexpr int kTurnStarts = 16;
}  // namespace

/// A user of the scenario with its fiber, which waits for iterations.
struct ArrivalRate::Runner {
  UserSlot* slot = nullptr;
  // Of the user's thread.
  bia::fiber::Parker go;
  bool work = false;
  bool end = false;
  TimePoint due;
};

ArrivalRate::ArrivalRate(const options::Scenario& config, const ExecutorContext& context)
    : Executor(config, context) {
  ramping_ = config.kind == options::ExecutorKind::kRampingArrivalRate;
  planned_ = context.segment->scale(config.pre_allocated_vus.value_or(0));
  users_max_ = context.segment->scale(config.max_vus_or_default());
  unplanned_left_ = users_max_ - planned_;
  auto striped = context.segment->restriped(config.max_vus_or_default());
  if (striped) run_.stripes = std::move(*striped);
  int64_t most =
      ramping_ ? config.stages_max(config.start_rate.value_or(0)) : config.rate.value_or(0);
  rate_most_ = static_cast<double>(most) * 1e9 / static_cast<double>(config.unit().count()) *
               run_.stripes.length();
  if (ramping_) {
    int64_t rate = config.start_rate.value_or(0);
    if (rate > 0)
      period_ = Duration(static_cast<int64_t>(static_cast<double>(config.unit().count()) /
                                              static_cast<double>(rate)));
  }
  run_.claims = std::make_unique<IterationClaims>(context.pool->workers().size(),
                                                  IterationClaims::kUnlimited);
}

ArrivalRate::~ArrivalRate() = default;

double ArrivalRate::current_fraction() const {
  if (regular_ <= Duration(0)) return 1;
  return std::min(1.0,
                  static_cast<double>(spent().count()) / static_cast<double>(regular_.count()));
}

std::vector<std::string> ArrivalRate::right_columns() const {
  auto active = static_cast<int64_t>(runners_.size());
  std::string duration = format_go_duration(regular_);
  if (Duration used = spent(); used <= regular_)
    duration = fixed_duration(used, regular_) + "/" + duration;
  double rate = rate_most_;
  if (ramping_) rate = period_ > Duration(0) ? 1e9 / static_cast<double>(period_.count()) : 0;
  return {fmt::format("{}/{} VUs", fixed_int(busy_, users_max_), fixed_int(active, users_max_)),
          std::move(duration), fixed_float(rate, rate_most_, 2) + " iters/s"};
}

Result<void> ArrivalRate::execute() {
  home_ = &bia::fiber::Scheduler::current();
  std::vector<UserSlot*> users = BIA_TRY(take_users(planned_));
  for (UserSlot* slot : users) add_runner(slot);
  schedule();
  stop_regular();
  finish();
  for (auto& runner : runners_) context_.pool->give_back(runner->slot);
  if (failure_) return *failure_;
  return {};
}

void ArrivalRate::add_runner(UserSlot* slot) {
  runners_.push_back(std::make_unique<Runner>());
  Runner* runner = runners_.back().get();
  runner->slot = slot;
  auto body = [this, runner] {
    UserSlot& user = *runner->slot;
    ThreadCounters& counters = context_.state->counters(user.worker);
    begin_activation(user, run_);
    for (;;) {
      while (!runner->work && !runner->end) {
        if (!runner->go.park()) bia::fiber::yield();
      }
      if (!runner->work || user.interrupted) break;
      runner->work = false;
      uint64_t number = 0;
      run_.claims->next(user.worker, number);
      ThreadCounters::add<int64_t>(counters.active, 1);
      run_iteration(user, run_, number, runner->due);
      ThreadCounters::add<int64_t>(counters.active, -1);
      home_->post([this, runner] {
        --busy_;
        idle_.push_back(runner);
        changed_.unpark();
      });
    }
    end_activation(user);
    home_->post([this] {
      ++ended_;
      changed_.unpark();
    });
  };
  slot->scheduler->post([this, slot, body = std::move(body)] {
    auto fiber = slot->scheduler->spawn(body, {bia::fiber::kStackBytesUser});
    if (fiber) return;
    home_->post([this, failure = fiber.error()] {
      failure_ = failure;
      ++ended_;
      changed_.unpark();
    });
  });
  idle_.push_back(runner);
}

void ArrivalRate::schedule() {
  ArrivalTimes times(config_, run_.stripes);
  Duration before(0);
  int in_turn = 0;
  while (auto due = times.next()) {
    if (*due > regular_ && !ramping_) break;
    if (start_ + *due > bia::now()) {
      if (ramping_) period_ = *due - before;
      if (!wait_until(start_ + *due)) return;
    } else {
      // Late: run it at once. Users that have ended become idle with the loop's next turn, which is
      // worth waiting for where none is idle, and else now and then.
      if (ramping_) period_ = *due - before;
      if (idle_.empty() || ++in_turn == kTurnStarts) {
        in_turn = 0;
        bia::fiber::yield();
      }
      if (aborted() || bia::now() > regular_end() + kLateAllowed) break;
    }
    before = *due;
    if (idle_.empty()) {
      missed();
      continue;
    }
    Runner* runner = idle_.back();
    idle_.pop_back();
    ++busy_;
    runner->slot->scheduler->post([runner, at = start_ + *due] {
      runner->due = at;
      runner->work = true;
      runner->go.unpark();
    });
  }
  wait_until(regular_end());
}

void ArrivalRate::missed() {
  context_.dropped(name(), 1);
  if (unplanned_left_ == 0) {
    if (!warned_)
      warn(fmt::format("Insufficient VUs, reached {} active VUs and cannot initialize more",
                       users_max_));
    warned_ = true;
    return;
  }
  if (making_) return;
  making_ = true;
  --unplanned_left_;
  auto fiber = home_->spawn([this] {
    auto user = context_.pool->unplanned();
    if (user) {
      add_runner(*user);
    } else {
      context_.log->log(options::LogLevel::kError, "Error while allocating unplanned VU",
                        {{"error", user.error().message()},
                         {"executor", options::executor_name(config_.kind)},
                         {"scenario", config_.name}});
    }
    making_ = false;
    changed_.unpark();
  });
  if (!fiber) making_ = false;
}

void ArrivalRate::finish() {
  auto wait = [this](TimePoint at, auto done) {
    bia::Deadline deadline(at);
    while (!done() && !deadline.expired()) {
      if (!changed_.park(deadline) && !done()) bia::fiber::yield();
    }
    return done();
  };
  wait(TimePoint::max(), [this] { return !making_; });
  for (auto& runner : runners_) {
    runner->slot->scheduler->post([r = runner.get()] {
      r->end = true;
      r->go.unpark();
    });
  }
  auto all_ended = [this] { return ended_ == static_cast<int64_t>(runners_.size()); };
  if (wait(run_.hard_end, all_ended)) return;
  for (auto& runner : runners_) {
    runner->slot->scheduler->post([slot = runner->slot] { interrupt_now(*slot); });
  }
  wait(TimePoint::max(), all_ended);
}

}  // namespace zelus::exec
