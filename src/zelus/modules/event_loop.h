#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "js/runtime.h"

namespace zelus::modules {

class Vu;

/// What a user's code has begun and not finished: promise reactions, timers, requests in other
/// fibers. Belongs to the user's thread.
class EventLoop {
 public:
  explicit EventLoop(Vu& vu) : vu_(vu) {}

  /// Where work in another fiber of the thread hands in what shall run on the user's fiber.
  /// Outlives the loop; after `clear` nobody listens.
  class Inbox {
   public:
    void finish(std::function<void()> completion);

   private:
    friend class EventLoop;
    size_t pending = 0;
    std::deque<std::function<void()>> completions;
    bia::fiber::Parker parker;
    bool closed = false;
  };
  /// Keeps the loop alive until `finish` is called on what this returns.
  std::shared_ptr<Inbox> begin() {
    ++inbox_->pending;
    return inbox_;
  }
  /// Ids count from 1; a failed call uses one up too.
  uint32_t next_timer_id() { return ++timer_ids_; }
  void set_timer(uint32_t id, bia::js::Value callback, std::vector<bia::js::Value> arguments,
                 bia::Duration delay, bool repeat);
  void clear_timer(uint32_t id);

  enum class Step { kProgress, kEmpty, kInterrupted };
  /// Runs what is ready, or waits for it: kEmpty when nothing is left. An exception of a callback
  /// stays pending with kInterrupted.
  Step step();
  /// Until empty. False: an exception is pending (an interruption too), or promises were rejected
  /// without a handler (Vu::take_unhandled).
  bool run();
  /// For an iteration or stage that ends early: logs of each timer, the next one first, that it was
  /// stopped, and drops all that is left.
  void interrupt();
  /// Drops all that is left; what requests in flight hand in later is ignored.
  void clear();
  bool empty() const { return timers_.empty() && inbox_->pending == 0; }

 private:
  struct Timer {
    uint32_t id;
    bia::js::Value callback;
    std::vector<bia::js::Value> arguments;
    bia::Duration interval;
    bool repeat;
  };
  bool fire(const Timer& timer);

  Vu& vu_;
  uint32_t timer_ids_ = 0;
  std::multimap<bia::TimePoint, Timer> timers_;
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
};

}  // namespace zelus::modules
