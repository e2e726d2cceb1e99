#include "http/server/server_http2.h"

#include <utility>

namespace bia::http {
namespace {

ServerStream& stream_of(Http2Stream& stream) { return static_cast<ServerStream&>(stream); }

}  // namespace

ServerHttp2::~ServerHttp2() = default;

void ServerHttp2::run(net::Socket socket, std::string_view first) {
  peer_ = socket.peer().text();
  Http2Options options;
  // The peer does not know which of its requests are the guest's: one number for all.
  const Http2GuestService* guest = thread_.core.options.guest;
  const ServerOptions& server = thread_.core.options;
  streams_max_ =
      guest != nullptr ? guest->streams_max() : static_cast<uint32_t>(server.streams_max);
  options.streams_max = streams_max_;
  options.limits = server.http2;
  options.header_bytes_max = static_cast<uint32_t>(server.limits.header_bytes_max);
  options.handshake_timeout = server.header_timeout;
  options.abuses = &thread_.core.http2_abuses;
  http2_ = std::make_unique<Http2Connection>(std::move(socket), options,
                                             static_cast<Http2Events&>(*this));
  if (thread_.draining) http2_->shut_down();
  http2_->run(first).ignore("how a peer leaves is its own affair");
  streams_.end();
  if (guest_) guest_->end();
}

void ServerHttp2::shut_down() {
  if (http2_) http2_->shut_down();
}

void ServerHttp2::close() {
  if (http2_) http2_->close();
}

void ServerHttp2::sweep() {
  if (!http2_ || http2_->open_streams() > 0 || streams_.live() > 0) {
    idle_ticks_ = 0;
    return;
  }
  ++idle_ticks_;
  if (idle_ticks_ == 2) streams_.shrink();
  if (idle_ticks_ == thread_.core.idle_ticks) shut_down();
  // A peer that does not even answer the ping.
  if (idle_ticks_ > thread_.core.idle_ticks + thread_.core.header_ticks) close();
}

Http2Stream* ServerHttp2::on_request() noexcept {
  // Handlers whose streams were reset still count: a peer cannot start more than its share by
  // resetting at once (CVE-2023-44487).
  if (streams_.live() >= streams_max_) return nullptr;
  return &streams_.take([this] { return std::make_unique<ServerStream>(*this); });
}

bool ServerHttp2::is_guests(ServerStream& stream) const {
  const Http2GuestService* guest = thread_.core.options.guest;
  // A head above the limits was not kept whole: it is refused here, and not handed over in part.
  return guest != nullptr && !stream.head_too_large() && guest->takes(stream.content_type());
}

void ServerHttp2::hand_over(ServerStream& stream, EndStream end) {
  if (!guest_) guest_ = thread_.core.options.guest->attach(*http2_, peer_);
  if (Http2Stream* theirs = guest_->on_request()) {
    http2_->hand_over(stream, *theirs, *guest_);
    stream.repeat_head(*guest_, *theirs);
    guest_->on_headers_end(*theirs, Block::kHead, end);
  } else {
    http2_->reset(stream, Http2Error::kRefusedStream);
  }
  streams_.release(stream);
}

void ServerHttp2::on_header(Http2Stream& stream, Block block, std::string_view name,
                            std::string_view value) noexcept {
  if (block == Block::kHead) {
    stream_of(stream).on_header(name, value);
  } else {
    stream_of(stream).on_trailer(name, value);
  }
}

void ServerHttp2::on_headers_end(Http2Stream& stream, Block block, EndStream end) noexcept {
  if (block == Block::kHead && is_guests(stream_of(stream)))
    return hand_over(stream_of(stream), end);
  if (block != Block::kHead) stream_of(stream).on_trailers_end();
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

void ServerHttp2::on_body_sent(Http2Stream& stream) noexcept { stream_of(stream).send_trailers(); }

Http2Events::BodyPart ServerHttp2::read_body(Http2Stream& stream, std::span<char> into) noexcept {
  return stream_of(stream).read_body(into);
}

}  // namespace bia::http
