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
  options.connection_window_bytes = options_.window_bytes < (1u << 29) ? options_.window_bytes * 4 : options_.window_bytes;
  options.streams_max = static_cast<uint32_t>(options_.streams_max);
  options.header_bytes_max = static_cast<uint32_t>(options_.metadata_bytes_max);
  http2_ = BIA_TRY(http::Http2Connection::create(std::move(socket), options, *this));
  if (shutting_down_) return {};
  Result<void> outcome = http2_->run();
  // Nothing comes or goes any more: the handlers that still run are cancelled, and outlive neither this object nor the session.
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
  // RFC 9113 section 6.8: first a notice with the largest id; after a round trip, when what was under way has arrived, the real last id.
  nghttp2_submit_shutdown_notice(http2_->session());
  nghttp2_submit_ping(http2_->session(), NGHTTP2_FLAG_NONE, nullptr);
  http2_->flush();
}

void ServerConnection::on_ping_ack() noexcept {
  if (!shutting_down_) return;
  nghttp2_session* session = http2_->session();
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR, nullptr, 0);
  http2_->flush();
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
  if (free_.size() < kFreeCallsMax) free_.push_back(std::move(owned));
  if (live_.empty()) emptied_.wake_all();
}

void* ServerConnection::on_headers_begin(int32_t id, void* stream, nghttp2_headers_category category) noexcept {
  trailers_ = category != NGHTTP2_HCAT_REQUEST;
  if (trailers_) return stream;
  std::unique_ptr<Call> call;
  if (free_.empty()) {
    call = std::make_unique<Call>(*this);
  } else {
    call = std::move(free_.back());
    free_.pop_back();
  }
  call->live_index = live_.size();
  call->open(id);
  live_.push_back(std::move(call));
  return live_.back().get();
}

void ServerConnection::on_header(void* stream, std::string_view name, std::string_view value) noexcept {
  if (stream && !trailers_) static_cast<Call*>(stream)->on_header(name, value);
}

void ServerConnection::on_headers_end(int32_t, void* stream, EndStream end) noexcept {
  if (!stream) return;
  Call& call = *static_cast<Call*>(stream);
  if (!trailers_) call.on_head();
  if (end == EndStream::kYes) call.on_end_stream();
}

void ServerConnection::on_data(int32_t id, void* stream, std::string_view bytes) noexcept {
  if (stream) {
    static_cast<Call*>(stream)->on_data(bytes);
  } else {
    http2_->consume(id, bytes.size());
  }
}

void ServerConnection::on_end_stream(int32_t, void* stream) noexcept {
  if (stream) static_cast<Call*>(stream)->on_end_stream();
}

void ServerConnection::on_end_sent(int32_t, void* stream) noexcept {
  if (stream) static_cast<Call*>(stream)->on_end_sent();
}

void ServerConnection::on_stream_closed(int32_t, void* stream, uint32_t) noexcept {
  if (!stream) return;
  Call& call = *static_cast<Call*>(stream);
  call.on_closed();
  release(call);
}

ssize_t ServerConnection::read_body(int32_t, void* stream, std::span<char> into, uint32_t* flags) noexcept {
  if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  return static_cast<Call*>(stream)->read_body(into, flags);
}

}  // namespace bia::grpc
