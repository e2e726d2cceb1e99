#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "fiber/scheduler_impl.h"

namespace bia::fiber {
namespace {

struct Job {
  std::function<void()> work;
  std::function<void()> done;  // On the thread of the fiber that asked.
  std::shared_ptr<PostQueue> answer_to;
};

/// Helper threads of the process. They are never joined: work in progress (a file system that
/// hangs) must not hold up the exit.
class Helpers {
 public:
  void submit(Job job) {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
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
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.work();
      job.answer_to->push(std::move(job.done), PostQueue::From::kOther);
      job = {};
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
  FiberImpl* fiber = scheduler->running();
  // The fiber has parked before the answer runs: that is in a later turn of this same thread.
  helpers().submit(
      {[&work] { work(); }, [=] { scheduler->wake(fiber, Wake::kSignal); }, scheduler->posts()});
  // Not to be interrupted: `work` and what it refers to live on this fiber's stack.
  scheduler->park_uninterruptible();
}

Result<void> offload_abandonable(std::function<void()> work, Deadline deadline) {
  auto done = std::make_shared<Parker>();
  helpers().submit(
      {std::move(work), [done] { done->unpark(); }, Scheduler::Impl::running_here().posts()});
  return done->park(deadline);
}

}  // namespace bia::fiber
