#include "grpc/server_connection.h"

#include <utility>

namespace bia::grpc {
namespace {
// Calls kept for the next streams of a connection.
constexpr size_t kFreeCallsMax = 64;
}  // namespace

ServerConnection::~ServerConnection() = default;

Result<void> ServerConnection::run(net::Socket socket) {
  peer_ = socket.peer().text();
  http::Http2Options options;
  options.role = http::Http2Options::Role::kServer;
  options.stream_window_bytes = options_.window_bytes;
  options.connection_window_bytes =
      options_.window_bytes < (1u << 29) ? options_.window_bytes * 4 : options_.window_bytes;
  options.streams_max = static_cast<uint32_t>(options_.streams_max);
  options.header_bytes_max = static_cast<uint32_t>(options_.metadata_bytes_max);
  options.limits.stall = options_.stall_timeout;
  options.abuses = &abuses_;
  http2_ = std::make_unique<http::Http2Connection>(std::move(socket), options,
                                                   static_cast<http::Http2Events&>(*this));
  if (shutting_down_) return {};
  Result<void> outcome = http2_->run();
  // Nothing comes or goes any more: the handlers that still run are cancelled, and outlive neither
  // this object nor the session.
  for (size_t i = live_.size(); i-- > 0;) {
    Call& call = *live_[i];
    call.on_closed();
    release(call);
  }
  while (!live_.empty()) {
    if (!emptied_.wait()) fiber::yield();
  }
  return outcome;
}

void ServerConnection::shut_down() {
  if (shutting_down_) return;
  shutting_down_ = true;
  if (!http2_ || http2_->closed()) return;
  // RFC 9113 section 6.8: first a notice with the largest id; after a round trip, when what was
  // under way has arrived, the real last id.
  http2_->send_goaway(http::Http2Connection::Goaway::kNotice);
  http2_->ping();
}

void ServerConnection::on_ping_ack() noexcept {
  if (shutting_down_) http2_->send_goaway(http::Http2Connection::Goaway::kFinal);
}

void ServerConnection::close() {
  if (http2_) http2_->close();
}

void ServerConnection::release(Call& call) {
  if (!call.idle()) return;
  size_t index = call.live_index;
  std::unique_ptr<Call> owned = std::move(live_[index]);
  if (index + 1 != live_.size()) {
    live_[index] = std::move(live_.back());
    live_[index]->live_index = index;
  }
  live_.pop_back();
  // Not deleted: one of its functions may be running. The next request takes it, or drops it.
  free_.push_back(std::move(owned));
  if (live_.empty()) emptied_.wake_all();
}

http::Http2Stream* ServerConnection::on_request() noexcept {
  // Handlers whose streams were reset still count: a peer cannot start more than its share by
  // resetting at once (CVE-2023-44487).
  if (live_.size() >= options_.streams_max) return nullptr;
  while (free_.size() > kFreeCallsMax) free_.pop_back();
  std::unique_ptr<Call> call;
  if (free_.empty()) {
    call = std::make_unique<Call>(*this);
  } else {
    call = std::move(free_.back());
    free_.pop_back();
  }
  call->live_index = live_.size();
  call->begin();
  live_.push_back(std::move(call));
  return live_.back().get();
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
