#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/threads.h"

namespace bia::net {

/// Gives each accepted connection to the least loaded thread of a group. One object for all threads
/// of one server.
class AcceptBalance {
 public:
  /// `serve(fd)` is called in a fiber of the thread that got the connection; it owns the
  /// descriptor.
  AcceptBalance(fiber::ThreadGroup& threads, std::function<void(int fd)> serve);
  /// `serve` is also given its own fiber, for others to cancel; the reference holds while it runs.
  AcceptBalance(fiber::ThreadGroup& threads, std::function<void(int fd, fiber::Fiber& self)> serve);
  ~AcceptBalance();
  /// Called on the accepting thread.
  void accepted(int fd);
  /// Connections now on a thread.
  size_t connections(size_t thread) const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace bia::net
