#include <fmt/format.h>

#include <algorithm>

#include "zelus/exec/executors.h"
#include "zelus/exec/fixed_text.h"

namespace zelus::exec {

using bia::Deadline;
using bia::format_go_duration;

FixedUsers::FixedUsers(const options::Scenario& config, const ExecutorContext& context)
    : Executor(config, context) {
  users_ = context.segment->scale(config.vus_or_default());
}

Result<void> FixedUsers::execute() {
  std::vector<UserSlot*> users = BIA_TRY(take_users(users_));
  RemoteTasks tasks;
  for (size_t user = 0; user < users.size(); ++user) {
    UserSlot* slot = users[user];
    tasks.start(*slot->scheduler,
                [this, slot, user] {
                  ThreadCounters& counters = context_.state->counters(slot->worker);
                  ThreadCounters::add<int64_t>(counters.active, 1);
                  begin_activation(*slot, run_);
                  loop_ended(user, run_loop(*slot, run_, limits_));
                  end_activation(*slot);
                  ThreadCounters::add<int64_t>(counters.active, -1);
                },
                {bia::fiber::kStackBytesUser});
  }
  if (!tasks.join(Deadline(regular_end()))) {
    stop_regular();
    if (!tasks.join(Deadline(run_.hard_end))) {
      for (UserSlot* slot : users) {
        // Nobody else can have activated them since: they are still ours.
        slot->scheduler->post([slot] { interrupt_now(*slot); });
      }
      tasks.join();
    }
  }
  for (UserSlot* slot : users) context_.pool->give_back(slot);
  finish();
  if (tasks.failure()) return *tasks.failure();
  return {};
}

SharedIterations::SharedIterations(const options::Scenario& config, const ExecutorContext& context)
    : FixedUsers(config, context) {
  auto striped = context.segment->restriped(config.vus_or_default());
  if (striped) run_.stripes = std::move(*striped);
  total_ = static_cast<uint64_t>(run_.stripes.scale(config.iterations_or_default()));
  run_.claims = std::make_unique<IterationClaims>(context.pool->workers().size(), total_);
}

double SharedIterations::current_fraction() const {
  return static_cast<double>(run_.claims->finished()) / static_cast<double>(total_);
}

std::vector<std::string> SharedIterations::right_columns() const {
  auto total = static_cast<int64_t>(total_);
  return {fmt::format("{} VUs", fixed_int(users_, users_)),
          fmt::format("{}/{}", fixed_duration(spent(), regular_), format_go_duration(regular_)),
          fmt::format("{}/{} shared iters",
                      fixed_int(static_cast<int64_t>(run_.claims->finished()), total), total)};
}

void SharedIterations::finish() {
  if (uint64_t attempted = run_.claims->taken(); attempted < total_ && !aborted())
    context_.dropped(name(), total_ - attempted);
}

PerVuIterations::PerVuIterations(const options::Scenario& config, const ExecutorContext& context)
    : FixedUsers(config, context) {
  limits_.iterations_max = static_cast<uint64_t>(config.iterations_or_default());
  total_ = static_cast<uint64_t>(users_) * limits_.iterations_max;
  dropped_.resize(static_cast<size_t>(users_));
  run_.claims = std::make_unique<IterationClaims>(context.pool->workers().size(),
                                                  IterationClaims::kUnlimited, total_);
}

double PerVuIterations::current_fraction() const {
  if (spent() > regular_) return 1;
  return static_cast<double>(run_.claims->finished()) / static_cast<double>(total_);
}

std::vector<std::string> PerVuIterations::right_columns() const {
  auto total = static_cast<int64_t>(total_);
  std::string duration = format_go_duration(regular_);
  if (Duration used = spent(); used <= regular_)
    duration = fixed_duration(used, regular_) + "/" + duration;
  return {fmt::format("{} VUs", fixed_int(users_, users_)), std::move(duration),
          fmt::format("{}/{} iters, {} per VU",
                      fixed_int(static_cast<int64_t>(run_.claims->finished()), total), total,
                      limits_.iterations_max)};
}

void PerVuIterations::loop_ended(size_t user, uint64_t started) {
  dropped_[user] = limits_.iterations_max - started;
}

void PerVuIterations::finish() {
  if (aborted()) return;
  for (uint64_t dropped : dropped_) {
    if (dropped > 0) context_.dropped(name(), dropped);
  }
}

ConstantVus::ConstantVus(const options::Scenario& config, const ExecutorContext& context)
    : FixedUsers(config, context) {
  run_.claims = std::make_unique<IterationClaims>(context.pool->workers().size(),
                                                  IterationClaims::kUnlimited);
}

double ConstantVus::current_fraction() const {
  return std::min(1.0,
                  static_cast<double>(spent().count()) / static_cast<double>(regular_.count()));
}

std::vector<std::string> ConstantVus::right_columns() const {
  std::string duration = format_go_duration(regular_);
  if (Duration used = spent(); used <= regular_)
    duration = fixed_duration(used, regular_) + "/" + duration;
  return {fmt::format("{} VUs", users_), std::move(duration)};
}

}  // namespace zelus::exec
