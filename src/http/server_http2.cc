#include "http/server_http2.h"

#include <utility>

namespace bia::http {
namespace {

/// Streams kept for the next requests of a connection.
constexpr size_t kFreeStreamsMax = 64;
/// As many as Go's server lets a peer have.
constexpr uint32_t kStreamsMax = 250;

ServerStream& stream_of(Http2Stream& stream) { return static_cast<ServerStream&>(stream); }

}  // namespace

ServerHttp2::~ServerHttp2() = default;

void ServerHttp2::run(net::Socket socket, std::string_view first) {
  peer_ = socket.peer().text();
  Http2Options options;
  options.streams_max = kStreamsMax;
  options.header_bytes_max = static_cast<uint32_t>(thread_.core.options.limits.header_bytes_max);
  options.abuses = &thread_.core.http2_abuses;
  http2_ = std::make_unique<Http2Connection>(std::move(socket), options,
                                             static_cast<Http2Events&>(*this));
  http2_->run(first).ignore("how a peer leaves is its own affair");
  // Handlers that still run are cancelled, and outlive neither this object nor the connection.
  for (size_t i = live_.size(); i-- > 0;) {
    ServerStream& stream = *live_[i];
    stream.on_closed();
    release(stream);
  }
  while (!live_.empty()) {
    if (!emptied_.wait()) fiber::yield();
  }
}

void ServerHttp2::shut_down() {
  if (shutting_down_) return;
  shutting_down_ = true;
  if (!http2_ || http2_->closed()) return;
  // RFC 9113 section 6.8: first a notice with the largest id; after a round trip, when what was
  // under way has arrived, the real last id.
  http2_->send_goaway(Http2Connection::Goaway::kNotice);
  http2_->ping();
}

void ServerHttp2::on_ping_ack() noexcept {
  if (shutting_down_) http2_->send_goaway(Http2Connection::Goaway::kFinal);
}

void ServerHttp2::close() {
  if (http2_) http2_->close();
}

void ServerHttp2::sweep() {
  if (!http2_ || !live_.empty()) {
    idle_ticks_ = 0;
    return;
  }
  ++idle_ticks_;
  if (idle_ticks_ == thread_.core.idle_ticks) shut_down();
  // A peer that does not even answer the ping.
  if (idle_ticks_ > thread_.core.idle_ticks + thread_.core.header_ticks) close();
}

void ServerHttp2::release(ServerStream& stream) {
  if (!stream.idle()) return;
  const size_t index = stream.live_index;
  std::unique_ptr<ServerStream> owned = std::move(live_[index]);
  if (index + 1 != live_.size()) {
    live_[index] = std::move(live_.back());
    live_[index]->live_index = index;
  }
  live_.pop_back();
  // Not deleted: one of its functions may be running. The next request takes it, or drops it.
  free_.push_back(std::move(owned));
  if (live_.empty()) emptied_.wake_all();
}

Http2Stream* ServerHttp2::on_request() noexcept {
  // Handlers whose streams were reset still count: a peer cannot start more than its share by
  // resetting at once (CVE-2023-44487).
  if (live_.size() >= kStreamsMax) return nullptr;
  while (free_.size() > kFreeStreamsMax) free_.pop_back();
  std::unique_ptr<ServerStream> stream;
  if (free_.empty()) {
    stream = std::make_unique<ServerStream>(*this);
  } else {
    stream = std::move(free_.back());
    free_.pop_back();
  }
  stream->live_index = live_.size();
  stream->begin();
  live_.push_back(std::move(stream));
  return live_.back().get();
}

void ServerHttp2::on_header(Http2Stream& stream, Block block, std::string_view name,
                            std::string_view value) noexcept {
  if (block == Block::kHead) stream_of(stream).on_header(name, value);
}

void ServerHttp2::on_headers_end(Http2Stream& stream, Block block, EndStream end) noexcept {
  if (end == EndStream::kYes) stream_of(stream).on_end_stream();
  if (block == Block::kHead) stream_of(stream).on_head();
}

void ServerHttp2::on_data(Http2Stream& stream, std::string_view bytes) noexcept {
  stream_of(stream).on_data(bytes);
}

void ServerHttp2::on_end_stream(Http2Stream& stream) noexcept { stream_of(stream).on_end_stream(); }

void ServerHttp2::on_stream_closed(Http2Stream& stream, Http2Error) noexcept {
  stream_of(stream).on_closed();
  release(stream_of(stream));
}

Http2Events::BodyPart ServerHttp2::read_body(Http2Stream& stream, std::span<char> into) noexcept {
  return stream_of(stream).read_body(into);
}

}  // namespace bia::http
