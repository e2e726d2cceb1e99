#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bia/fiber/sync.h"
#include "bia/grpc/server.h"
#include "grpc/method_table.h"
#include "grpc/server_call.h"
#include "http/http2_connection.h"

namespace bia::grpc {

/// The gRPC side of one accepted connection. Lives in the fiber that calls `run`.
class ServerConnection final : private http::Http2Events {
 public:
  ServerConnection(const MethodTable& methods, const ServerOptions& options) : methods_(methods), options_(options) {}
  ~ServerConnection();
  /// Serves until the connection ends and all its handlers have returned. Suspends.
  Result<void> run(net::Socket socket);
  /// Asks the peer to go (GOAWAY); the connection ends with its last call.
  void shut_down();
  /// Ends it now; handlers are cancelled.
  void close();

  // For the calls.
  http::Http2Connection& http2() { return *http2_; }
  const MethodTable& methods() const { return methods_; }
  const ServerOptions& options() const { return options_; }
  const std::string& peer() const { return peer_; }
  /// Takes the call back once it is idle.
  void release(Call& call);

 private:
  void* on_headers_begin(int32_t id, void* stream, nghttp2_headers_category category) noexcept override;
  void on_header(void* stream, std::string_view name, std::string_view value) noexcept override;
  void on_headers_end(int32_t id, void* stream, EndStream end) noexcept override;
  void on_data(int32_t id, void* stream, std::string_view bytes) noexcept override;
  void on_end_stream(int32_t id, void* stream) noexcept override;
  void on_end_sent(int32_t id, void* stream) noexcept override;
  void on_stream_closed(int32_t id, void* stream, uint32_t error_code) noexcept override;
  void on_ping_ack() noexcept override;
  ssize_t read_body(int32_t id, void* stream, std::span<char> into, uint32_t* flags) noexcept override;

  const MethodTable& methods_;
  const ServerOptions& options_;
  std::unique_ptr<http::Http2Connection> http2_;
  std::string peer_;
  std::vector<std::unique_ptr<Call>> live_;
  std::vector<std::unique_ptr<Call>> free_;
  fiber::WaitQueue emptied_;
  bool trailers_ = false;  // The header block being read is of no interest.
  bool shutting_down_ = false;
};

}  // namespace bia::grpc
