#include "grpc/connector.h"

#include <algorithm>
#include <random>
#include <utility>

namespace bia::grpc {
namespace {

Error closing() {
  return Error(Code::kCancelled, "CLOSING", "grpc: the client connection is closing");
}

/// A fifth less to a fifth more, so that the clients of a server do not come back together.
Duration jittered(Duration pause) {
  // By the clock: std::random_device has 5 KB on the stack.
  static thread_local std::minstd_rand generator{unsigned(now().time_since_epoch().count())};
  return pause / 10 * 8 + pause / 2500 * static_cast<int64_t>(generator() % 1001);
}

}  // namespace

Connector::Connector(std::string target, ChannelOptions& options)
    : options_(options), target_(std::move(target), options) {}

void Connector::drop_connection() {
  if (!connection_) return;
  if (connection_->pings_too_often()) options_.keepalive_time *= 2;
  sent_before_ += connection_->bytes_written();
  received_before_ += connection_->bytes_read();
  connection_.reset();
}

Result<void> Connector::connect(const std::shared_ptr<void>& owner, Deadline deadline,
                                Ready ready) {
  while (!usable()) {
    if (shut_) return closing();
    const bool paused = state_ == Dial::kNone && failure_ && now() < retry_at_;
    if (paused && ready == Ready::kFail) return *failure_;
    if (!paused && state_ == Dial::kNone) BIA_TRY(begin_dial(owner));
    const uint64_t seen = dials_ended_;
    auto waited = paused ? wait_for_retry(deadline) : waiters_.wait(deadline);
    if (!waited) return gave_up(waited.error(), ready);
    const bool failed = dials_ended_ != seen && failure_ && !usable();
    if (failed && (ready == Ready::kFail || failure_->code() != Code::kUnavailable))
      return *failure_;
  }
  return {};
}

/// Until the pause is over, or another has dialled, or `close`.
Result<void> Connector::wait_for_retry(Deadline deadline) {
  const TimePoint until = retry_at_;
  auto waited = waiters_.wait(std::min(deadline, Deadline(until)));
  const bool late = std::min(deadline, fiber::current_deadline()).expired();
  if (late || fiber::cancelled() || now() < until) return waited;
  return {};
}

/// As grpc-go words it.
Error Connector::gave_up(const Error& why, Ready ready) const {
  if (ready == Ready::kWait && failure_ && failure_->code() == Code::kUnavailable)
    return Error(why.code(), why.reason(), "latest balancer error: " + failure_->message());
  const bool late = why.code() == Code::kDeadlineExceeded;
  std::string text = late ? "context deadline exceeded" : "context canceled";
  return Error(why.code(), why.reason(), text.append(kWhileConnecting));
}

Result<void> Connector::begin_dial(const std::shared_ptr<void>& owner) {
  drop_connection();
  dialler_ = BIA_TRY(fiber::Scheduler::current().spawn([this, kept = owner] { dial(); }));
  state_ = Dial::kRuns;
  return {};
}

void Connector::dial() {
  auto dialled = target_.dial();
  // As it is while a server hands over to another: the next one is likely to be the other's.
  // grpc-go has no limit here.
  constexpr int kGoingAwayMax = 5;
  for (int i = 0; i < kGoingAwayMax && !dialled && dialled.error().reason() == kGoingAway; ++i)
    dialled = target_.dial();
  take(std::move(dialled));
  waiters_.wake_all();
}

void Connector::take(Result<std::shared_ptr<ClientConnection>> dialled) {
  const bool wanted = std::exchange(state_, Dial::kNone) == Dial::kRuns;
  if (dialled) {
    connection_ = *std::move(dialled);
    if (!wanted) {
      connection_->close();
      return drop_connection();
    }
    failure_.reset();
    backoff_ = {};
  } else if (wanted) {
    pause_after(dialled.error());
  }
  if (wanted) ++dials_ended_;
}

void Connector::pause_after(const Error& error) {
  failure_ = error;
  if (error.code() == Code::kCancelled) return skip_pause();  // All fibers end.
  // As grpc-go's, whose first pause has no jitter.
  constexpr Duration kBackoffMax = std::chrono::seconds(120);
  const bool first = backoff_ == Duration::zero();
  backoff_ = std::min(first ? options_.backoff : backoff_ * 8 / 5, kBackoffMax);
  retry_at_ = now() + (first ? backoff_ : jittered(backoff_));
}

void Connector::close() {
  if (connection_) connection_->close();
  drop_connection();
  if (state_ == Dial::kRuns) {
    state_ = Dial::kAbandoned;
    dialler_.cancel();
  }
  // For those who wait; the next one dials.
  failure_ = closing();
  skip_pause();
  backoff_ = {};
  ++dials_ended_;
  waiters_.wake_all();
}

void Connector::shut() {
  shut_ = true;
  close();
  if (fiber::in_fiber()) dialler_.cancel_and_join();
}

}  // namespace bia::grpc
