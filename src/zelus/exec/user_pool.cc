#include "zelus/exec/user_pool.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "zelus/exec/remote.h"

namespace zelus::exec {

using bia::Error;
using bia::fiber::SpawnOptions;

namespace {
constexpr SpawnOptions kUserStack{bia::fiber::kStackBytesUser};
constexpr bia::Duration kLeavePatience = std::chrono::seconds(5);
constexpr bia::Duration kUnplannedPatience = std::chrono::seconds(2);

/// k6's hint for a user whose init failed.
Error init_error(Error error, uint64_t id) {
  std::string hint = fmt::format("error while initializing VU #{}", id);
  if (error.reason() != "SCRIPT_EXCEPTION") return std::move(error).with_metadata("hint", hint);
  return std::move(error)
      .with_metadata("hint", hint + " (script exception)")
      .with_metadata("source", "stacktrace");
}
}  // namespace

void interrupt_now(UserSlot& slot) {
  if (!slot.active) return;
  slot.interrupted = true;
  slot.user->interrupt();
  slot.pause.unpark();
}

UserPool::~UserPool() = default;

UserSlot* UserPool::add_slot() {
  auto slot = std::make_unique<UserSlot>();
  slot->id = slots_.size() + 1;
  slot->worker = slots_.size() % workers_.size();
  slot->scheduler = workers_[slot->worker].scheduler;
  slots_.push_back(std::move(slot));
  return slots_.back().get();
}

Result<void> UserPool::make(UserSlot& slot) {
  auto user = factory_.make_user(slot.id, *workers_[slot.worker].shard);
  if (!user) return std::move(user).error();
  slot.user = std::move(*user);
  slot.user->set_id_in_test(segment_.global(slot.id - 1) + 1);
  BIA_TRY(slot.user->init());
  created_.fetch_add(1, std::memory_order_relaxed);
  state_.add_initialized(1);
  if (log_ && log_->enabled(options::LogLevel::kDebug))
    log_->log(options::LogLevel::kDebug, fmt::format("Initialized VU #{}", slot.id),
              {{"phase", "execution-scheduler-init"}});
  return {};
}

Result<void> UserPool::create(int64_t count) {
  for (int64_t i = 0; i < count; ++i) free_.push_back(add_slot());
  std::vector<std::optional<std::pair<uint64_t, Error>>> failures(workers_.size());
  std::atomic<bool> failed{false};
  RemoteTasks tasks;
  for (size_t w = 0; w < workers_.size(); ++w) {
    tasks.start(
        *workers_[w].scheduler,
        [&, w] {
          for (auto& slot : slots_) {
            if (slot->worker != w) continue;
            if (failed.load(std::memory_order_relaxed) || state_.aborted()) return;
            auto made = make(*slot);
            if (made) continue;
            failed.store(true, std::memory_order_relaxed);
            failures[w].emplace(slot->id, std::move(made).error());
            return;
          }
        },
        kUserStack);
  }
  tasks.join();
  for (auto& failure : failures) {
    if (failure) return init_error(std::move(failure->second), failure->first);
  }
  if (tasks.failure()) return *tasks.failure();
  return {};
}

Result<UserSlot*> UserPool::unplanned() {
  if (unplanned_budget_ <= 0) {
    if (UserSlot* slot = wait_and_take(kUnplannedPatience)) return slot;
    return Error(bia::Code::kResourceExhausted, "NO_USER",
                 "could not get a VU from the buffer in 2s");
  }
  --unplanned_budget_;
  return make_one();
}

Result<UserSlot*> UserPool::make_one() {
  UserSlot* slot = add_slot();
  std::optional<Error> failure;
  auto called = call_on(
      *slot->scheduler,
      [&] {
        auto made = make(*slot);
        if (!made) failure = std::move(made).error();
      },
      kUserStack);
  if (!called) return std::move(called).error();
  if (failure) return init_error(std::move(*failure), slot->id);
  return slot;
}

UserSlot* UserPool::take() {
  if (free_.empty()) return nullptr;
  UserSlot* slot = free_.front();
  free_.pop_front();
  return slot;
}

void UserPool::give_back(UserSlot* slot) {
  free_.push_back(slot);
  waiting_.wake_one();
}

UserSlot* UserPool::wait_and_take(bia::Duration patience) {
  bia::Deadline deadline = bia::Deadline::after(patience);
  for (;;) {
    if (UserSlot* slot = take()) return slot;
    if (!waiting_.wait(deadline)) return take();
  }
}

void UserPool::interrupt_all() {
  for (auto& slot : slots_) slot->scheduler->post([slot = slot.get()] { interrupt_now(*slot); });
}

void UserPool::destroy() {
  RemoteTasks tasks;
  for (size_t w = 0; w < workers_.size(); ++w) {
    tasks.start(
        *workers_[w].scheduler,
        [this, w] {
          for (auto& slot : slots_) {
            if (slot->worker == w) slot->user.reset();
          }
        },
        kUserStack);
  }
  tasks.join();
}

void UserPool::leave() {
  struct Left {
    size_t threads = 0;
    bia::fiber::Parker parker;
  };
  // Of the calling thread.
  auto left = std::make_shared<Left>();
  bia::fiber::Scheduler& home = bia::fiber::Scheduler::current();
  auto done = [left, &home] {
    home.post([left] {
      ++left->threads;
      left->parker.unpark();
    });
  };
  for (size_t w = 0; w < workers_.size(); ++w) {
    auto body = [this, w, done] {
      if (!factory_.leave_thread()) {
        for (auto& slot : slots_) {
          if (slot->worker == w) slot->user.reset();
        }
      }
      done();
      // Whatever else waits on this thread would meet memory that is gone.
      for (;;) ::pause();
    };
    bia::fiber::Scheduler& target = *workers_[w].scheduler;
    target.post([&target, body, done] {
      // Without memory for a stack the thread goes on as it is.
      if (!target.spawn(body, kUserStack)) done();
    });
  }
  const bia::Deadline patience = bia::Deadline::after(kLeavePatience);
  while (left->threads < workers_.size() && !patience.expired()) {
    // A cancelled fiber still waits, and lets the others run.
    if (!left->parker.park(patience)) bia::fiber::yield();
  }
}

void interrupt(UserSlot& slot, uint64_t epoch) {
  slot.scheduler->post([&slot, epoch] {
    if (slot.epoch == epoch) interrupt_now(slot);
  });
}

}  // namespace zelus::exec
