#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bia/fiber/sync.h"
#include "bia/grpc/server.h"
#include "grpc/method_table.h"
#include "grpc/server_call.h"
#include "http/http2_connection.h"
#include "http/owned_counter.h"

namespace bia::grpc {

/// What one thread of a server counts.
struct alignas(64) ThreadCounters {
  http::OwnedCounter connections_accepted, connections_open;
  http::OwnedCounter calls_started, calls_succeeded, calls_failed;
  http::OwnedCounter messages_received, messages_sent;
};

/// The gRPC side of one accepted connection. Lives in the fiber that calls `run`.
class ServerConnection final : private http::Http2Events {
 public:
  ServerConnection(const MethodTable& methods, const ServerOptions& options,
                   ThreadCounters& counters, http::Http2AbuseCounters& abuses)
      : methods_(methods), options_(options), counters_(counters), abuses_(abuses) {}
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
  /// As `methods().find`; a connection mostly asks for the same one again.
  const MethodHandler* find_method(std::string_view path) {
    if (!last_method_ || last_method_->path != path) last_method_ = methods_.find(path);
    return last_method_;
  }
  const ServerOptions& options() const { return options_; }
  ThreadCounters& counters() { return counters_; }
  const std::string& peer() const { return peer_; }
  /// Takes the call back once it is idle.
  void release(Call& call);

 private:
  http::Http2Stream* on_request() noexcept override;
  void on_header(http::Http2Stream& stream, Block block, std::string_view name,
                 std::string_view value) noexcept override;
  void on_headers_end(http::Http2Stream& stream, Block block, EndStream end) noexcept override;
  void on_data(http::Http2Stream& stream, std::string_view bytes) noexcept override;
  void on_end_stream(http::Http2Stream& stream) noexcept override;
  void on_stream_closed(http::Http2Stream& stream, http::Http2Error error) noexcept override;
  void on_ping_ack() noexcept override;
  BodyPart read_body(http::Http2Stream& stream, std::span<char> into) noexcept override;
  void on_body_sent(http::Http2Stream& stream) noexcept override;

  const MethodTable& methods_;
  const ServerOptions& options_;
  ThreadCounters& counters_;
  http::Http2AbuseCounters& abuses_;
  std::unique_ptr<http::Http2Connection> http2_;
  std::string peer_;
  const MethodHandler* last_method_ = nullptr;
  std::vector<std::unique_ptr<Call>> live_;
  std::vector<std::unique_ptr<Call>> free_;
  fiber::WaitQueue emptied_;
  bool shutting_down_ = false;
};

}  // namespace bia::grpc
