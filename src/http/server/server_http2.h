#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "http/http2/http2_guest.h"
#include "http/server/server_stream.h"
#include "http/server/server_thread.h"
#include "http/server/stream_pool.h"

namespace bia::http {

/// A server's connection that began with HTTP/2's preface: a fiber for each stream's handler. Lives
/// in the fiber that calls `run`.
class ServerHttp2 final : private Http2Events {
 public:
  explicit ServerHttp2(ServerThread& thread) : thread_(thread) {}
  ~ServerHttp2();
  /// Serves until the connection ends and all its handlers have returned. Suspends. `first` was
  /// read already.
  void run(net::Socket socket, std::string_view first);
  /// Asks the peer to go (GOAWAY); the connection ends with its last stream.
  void shut_down();
  /// Ends it now; handlers are cancelled.
  void close();
  /// The server's sweeper comes by, once a tick.
  void sweep();

  // For the streams.
  Http2Connection& http2() { return *http2_; }
  ServerThread& thread() { return thread_; }
  const std::string& peer() const { return peer_; }
  /// Takes the stream back once it is idle.
  void release(ServerStream& stream) { streams_.release(stream); }

 private:
  bool is_guests(ServerStream& stream) const;
  void hand_over(ServerStream& stream, EndStream end);
  Http2Stream* on_request() noexcept override;
  void on_header(Http2Stream& stream, Block block, std::string_view name,
                 std::string_view value) noexcept override;
  void on_headers_end(Http2Stream& stream, Block block, EndStream end) noexcept override;
  void on_data(Http2Stream& stream, std::string_view bytes) noexcept override;
  void on_end_stream(Http2Stream& stream) noexcept override;
  void on_stream_closed(Http2Stream& stream, Http2Error error) noexcept override;
  BodyPart read_body(Http2Stream& stream, std::span<char> into) noexcept override;
  void on_body_sent(Http2Stream& stream) noexcept override;

  ServerThread& thread_;
  std::unique_ptr<Http2Connection> http2_;
  std::string peer_;
  StreamPool<ServerStream> streams_;
  std::unique_ptr<Http2Guest> guest_;
  uint32_t streams_max_ = 0;  ///< as the peer is told
  uint32_t idle_ticks_ = 0;
};

}  // namespace bia::http
