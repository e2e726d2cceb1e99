#pragma once
#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "bia/net/socket.h"

namespace bia::http {

/// Frames that may wait to be sent before the connection stops reading: what a peer that does not read can make us hold.
inline constexpr size_t kHttp2QueuedFramesMax = 20'000;

/// What a connection's owner learns while bytes are fed and drained. Called outside of suspension points: nothing here may suspend or throw.
/// `stream` is what the owner attached to the stream's id; null where nothing is.
class Http2Events {
 public:
  /// A header block begins: NGHTTP2_HCAT_REQUEST, _RESPONSE or _HEADERS (trailers, or a final head after an interim one). What it
  /// returns is attached to the stream.
  virtual void* on_headers_begin(int32_t id, void* stream, nghttp2_headers_category category) noexcept = 0;
  virtual void on_header(void* stream, std::string_view name, std::string_view value) noexcept = 0;
  enum class EndStream : bool { kNo, kYes };
  virtual void on_headers_end(int32_t id, void* stream, EndStream end) noexcept = 0;
  /// Not given back to the flow-control windows: `consume` does.
  virtual void on_data(int32_t id, void* stream, std::string_view bytes) noexcept = 0;
  virtual void on_end_stream(int32_t id, void* stream) noexcept = 0;
  /// END_STREAM of ours was handed to the transport.
  virtual void on_end_sent(int32_t id, void* stream) noexcept = 0;
  virtual void on_stream_closed(int32_t id, void* stream, uint32_t error_code) noexcept = 0;
  virtual void on_goaway(int32_t last_stream_id, uint32_t error_code) noexcept { static_cast<void>(last_stream_id), static_cast<void>(error_code); }
  virtual void on_settings() noexcept {}
  virtual void on_ping_ack() noexcept {}
  /// The body of `submit_*` with `body_source()`: bytes copied into `into`, with NGHTTP2_DATA_FLAG_* in `flags`; or NGHTTP2_ERR_DEFERRED.
  virtual ssize_t read_body(int32_t id, void* stream, std::span<char> into, uint32_t* flags) noexcept = 0;

 protected:
  ~Http2Events() = default;
};

struct Http2Options {
  enum class Role { kServer, kClient } role = Role::kServer;
  /// Initial window of each stream that the peer sends on, and of the connection.
  uint32_t stream_window_bytes = 1 << 20;
  uint32_t connection_window_bytes = 4 << 20;
  uint32_t streams_max = 1024;
  uint32_t header_bytes_max = 64 * 1024;
};

/// One HTTP/2 connection (RFC 9113), either side, on nghttp2. Input is parsed as it is read; output is gathered and written once a loop
/// turn. Belongs to its thread. Streams are nghttp2's; the owner submits to `session()` and then calls `flush`.
class Http2Connection final : private fiber::Scheduler::Deferred {
 public:
  /// `events` must outlive the connection. Errors: kResourceExhausted.
  static Result<std::unique_ptr<Http2Connection>> create(net::Socket socket, const Http2Options& options, Http2Events& events);
  ~Http2Connection();

  /// Reads until the connection ends. Suspends. `first` was already read from the socket. The error says why it ended: kUnavailable (lost), kInvalidArgument
  /// (not HTTP/2), kCancelled; none for an orderly end.
  Result<void> run(std::string_view first = {});
  nghttp2_session* session() { return session_; }
  /// Sends what is queued at the end of this loop turn.
  void flush();
  /// Gives received bytes back to the windows of the stream and of the connection.
  void consume(int32_t id, size_t bytes);
  /// Changes what is attached to a stream.
  void attach(int32_t id, void* stream);
  /// Lets `run` return soon; what the kernel has not taken yet is lost.
  void close();
  bool closed() const { return closed_; }
  const nghttp2_data_provider* body_source() const { return &body_source_; }
  net::Socket& socket() { return socket_; }
  uint64_t bytes_read() const { return socket_.bytes_read(); }
  uint64_t bytes_written() const { return socket_.bytes_written(); }
  /// The moment at which the bytes now being parsed were read: saves a clock read per request.
  TimePoint read_at() const { return read_at_; }

 private:
  struct Callbacks;
  Http2Connection(net::Socket socket, Http2Events& events);
  Result<void> start(const Http2Options& options);
  Result<void> feed(std::string_view bytes);
  void run_deferred() noexcept override;
  /// False where the kernel took less, and the rest was put aside.
  bool write_now(std::string_view bytes);
  void drain();
  void* stream_of(int32_t id);

  net::Socket socket_;
  Http2Events& events_;
  nghttp2_session* session_ = nullptr;
  nghttp2_data_provider body_source_{};
  // The stream of the last callback: header callbacks come in runs of one stream.
  int32_t cached_id_ = -1;
  void* cached_stream_ = nullptr;
  TimePoint read_at_{};
  bool closed_ = false;
  bool feeding_ = false;
  bool blocked_ = false;  // A fiber is writing `pending_`.
  std::string pending_;
  fiber::Fiber drainer_;
  fiber::WaitQueue unblocked_;
};

}  // namespace bia::http
