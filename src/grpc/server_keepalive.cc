// What a connection does about silence, idleness and age; its server looks at all of a thread's.
#include <algorithm>
#include <random>

#include "grpc/server_connection.h"

namespace bia::grpc {
namespace {

/// That a peer without calls has to go after it was asked to, as grpc-go gives it.
constexpr Duration kLeaveMax = std::chrono::minutes(1);

/// From nine to eleven tenths of it, so that connections that came together do not go together.
Duration spread(Duration age) {
  // By the clock: std::random_device has 5 KB on the stack.
  static thread_local std::minstd_rand generator{unsigned(now().time_since_epoch().count())};
  return age / 10 * 9 + age / 5000 * static_cast<int64_t>(generator() % 1000);
}

}  // namespace

void ServerConnection::begin_keepalive() {
  const ServerKeepalive& keepalive = options_.keepalive;
  opened_at_ = idle_since_ = now();
  notes_idle_ = keepalive.max_connection_idle > Duration::zero();
  if (keepalive.max_connection_age > Duration::zero())
    age_due_ = opened_at_ + spread(keepalive.max_connection_age);
}

TimePoint ServerConnection::keep_alive(TimePoint at) {
  // In its handshake, or a guest of another server, or gone.
  if (own_ == nullptr || own_->closed()) return TimePoint::max();
  const TimePoint next = left_at_ == TimePoint{} ? leave_when_due(at) : end_when_due(at);
  return own_->closed() ? TimePoint::max() : std::min(next, ping_when_due(at));
}

TimePoint ServerConnection::leave_when_due(TimePoint at) {
  TimePoint next = TimePoint::max();
  if (shutting_down_) return next;
  if (age_due_ != TimePoint{}) {
    aged_ = age_due_ <= at;
    if (aged_) {
      leave(at, "max_age", counters_.keepalive_aged);
      return end_when_due(at);
    }
    next = age_due_;
  }
  if (!notes_idle_ || calls_.live() > 0) return next;
  const TimePoint due = idle_since_ + options_.keepalive.max_connection_idle;
  if (due > at) return std::min(next, due);
  leave(at, "max_idle", counters_.keepalive_idle);
  return end_when_due(at);
}

void ServerConnection::leave(TimePoint at, std::string_view why, http::OwnedCounter& counter) {
  left_at_ = at;
  counter.add();
  own_->shut_down(why);
}

TimePoint ServerConnection::end_when_due(TimePoint at) {
  TimePoint due = TimePoint::max();
  const Duration grace = options_.keepalive.max_connection_age_grace;
  if (aged_ && grace > Duration::zero()) due = left_at_ + grace;
  // One that has calls ends with the last of them.
  if (calls_.live() == 0) due = std::min(due, left_at_ + kLeaveMax);
  if (due > at) return due;
  close();
  return TimePoint::max();
}

TimePoint ServerConnection::ping_when_due(TimePoint at) {
  const ServerKeepalive& keepalive = options_.keepalive;
  if (keepalive.time <= Duration::zero()) return TimePoint::max();
  const TimePoint heard_at = std::max(opened_at_, own_->read_at());
  if (pinged_at_ != TimePoint{} && heard_at < pinged_at_) {
    const TimePoint due = pinged_at_ + keepalive.timeout;
    if (due > at) return due;
    counters_.keepalive_silent.add();
    tell(http::Refusal::Of::kConnection, "keepalive", own_->socket().fd());
    close();
    return TimePoint::max();
  }
  pinged_at_ = {};
  const TimePoint due = heard_at + keepalive.time;
  if (due > at) return due;
  pinged_at_ = at;
  own_->ping();
  return at + keepalive.timeout;
}

}  // namespace bia::grpc
