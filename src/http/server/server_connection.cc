#include "http/server/server_connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "bia/http/router.h"
#include "http/routing/error_body.h"
#include "http/server/server_http2.h"

namespace bia::http {

ServerConnection::ServerConnection(ServerThread& thread, net::Socket socket, fiber::Fiber& fiber)
    : thread_(thread),
      socket_(std::move(socket)),
      fiber_(fiber),
      parser_(thread.core.options.limits),
      request_(*this),
      response_(*this),
      since_(thread.tick) {
  next_ = thread_.connections;
  previous_next_ = &thread_.connections;
  if (next_ != nullptr) next_->previous_next_ = &next_;
  thread_.connections = this;
  thread_.open.add();
  socket_.observe(this);
}

ServerConnection::~ServerConnection() {
  if (thread_.unswept == this) thread_.unswept = next_;
  *previous_next_ = next_;
  if (next_ != nullptr) next_->previous_next_ = previous_next_;
  thread_.open.subtract();
}

void ServerConnection::run() {
  if (thread_.core.options.tls && !handshake()) return;
  Next next = Next::kGoOn;
  if (socket_.alpn() == "h2") {
    serve_http2();
    next = Next::kEnd;
  }
  while (next == Next::kGoOn) next = turn();
  if (next == Next::kEndUnread) linger();
  socket_.close();
}

bool ServerConnection::handshake() {
  enter(Phase::kHandshake);
  const Duration patience = thread_.core.options.header_timeout;
  auto shaken = socket_.start_tls(*thread_.core.options.tls, patience > Duration::zero()
                                                                 ? Deadline::after(patience)
                                                                 : Deadline::never());
  if (shaken) return true;
  (cut_ ? thread_.stopped : thread_.tls_failed).add();
  if (thread_.core.options.on_refusal && !cut_)
    thread_.core.options.on_refusal(
        {Refusal::Of::kConnection, shaken.error().reason(), 0, socket_.fd()});
  if (shaken.error().reason() == "TLS_NOT_TLS") {
    // Most likely a client with the wrong scheme, which understands this (Go's server says it too).
    constexpr std::string_view kAnswer =
        "HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\n"
        "Client sent an HTTP request to an HTTPS server.\n";
    ::send(socket_.fd(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket_.fd(), SHUT_WR);
  }
  return false;
}

ServerConnection::Next ServerConnection::turn() {
  switch (in_.empty() ? Parsed::kNeedMore : parser_.parse(in_.view())) {
    case Parsed::kComplete:
      return handle();
    case Parsed::kNeedMore:
      if (!flush()) return Next::kEnd;
      if (fill()) return Next::kGoOn;
      // RFC 9110 section 15.5.9: the peer had begun a request and may want to know.
      if (expired_ && phase_ == Phase::kHead) {
        return refuse({408, "REQUEST_TIMEOUT", "the request's head did not come in time"});
      }
      return Next::kEnd;
    case Parsed::kBad:
      return refuse(parser_.problem());
    case Parsed::kHttp2:
      break;
  }
  serve_http2();
  return Next::kEnd;
}

void ServerConnection::serve_http2() {
  ServerHttp2 served(thread_);
  socket_.observe(nullptr);
  phase_ = Phase::kHandling;
  http2_ = &served;
  served.run(std::move(socket_), in_.view());
  http2_ = nullptr;
}

bool ServerConnection::fill() {
  if (in_.empty()) return fill_first();
  if (phase_ != Phase::kHead) {
    // Counts from the head's first byte, however slowly the rest drips in.
    enter(Phase::kHead);
  }
  if (in_.space().empty()) in_.reserve(std::max(in_.size(), kReadBytes));
  auto count = socket_.read_some(in_.space(), Deadline::never());
  if (!count || *count == 0) return false;
  in_.filled(*count);
  return true;
}

bool ServerConnection::fill_first() {
  if (thread_.stopping && !std::exchange(owed_, false)) return false;
  enter(Phase::kIdle);
  if (in_.capacity() > kKeptBytesMax) in_.release();
  if (out_.capacity() > kKeptBytesMax) out_.release();
  request_.shrink(kKeptBytesMax);
  response_.shrink(kKeptBytesMax);
  // Not into a buffer of the connection's own, which the sweeper takes while this waits. One a
  // thread: it is in use only between a read and the next suspension.
  thread_local std::unique_ptr<char[]> first(new char[kReadBytes]);
  auto count = socket_.read_some({first.get(), kReadBytes}, Deadline::never());
  if (!count || *count == 0) return false;
  in_.append({first.get(), *count});
  return true;
}

Result<void> ServerConnection::flush() {
  gathered_ = 0;
  if (out_.empty()) return {};
  auto taken = socket_.try_write(out_.view());
  if (!taken) return std::move(taken).error();
  out_.consume(*taken);
  if (out_.empty()) return {};
  const iovec parts[] = {{out_.data(), out_.size()}};
  return write_all(parts);
}

Result<void> ServerConnection::write_all(std::span<const iovec> parts) {
  const Phase before = phase_;
  enter(Phase::kWrite);
  flushing_ = true;
  uncancel();
  auto written = socket_.write_all(parts, Deadline::never());
  flushing_ = false;
  out_.clear();
  enter(before);
  // A handler's own deadline may cut a write: what would follow is no answer that the peer could
  // tell from the rest of this one.
  if (!written && written.error().code() != Code::kUnavailable) abort();
  if (!handling_) return written;
  if (gone_) fiber_.cancel();
  look_for_peer();
  return written;
}

/// As Go's server does: once a request is read whole, an end of what its peer sends is taken for
/// its going away, though the peer may still read. The answer is written all the same.
void ServerConnection::look_for_peer() noexcept {
  if (!handling_ || gone_ || reading_shut_ || response_.answered()) return;
  if (!request_.done() || !socket_.ended()) return;
  gone_ = true;
  thread_.cancelled.add();
  fiber_.cancel();
}

void ServerConnection::on_input() noexcept {
  if (phase_ == Phase::kHandling) look_for_peer();
}

/// A handler that suspends must not hold back the answers gathered before it.
void ServerConnection::run_deferred() noexcept {
  if (flushing_ || out_.empty()) return;
  if (auto taken = socket_.try_write(out_.view())) out_.consume(*taken);
}

bool ServerConnection::keeps_alive() const {
  return parser_.keep_alive() && !response_.close() && !thread_.draining;
}

ServerConnection::Next ServerConnection::handle() {
  thread_.requests.add();
  request_.begin();
  if (!out_.empty()) fiber::Scheduler::current().defer(*this);
  handling_ = true;
  resume_handler();
  call_handler();
  handling_ = false;
  if (gone_) {
    uncancel();
    gone_ = false;
  }
  if (aborted_) return Next::kEnd;
  if (auto taker = response_.taker()) return hand_over(*taker);
  const bool body_done = request_.finish();
  if (!body_done || !parser_.keep_alive() || thread_.draining) response_.set_close();
  if (!response_.finish()) return Next::kEnd;
  if (response_.close()) {
    if (!flush()) return Next::kEnd;
    return body_done && in_.size() == request_.consumed() ? Next::kEnd : Next::kEndUnread;
  }
  in_.consume(request_.consumed());
  if (!request_.leftover().empty()) in_.append(request_.leftover());
  parser_.reset();
  request_.reset();
  response_.reset();
  if (++gathered_ >= thread_.core.options.limits.pipeline_max || out_.size() > kGatheredBytesMax) {
    if (!flush()) return Next::kEnd;
  }
  return Next::kGoOn;
}

ServerConnection::Next ServerConnection::hand_over(ServerResponse::Taker& taker) {
  if (!response_.finish() || !flush()) return Next::kEnd;
  phase_ = Phase::kHandling;
  socket_.observe(nullptr);
  const std::string first(in_.view().substr(request_.consumed()));
  in_.release();
  out_.release();
  try {
    taker(socket_, first);
  } catch (...) {
    // As a handler's: the close says enough.
  }
  return Next::kEnd;
}

void ServerConnection::call_handler() {
  try {
    thread_.core.handler(request_, response_);
    return;
  } catch (...) {
    // What it threw is for recovery middleware and logs, not for the peer.
  }
  if (response_.head_sent()) {
    // The peer can tell a cut answer from a whole one only by the close.
    abort();
    return;
  }
  response_.reset();
  write_error(response_, 500, "INTERNAL", "the handler failed");
}

ServerConnection::Next ServerConnection::refuse(const Problem& problem) {
  thread_.refuse_request(problem.reason, problem.status, socket_.fd());
  std::string body;
  append_error_json(body, problem.status, problem.reason, problem.message);
  out_.append(
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nDate: {}\r\nConnection: "
                  "close\r\nContent-Length: {}\r\n\r\n",
                  problem.status, reason_phrase(problem.status), thread_.date.text(), body.size()));
  out_.append(body);
  return flush() ? Next::kEndUnread : Next::kEnd;
}

/// A close with unread input makes the kernel send a reset, which may overtake our last answer (RFC
/// 9112 section 9.6).
void ServerConnection::linger() {
  constexpr Duration kLingerMax = std::chrono::milliseconds(500);
  constexpr size_t kLingerBytesMax = 256 * 1024;
  socket_.shutdown_write();
  enter(Phase::kBody);
  const Deadline deadline = Deadline::after(kLingerMax);
  in_.clear();
  in_.reserve(kReadBytes);
  for (size_t total = 0; total < kLingerBytesMax;) {
    auto count = socket_.read_some(in_.space(), deadline);
    if (!count || *count == 0) return;
    total += *count;
  }
}

void ServerConnection::sweep() {
  if (http2_ != nullptr) return http2_->sweep();
  const uint32_t age = thread_.tick - since_;
  switch (phase_) {
    case Phase::kHandling:
    case Phase::kHandshake:
      return;
    case Phase::kHead:
      // The record that had begun was one of TLS's own.
      if (in_.empty() && !socket_.record_begun()) return enter(Phase::kIdle);
      if (age < thread_.core.header_ticks) return;
      break;
    case Phase::kIdle:
      if (age >= 2) {
        // Waiting for a first byte: none of these holds anything.
        in_.release();
        out_.release();
        request_.shrink(0);
        response_.shrink(0);
      }
      // Once: what parsing, handlers and above all a TLS handshake called deeper.
      if (age == 2) fiber_.trim();
      if (socket_.record_begun()) return enter(Phase::kHead);
      if (age < thread_.core.idle_ticks) return;
      break;
    case Phase::kBody:
      if (age < thread_.core.idle_ticks) return;
      break;
    case Phase::kWrite:
      return sweep_write();
  }
  expired_ = true;
  // Ends the read that its fiber waits in; an answer can still be sent.
  shut_reading();
  since_ = thread_.tick;
}

/// Counts from when the peer last took something, however long the whole answer takes.
void ServerConnection::sweep_write() {
  const uint64_t mark = socket_.delivery_mark();
  if (mark != delivered_) {
    delivered_ = mark;
    since_ = thread_.tick;
  }
  if (thread_.tick - since_ < thread_.core.idle_ticks) return;
  thread_.refuse_request("WRITE_TIMEOUT", 0, socket_.fd());
  expired_ = true;
  ::shutdown(socket_.fd(), SHUT_RDWR);
  since_ = thread_.tick;
}

void ServerConnection::shut_reading() {
  reading_shut_ = true;
  socket_.shutdown_read();
}

void ServerConnection::drain() {
  // HTTP/1.1 has no way to say it but the next answer.
  if (http2_ != nullptr) http2_->shut_down();
}

void ServerConnection::end_if_idle() {
  if (http2_ != nullptr) return http2_->shut_down();
  if (phase_ == Phase::kHandshake) owed_ = true;
  if (is_idle()) shut_reading();
}

void ServerConnection::end_handshake() {
  if (http2_ != nullptr) return;
  cut_ = phase_ == Phase::kHandshake;
  if (cut_ || is_idle()) ::shutdown(socket_.fd(), SHUT_RDWR);
}

void ServerConnection::cancel() {
  cut_ = phase_ == Phase::kHandshake;
  ended_ = true;
  abort();
  // HTTP/2 cancels the fibers of its handlers itself, and waits for them in this one.
  if (http2_ == nullptr) fiber_.cancel();
}

void ServerConnection::abort() {
  if (http2_ != nullptr) return http2_->close();
  reading_shut_ = aborted_ = true;
  ::shutdown(socket_.fd(), SHUT_RDWR);
}

}  // namespace bia::http
