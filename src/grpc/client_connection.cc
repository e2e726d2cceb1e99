#include "grpc/client_connection.h"

#include <fmt/format.h>

#include <utility>

#include "codec/go_quote.h"

namespace bia::grpc {

Result<std::shared_ptr<ClientConnection>> ClientConnection::start(net::Socket socket,
                                                                  std::string_view early,
                                                                  const ChannelOptions& options,
                                                                  Deadline deadline) {
  auto connection = std::make_shared<ClientConnection>();
  http::Http2Options http2;
  http2.role = http::Http2Options::Role::kClient;
  http2.stream_window_bytes = options.window_bytes;
  http2.connection_window_bytes =
      options.window_bytes < (1u << 29) ? options.window_bytes * 4 : options.window_bytes;
  http2.header_bytes_max = static_cast<uint32_t>(options.metadata_bytes_max);
  // Its bytes bound a block; the limit on its frames must not do so before.
  http2.limits.continuations += http2.header_bytes_max / http::kFrameBytesMax;
  connection->http2_ = std::make_unique<http::Http2Connection>(
      std::move(socket), http2, static_cast<http::Http2Events&>(*connection));
  BIA_TRY(fiber::Scheduler::current().spawn(
      [connection, first = std::string(early)] { connection->read_all(first); }));
  if (auto ready = connection->wait_settings(deadline); !ready) {
    connection->close();
    return std::move(ready).error();
  }
  // The SETTINGS may have come together with a GOAWAY, or with what ended the connection.
  if (connection->ended_ || !connection->usable()) {
    connection->close();
    return Error(Code::kUnavailable, connection->going_away_ ? kGoingAway : "PREFACE",
                 connection->why_lost_.empty() ? "the server is going away (GOAWAY)"
                                               : connection->why_lost_);
  }
  if (options.keepalive_time > Duration::zero()) {
    const Duration time = options.keepalive_time;
    const Duration timeout = options.keepalive_timeout;
    auto keeper = fiber::Scheduler::current().spawn(
        [connection, time, timeout] { connection->keep_alive(time, timeout); });
    if (!keeper) {
      connection->close();
      return std::move(keeper).error();
    }
    connection->keeper_ = *std::move(keeper);
  }
  return connection;
}

Result<void> ClientConnection::wait_settings(Deadline deadline) {
  while (!settings_seen_) {
    if (ended_) return Error(Code::kUnavailable, "PREFACE", why_lost_);
    BIA_TRY(slots_.wait(deadline));
  }
  return {};
}

void ClientConnection::read_all(std::string_view early) {
  Result<void> outcome = http2_->run(early);
  ended_ = true;
  if (keeper_.valid()) keeper_.cancel();
  std::string why = outcome ? "EOF" : outcome.error().message();
  Status lost{Code::kUnavailable,
              why_lost_.empty() ? fmt::format("error reading from server: {}", why) : why_lost_,
              {}};
  if (!goaway_.empty()) {
    lost.message = fmt::format(
        "closing transport due to: connection error: desc = {}, received prior goaway: {}",
        codec::go_quote(lost.message), goaway_);
  }
  while (!live_.empty()) {
    ClientCall& call = *live_.back();
    live_.pop_back();
    call.on_lost(lost);
  }
  if (why_lost_.empty()) why_lost_ = std::move(why);
  slots_.wake_all();
}

void ClientConnection::on_goaway(http::Http2Error error, std::string_view debug) noexcept {
  going_away_ = error == http::Http2Error::kNoError;
  pings_too_often_ = error == http::Http2Error::kEnhanceYourCalm && debug == http::kTooManyPings;
  if (goaway_.empty()) {  // In grpc-go's words.
    goaway_ = fmt::format("code: {}", http::http2_error_name(error));
    if (!debug.empty()) goaway_ += ", debug data: " + codec::go_quote(debug);
  }
  slots_.wake_all();
}

void ClientConnection::keep_alive(Duration time, Duration timeout) {
  TimePoint due = http2_->read_at() + time;
  while (fiber::sleep_until(due) && !http2_->closed()) {
    const TimePoint at = now();
    due = http2_->read_at() + time;
    if (due > at) continue;
    due = at + time;
    if (live_.empty()) continue;  // The next look is in time for calls that begin now.
    const uint64_t seen = bytes_read();
    http2_->ping();
    const Result<void> acked = acks_.wait(Deadline::after(timeout));
    if (acked || bytes_read() != seen) {
      due = http2_->read_at() + time;
      continue;
    }
    if (fiber::cancelled()) return;
    why_lost_ = "keepalive ping failed to receive ACK within timeout";
    return http2_->close();
  }
}

void ClientConnection::submit(ClientCall& call, const FieldList& head) {
  call.live_index = live_.size();
  live_.push_back(&call);
  http2_->open(call);
  http2_->send_headers(call, head.fields(), EndStream::kNo);
  http2_->start_body(call);
}

void ClientConnection::remove(ClientCall& call) {
  live_[call.live_index] = live_.back();
  live_[call.live_index]->live_index = call.live_index;
  live_.pop_back();
  slots_.wake_one();
}

void ClientConnection::abandon(ClientCall& call) {
  http2_->reset(call, http::Http2Error::kCancel);
  remove(call);
}

namespace {
ClientCall& call_of(http::Http2Stream& stream) { return static_cast<ClientCall&>(stream); }
}  // namespace

void ClientConnection::on_header(http::Http2Stream& stream, Block block, std::string_view name,
                                 std::string_view value) noexcept {
  call_of(stream).on_header(block, name, value);
}

void ClientConnection::on_headers_end(http::Http2Stream& stream, Block, EndStream end) noexcept {
  call_of(stream).on_headers_end(end);
}

void ClientConnection::on_data(http::Http2Stream& stream, std::string_view bytes) noexcept {
  call_of(stream).on_data(bytes);
}

void ClientConnection::on_end_stream(http::Http2Stream& stream) noexcept {
  call_of(stream).on_end_stream();
}

void ClientConnection::on_stream_closed(http::Http2Stream& stream,
                                        http::Http2Error error) noexcept {
  remove(call_of(stream));
  call_of(stream).on_closed(error);
}

http::Http2Events::BodyPart ClientConnection::read_body(http::Http2Stream& stream,
                                                        std::span<char> into) noexcept {
  return call_of(stream).read_body(into);
}

}  // namespace bia::grpc
