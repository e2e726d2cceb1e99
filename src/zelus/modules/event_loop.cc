#include "zelus/modules/event_loop.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/modules/vu.h"

namespace zelus::modules {

void EventLoop::Inbox::finish(std::function<void()> completion) {
  if (closed) return;
  completions.push_back(std::move(completion));
  parker.unpark();
}

void EventLoop::set_timer(uint32_t id, bia::js::Value callback,
                          std::vector<bia::js::Value> arguments, bia::Duration delay, bool repeat) {
  timers_.emplace(bia::now() + delay,
                  Timer{id, std::move(callback), std::move(arguments), delay, repeat});
}

void EventLoop::clear_timer(uint32_t id) {
  auto found = std::find_if(timers_.begin(), timers_.end(),
                            [id](const auto& entry) { return entry.second.id == id; });
  if (found != timers_.end()) timers_.erase(found);
}

bool EventLoop::fire(const Timer& timer) {
  JSContext* ctx = vu_.ctx();
  std::vector<JSValueConst> arguments;
  for (const auto& argument : timer.arguments) arguments.push_back(argument.get());
  if (timer.repeat) {
    // Re-armed first, so that the callback can clear it.
    bia::TimePoint next =
        bia::now() + std::max(timer.interval, bia::Duration(std::chrono::milliseconds(1)));
    timers_.emplace(next, timer);
  }
  bia::js::Value result(ctx, JS_Call(ctx, timer.callback.get(), JS_UNDEFINED,
                                     static_cast<int>(arguments.size()), arguments.data()));
  return !result.is_exception();
}

EventLoop::Step EventLoop::step() {
  if (!vu_.context().run_jobs()) return Step::kInterrupted;
  if (vu_.has_unhandled()) return Step::kInterrupted;
  if (!inbox_->completions.empty()) {
    auto completion = std::move(inbox_->completions.front());
    inbox_->completions.pop_front();
    --inbox_->pending;
    completion();
    return vu_.context().run_jobs() ? Step::kProgress : Step::kInterrupted;
  }
  if (empty()) return Step::kEmpty;
  if (!timers_.empty() && timers_.begin()->first <= bia::now()) {
    Timer timer = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    return fire(timer) && vu_.context().run_jobs() ? Step::kProgress : Step::kInterrupted;
  }
  bia::Deadline until =
      timers_.empty() ? bia::Deadline::never() : bia::Deadline(timers_.begin()->first);
  bool ended = false;
  {
    Wait wait(vu_);
    auto parked = inbox_->parker.park(until);
    ended = !parked.ok() && parked.error().code() == bia::Code::kCancelled;
  }
  if (ended || vu_.should_stop()) {
    vu_.throw_interrupted();
    return Step::kInterrupted;
  }
  return Step::kProgress;
}

bool EventLoop::run() {
  for (;;) {
    switch (step()) {
      case Step::kProgress:
        break;
      case Step::kEmpty:
        return true;
      case Step::kInterrupted:
        return false;
    }
  }
}

void EventLoop::interrupt() {
  for (const auto& [due, timer] : timers_) {
    vu_.script().log(LogLevel::kWarning,
                     fmt::format("{} {} was stopped because the VU iteration was interrupted",
                                 timer.repeat ? "setInterval" : "setTimeout", timer.id));
  }
  clear();
}

void EventLoop::clear() {
  timers_.clear();
  if (inbox_->pending == 0) return;
  inbox_->closed = true;
  inbox_->completions.clear();
  inbox_ = std::make_shared<Inbox>();
}

}  // namespace zelus::modules
