#pragma once
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "zelus/exec/run_state.h"
#include "zelus/exec/user.h"
#include "zelus/options/segment.h"

namespace zelus::exec {

/// A virtual user and the thread that it belongs to.
struct UserSlot {
  uint64_t id = 0;
  size_t worker = 0;
  bia::fiber::Scheduler* scheduler = nullptr;
  // The rest is of the worker thread.
  std::unique_ptr<User> user;
  /// Where a user waits between iterations.
  bia::fiber::Parker pause;
  /// Counts activations, so that a late interrupt does not hit the next one.
  uint64_t epoch = 0;
  bool active = false;
  bool interrupted = false;
  bool has_setup_data = false;
};

/// A thread that runs users.
struct Worker {
  bia::fiber::Scheduler* scheduler = nullptr;
  metrics::Shard* shard = nullptr;
};

/// The users that no scenario has at the moment; scenarios take and return them, first in, first
/// out, as in k6. Control thread only.
class UserPool {
 public:
  UserPool(std::vector<Worker> workers, UserFactory& factory, RunState& state,
           options::Segment segment)
      : workers_(std::move(workers)),
        factory_(factory),
        state_(state),
        segment_(std::move(segment)) {}
  ~UserPool();

  /// Makes and initialises users 1 … count, spread over the threads. Suspends. Errors: the first
  /// that a script's top level gave.
  Result<void> create(int64_t count);
  /// For an arrival-rate scenario above its pre-allocated users: made while the budget of the whole
  /// test lasts, else one that is free. Suspends.
  Result<UserSlot*> unplanned();
  /// One more user, initialised. Suspends.
  Result<UserSlot*> make_one();
  /// Gets a debug line for each user made.
  void set_log(options::Logger* log) { log_ = log; }
  void set_unplanned_budget(int64_t users) { unplanned_budget_ = users; }
  /// Users made so far, for the progress of `create`.
  int64_t created() const { return created_.load(std::memory_order_relaxed); }

  /// Null where none is free.
  UserSlot* take();
  void give_back(UserSlot* slot);
  /// Suspends until one is free, at most `patience`.
  UserSlot* wait_and_take(bia::Duration patience);

  /// What setup() returned; users get it at their next activation.
  void set_setup_data(std::shared_ptr<const std::string> json) { setup_data_ = std::move(json); }
  const std::shared_ptr<const std::string>& setup_data() const { return setup_data_; }
  const std::vector<Worker>& workers() const { return workers_; }
  /// Interrupts every user that is active. Their threads do it.
  void interrupt_all();
  /// Ends all users on their threads. Suspends.
  void destroy();
  /// Where the process is about to end: each thread gives back its memory, and stops. Suspends.
  void leave();

 private:
  Result<void> make(UserSlot& slot);
  UserSlot* add_slot();

  std::vector<Worker> workers_;
  UserFactory& factory_;
  RunState& state_;
  options::Segment segment_;
  std::vector<std::unique_ptr<UserSlot>> slots_;
  options::Logger* log_ = nullptr;
  std::deque<UserSlot*> free_;
  bia::fiber::WaitQueue waiting_;
  int64_t unplanned_budget_ = 0;
  std::shared_ptr<const std::string> setup_data_;
  std::atomic<int64_t> created_{0};
};

/// On the user's thread: ends what it runs.
void interrupt_now(UserSlot& slot);
/// Ends what a user runs, unless it has been activated anew since. Any thread may ask; the user's
/// thread does it.
void interrupt(UserSlot& slot, uint64_t epoch);

}  // namespace zelus::exec
