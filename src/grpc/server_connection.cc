#include "grpc/server_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace bia::grpc {

ServerConnection::~ServerConnection() = default;

void ServerConnection::tell(http::Refusal::Of of, std::string_view reason, int fd,
                            int status) const {
  if (options_.on_refusal) options_.on_refusal({of, reason, status, fd});
}

void ServerConnection::refuse_call(CallRefusal why, int status) {
  const auto index = static_cast<size_t>(why);
  counters_.calls_refused[index].add();
  tell(http::Refusal::Of::kCall, kCallRefusalNames[index], http2_->socket().fd(), status);
}

void ServerConnection::refuse_message(MessageRefusal why) {
  const auto index = static_cast<size_t>(why);
  counters_.messages_refused[index].add();
  tell(http::Refusal::Of::kMessage, kMessageRefusalNames[index], http2_->socket().fd());
}

bool ServerConnection::handshake(net::Socket& socket) {
  handshaking_ = socket.fd();
  auto shaken = socket.start_tls(*options_.tls, Deadline::after(options_.handshake_timeout));
  handshaking_ = -1;
  if (!shaken) {
    (cut_ ? counters_.connections_stopped : counters_.tls_failed).add();
    if (!cut_) tell(http::Refusal::Of::kConnection, shaken.error().reason(), socket.fd());
    return false;
  }
  // gRPC over TLS is negotiated (PROTOCOL-HTTP2.md, "Security"); who offers nothing is refused as
  // well, as by grpc-go since 1.67.
  if (socket.alpn() == "h2") return true;
  counters_.tls_without_h2.add();
  tell(http::Refusal::Of::kConnection, "no_h2", socket.fd());
  return false;
}

void ServerConnection::run(net::Socket socket) {
  if (options_.tls && !handshake(socket)) return;
  peer_ = socket.peer().text();
  http::Http2Options options;
  options.role = http::Http2Options::Role::kServer;
  options.stream_window_bytes = options_.window_bytes;
  options.connection_window_bytes =
      options_.window_bytes < (1u << 29) ? options_.window_bytes * 4 : options_.window_bytes;
  options.streams_max = static_cast<uint32_t>(options_.streams_max);
  options.header_bytes_max = static_cast<uint32_t>(options_.metadata_bytes_max);
  options.handshake_timeout = options_.handshake_timeout;
  options.limits = options_.http2;
  options.limits.stall = options_.stall_timeout;
  options.abuses = &abuses_;
  options.ping_policy = {options_.keepalive.min_time, options_.keepalive.permit_without_stream};
  begin_keepalive();
  own_ = std::make_unique<http::Http2Connection>(std::move(socket), options,
                                                 static_cast<http::Http2Events&>(*this));
  http2_ = own_.get();
  if (shutting_down_) http2_->shut_down();
  http2_->run().ignore("a lost connection is its peer's business; its calls are cancelled");
  end();
}

void ServerConnection::end() {
  watch_.cancel_and_join();
  calls_.end();
}

void ServerConnection::run_deferred() noexcept {
  if (watching_ || end_overdue(http2_->read_at()) == TimePoint::max()) return;
  // Few connections need one: mostly a message comes with its head.
  auto started = fiber::Scheduler::current().spawn([this] { watch_messages(); });
  if (!started) return close();
  watching_ = true;
  watch_ = std::move(*started);
}

void ServerConnection::watch_messages() {
  // Calls that begin meanwhile may be due earlier than the one that is slept for.
  constexpr Duration kLook = std::chrono::milliseconds(100);
  for (;;) {
    const TimePoint at = now();
    const TimePoint due = end_overdue(at);
    if (due == TimePoint::max()) break;
    if (!fiber::sleep_for(std::min(due - at, kLook))) return;
  }
  watching_ = false;
}

TimePoint ServerConnection::end_overdue(TimePoint at) {
  TimePoint next = TimePoint::max();
  calls_.for_each([&](Call& call) {
    const TimePoint due = call.message_due();
    if (due <= at) {
      call.end_overdue();
    } else {
      next = std::min(next, due);
    }
  });
  return next;
}

void ServerConnection::attach(http::Http2Connection& connection, const std::string& peer) {
  http2_ = &connection;
  peer_ = peer;
}

void ServerConnection::drain() {
  shutting_down_ = true;
  if (http2_ != nullptr) http2_->shut_down();
}

void ServerConnection::end_handshake() {
  if (handshaking_ >= 0) {
    cut_ = true;
    ::shutdown(handshaking_, SHUT_RDWR);
  } else if (own_ != nullptr && own_->awaits_peer() && !std::exchange(cut_, true)) {
    counters_.connections_stopped.add();
    own_->close();
  }
}

void ServerConnection::close() {
  end_handshake();
  if (http2_ != nullptr) http2_->close();
}

http::Http2Stream* ServerConnection::on_request() noexcept {
  // Handlers whose streams were reset still count: a peer cannot start more than its share by
  // resetting at once (CVE-2023-44487).
  if (calls_.live() >= options_.streams_max) return nullptr;
  return &calls_.take([this] { return std::make_unique<Call>(*this); });
}

namespace {
Call& call_of(http::Http2Stream& stream) { return static_cast<Call&>(stream); }
}  // namespace

void ServerConnection::on_header(http::Http2Stream& stream, Block block, std::string_view name,
                                 std::string_view value) noexcept {
  if (block == Block::kHead) call_of(stream).on_header(name, value);
}

void ServerConnection::on_headers_end(http::Http2Stream& stream, Block block,
                                      EndStream end) noexcept {
  if (block == Block::kHead) call_of(stream).on_head();
  if (end == EndStream::kYes && stream.is_open()) call_of(stream).on_end_stream();
}

void ServerConnection::on_data(http::Http2Stream& stream, std::string_view bytes) noexcept {
  call_of(stream).on_data(bytes);
}

void ServerConnection::on_end_stream(http::Http2Stream& stream) noexcept {
  call_of(stream).on_end_stream();
}

void ServerConnection::on_stream_closed(http::Http2Stream& stream, http::Http2Error) noexcept {
  Call& call = call_of(stream);
  call.on_closed();
  release(call);
}

http::Http2Events::BodyPart ServerConnection::read_body(http::Http2Stream& stream,
                                                        std::span<char> into) noexcept {
  return call_of(stream).read_body(into);
}

void ServerConnection::on_body_sent(http::Http2Stream& stream) noexcept {
  call_of(stream).send_trailers();
}

}  // namespace bia::grpc
