#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bia/grpc/client.h"
#include "grpc/client_call.h"
#include "http/http2_connection.h"

namespace bia::grpc {

/// The client's side of one connection. Kept alive by its reader's fiber and by the calls on it.
class ClientConnection final : public std::enable_shared_from_this<ClientConnection>, private http::Http2Events {
 public:
  /// Starts the reader. Errors: kResourceExhausted.
  static Result<std::shared_ptr<ClientConnection>> start(net::Socket socket, const ChannelOptions& options);
  /// False once no new call may begin: closed, GOAWAY, or out of stream ids.
  bool usable() const;
  /// Begins the call; its id tells its stream. False where the session takes no more.
  bool submit(ClientCall& call, const NvList& headers);
  /// Nothing more is told to the call.
  void detach(ClientCall& call);
  void reset(int32_t id, uint32_t error_code);
  void close() { http2_->close(); }
  http::Http2Connection& http2() { return *http2_; }
  uint64_t bytes_read() const { return http2_->bytes_read(); }
  uint64_t bytes_written() const { return http2_->bytes_written(); }

 private:
  void read_all();
  void* on_headers_begin(int32_t id, void* stream, nghttp2_headers_category category) noexcept override;
  void on_header(void* stream, std::string_view name, std::string_view value) noexcept override;
  void on_headers_end(int32_t id, void* stream, EndStream end) noexcept override;
  void on_data(int32_t id, void* stream, std::string_view bytes) noexcept override;
  void on_end_stream(int32_t id, void* stream) noexcept override;
  void on_end_sent(int32_t id, void* stream) noexcept override;
  void on_stream_closed(int32_t id, void* stream, uint32_t error_code) noexcept override;
  void on_goaway(int32_t last_stream_id, uint32_t error_code) noexcept override;
  ssize_t read_body(int32_t id, void* stream, std::span<char> into, uint32_t* flags) noexcept override;

  std::unique_ptr<http::Http2Connection> http2_;
  std::vector<ClientCall*> live_;
  bool goaway_ = false;
};

}  // namespace bia::grpc
