#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>

#include "fiber/scheduler_impl.h"

namespace bia::fiber {
namespace {

struct Job {
  const std::function<void()>* work;
  Scheduler::Impl* scheduler;
  FiberImpl* fiber;
};

/// Helper threads of the process. They are never joined: work in progress (a file system that hangs) must not hold up the exit.
class Helpers {
 public:
  void submit(Job job) {
    std::lock_guard lock(mutex_);
    jobs_.push_back(job);
    if (idle_ >= jobs_.size() || threads_ == kOffloadThreadsMax) {
      added_.notify_one();
    } else {
      ++threads_;
      std::thread([this] { serve(); }).detach();
    }
  }

 private:
  void serve() {
    // Signals are for the threads that wait for them.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      added_.wait(lock, [this] { return !jobs_.empty(); });
      --idle_;
      Job job = jobs_.front();
      jobs_.pop_front();
      lock.unlock();
      (*job.work)();
      // The fiber parked before this thread could answer: the answer runs in a later turn of the fiber's own thread.
      job.scheduler->post([job] { job.scheduler->wake(job.fiber, Wake::kSignal); });
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<Job> jobs_;
  size_t idle_ = 0;
  size_t threads_ = 0;
};

Helpers& helpers() {
  static auto* all = new Helpers;  // Not destroyed: its threads outlive main's statics.
  return *all;
}

}  // namespace

void offload(const std::function<void()>& work) {
  if (!in_fiber()) {
    work();
    return;
  }
  auto* scheduler = Scheduler::Impl::current();
  helpers().submit({&work, scheduler, scheduler->running()});
  // Not to be interrupted: `work` and what it refers to live on this fiber's stack.
  scheduler->park_uninterruptible();
}

}  // namespace bia::fiber
