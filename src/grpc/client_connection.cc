#include "grpc/client_connection.h"

#include <utility>

#include <fmt/format.h>

namespace bia::grpc {

Result<std::shared_ptr<ClientConnection>> ClientConnection::start(net::Socket socket, const ChannelOptions& options) {
  auto connection = std::make_shared<ClientConnection>();
  http::Http2Options http2;
  http2.role = http::Http2Options::Role::kClient;
  http2.stream_window_bytes = options.window_bytes;
  http2.connection_window_bytes = options.window_bytes < (1u << 29) ? options.window_bytes * 4 : options.window_bytes;
  http2.header_bytes_max = static_cast<uint32_t>(options.metadata_bytes_max);
  connection->http2_ = BIA_TRY(http::Http2Connection::create(std::move(socket), http2, *connection));
  BIA_TRY(fiber::Scheduler::current().spawn([connection] { connection->read_all(); }));
  return connection;
}

void ClientConnection::read_all() {
  Result<void> outcome = http2_->run();
  std::string why = outcome ? "EOF" : outcome.error().message();
  Status lost{Code::kUnavailable, fmt::format("error reading from server: {}", why), {}};
  while (!live_.empty()) {
    ClientCall& call = *live_.back();
    detach(call);
    call.on_lost(lost);
  }
}

bool ClientConnection::usable() const {
  return !goaway_ && !http2_->closed() && nghttp2_session_check_request_allowed(http2_->session());
}

bool ClientConnection::submit(ClientCall& call, const NvList& headers) {
  int32_t id = nghttp2_submit_request(http2_->session(), nullptr, headers.data(), headers.size(), http2_->body_source(), &call);
  if (id < 0) return false;
  call.id = id;
  call.live_index = live_.size();
  live_.push_back(&call);
  http2_->flush();
  return true;
}

void ClientConnection::detach(ClientCall& call) {
  http2_->attach(call.id, nullptr);
  live_[call.live_index] = live_.back();
  live_[call.live_index]->live_index = call.live_index;
  live_.pop_back();
  call.id = -1;
}

void ClientConnection::reset(int32_t id, uint32_t error_code) {
  nghttp2_submit_rst_stream(http2_->session(), NGHTTP2_FLAG_NONE, id, error_code);
  http2_->flush();
}

void* ClientConnection::on_headers_begin(int32_t, void* stream, nghttp2_headers_category) noexcept {
  if (stream) static_cast<ClientCall*>(stream)->on_headers_begin();
  return stream;
}

void ClientConnection::on_header(void* stream, std::string_view name, std::string_view value) noexcept {
  if (stream) static_cast<ClientCall*>(stream)->on_header(name, value);
}

void ClientConnection::on_headers_end(int32_t, void* stream, EndStream end) noexcept {
  if (stream) static_cast<ClientCall*>(stream)->on_headers_end(end);
}

void ClientConnection::on_data(int32_t id, void* stream, std::string_view bytes) noexcept {
  if (stream) {
    static_cast<ClientCall*>(stream)->on_data(bytes);
  } else {
    http2_->consume(id, bytes.size());
  }
}

void ClientConnection::on_end_stream(int32_t, void* stream) noexcept {
  if (stream) static_cast<ClientCall*>(stream)->on_end_stream();
}

void ClientConnection::on_end_sent(int32_t, void* stream) noexcept {
  if (stream) static_cast<ClientCall*>(stream)->on_end_sent();
}

void ClientConnection::on_stream_closed(int32_t, void* stream, uint32_t error_code) noexcept {
  if (stream) static_cast<ClientCall*>(stream)->on_closed(error_code);
}

void ClientConnection::on_goaway(int32_t, uint32_t) noexcept { goaway_ = true; }

ssize_t ClientConnection::read_body(int32_t, void* stream, std::span<char> into, uint32_t* flags) noexcept {
  // Abandoned: its RST_STREAM is queued.
  if (!stream) return NGHTTP2_ERR_DEFERRED;
  return static_cast<ClientCall*>(stream)->read_body(into, flags);
}

}  // namespace bia::grpc
