#pragma once
#include <cstddef>
#include <functional>
#include <memory>

#include "bia/base/result.h"
#include "bia/fiber/scheduler.h"

namespace bia::fiber {

/// One scheduler a thread. Thread 0 is the thread that calls `run`.
class ThreadGroup {
 public:
  /// 0 asks for the number of CPUs that this process may run on (sched_getaffinity).
  static Result<std::unique_ptr<ThreadGroup>> create(size_t threads,
                                                     const SchedulerOptions& options = {});
  ~ThreadGroup();

  size_t size() const;
  Scheduler& scheduler(size_t index);
  /// Spawns `body(index)` as a fiber on each thread and runs until all those fibers have ended,
  /// then stops all schedulers.
  void run(const std::function<void(size_t)>& body);

 private:
  class Impl;
  explicit ThreadGroup(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia::fiber
