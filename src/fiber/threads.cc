#include "bia/fiber/threads.h"

#include <sched.h>

#include <atomic>
#include <thread>
#include <vector>

#include "bia/base/assert.h"

namespace bia::fiber {
namespace {

size_t usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<size_t>(CPU_COUNT(&set));
  // More CPUs than cpu_set_t holds.
  unsigned count = std::thread::hardware_concurrency();
  return count ? count : 1;
}

}  // namespace

class ThreadGroup::Impl {
 public:
  std::vector<std::unique_ptr<Scheduler>> schedulers;

  void stop_all() {
    for (auto& scheduler : schedulers) scheduler->stop();
  }

  void run_one(size_t index, const std::function<void(size_t)>& body, std::atomic<size_t>& left) {
    Scheduler& scheduler = *schedulers[index];
    auto fiber = scheduler.spawn([&] {
      body(index);
      if (left.fetch_sub(1) == 1) stop_all();
    });
    BIA_ASSERT(fiber.ok() && "no stack for a thread's first fiber");
    scheduler.run();
  }
};

ThreadGroup::ThreadGroup(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ThreadGroup::~ThreadGroup() = default;

Result<std::unique_ptr<ThreadGroup>> ThreadGroup::create(size_t threads,
                                                         const SchedulerOptions& options) {
  if (threads == 0) threads = usable_cpus();
  auto impl = std::make_unique<Impl>();
  for (size_t i = 0; i < threads; ++i)
    impl->schedulers.push_back(BIA_TRY(Scheduler::create(options)));
  return std::unique_ptr<ThreadGroup>(new ThreadGroup(std::move(impl)));
}

size_t ThreadGroup::size() const { return impl_->schedulers.size(); }
Scheduler& ThreadGroup::scheduler(size_t index) { return *impl_->schedulers[index]; }

void ThreadGroup::run(const std::function<void(size_t)>& body) {
  std::atomic<size_t> left = size();
  std::vector<std::thread> threads;
  for (size_t i = 1; i < size(); ++i)
    threads.emplace_back([&, i] { impl_->run_one(i, body, left); });
  impl_->run_one(0, body, left);
  for (auto& thread : threads) thread.join();
}

}  // namespace bia::fiber
