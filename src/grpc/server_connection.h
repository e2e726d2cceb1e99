#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "bia/fiber/scheduler.h"
#include "bia/grpc/server.h"
#include "grpc/method_table.h"
#include "grpc/server_call.h"
#include "http/http2/http2_guest.h"
#include "http/message/owned_counter.h"
#include "http/server/stream_pool.h"

namespace bia::grpc {

/// Why a call is refused before its handler.
enum class CallRefusal : uint8_t {
  kMetadataTooLarge,
  kNotPost,
  kContentType,
  kBadTimeout,
  kUnknownMethod,
  kUnknownEncoding,
  kBadMetadata,  ///< a "-bin" field that is not base64
};
/// As /metrics and the log say it.
inline constexpr std::array<std::string_view, 7> kCallRefusalNames = {
    "metadata_too_large", "not_post",         "content_type", "bad_timeout",
    "unknown_method",     "unknown_encoding", "bad_metadata"};

/// Why a message is refused, or that it did not come.
enum class MessageRefusal : uint8_t {
  kTooLarge,
  kMalformed,
  kOverdue,
  kMissing,    ///< a unary call without one
  kSecond,     ///< a unary call with another one
  kTruncated,  ///< the stream ended in the middle of it
};
/// As /metrics and the log say it.
inline constexpr std::array<std::string_view, 6> kMessageRefusalNames = {
    "too_large", "malformed", "overdue", "missing", "second", "truncated"};

/// What one thread of a server counts.
struct alignas(64) ThreadCounters {
  http::OwnedCounter connections_accepted, connections_open;
  http::OwnedCounter connections_full, connections_without_descriptor, tls_failed, tls_without_h2,
      connections_stopped;
  http::OwnedCounter calls_started, calls_succeeded, calls_failed;
  http::OwnedCounter messages_received, messages_sent;
  std::array<http::OwnedCounter, kCallRefusalNames.size()> calls_refused;
  std::array<http::OwnedCounter, kMessageRefusalNames.size()> messages_refused;
  http::OwnedCounter keepalive_silent, keepalive_idle, keepalive_aged;
};

/// The gRPC side of one connection: one that was accepted, and lives in the fiber that calls `run`;
/// or an HTTP server's, whose guest it is.
class ServerConnection final : public http::Http2Guest, private fiber::Scheduler::Deferred {
 public:
  ServerConnection(const MethodTable& methods, const ServerOptions& options,
                   ThreadCounters& counters, http::Http2AbuseCounters& abuses)
      : methods_(methods), options_(options), counters_(counters), abuses_(abuses) {}
  ~ServerConnection() override;
  /// Serves until the connection ends and all its handlers have returned, after a handshake where
  /// the options ask for it. Suspends.
  void run(net::Socket socket);
  /// Serves calls of another's connection.
  void attach(http::Http2Connection& connection, const std::string& peer);
  /// Asks the peer to go (GOAWAY); the connection ends with its last call. A handshake in progress
  /// goes on, and its peer is asked then.
  void drain();
  /// Tells who wants to know of what is refused.
  void tell(http::Refusal::Of of, std::string_view reason, int fd, int status = 0) const;
  /// Counts a call that is refused, and tells of it. `status`: HTTP's; 0: 200, with gRPC's.
  void refuse_call(CallRefusal why, int status);
  /// The same for a message.
  void refuse_message(MessageRefusal why);
  /// The server stops: a handshake that still goes on is cut, TLS's or that of HTTP/2, whose peer
  /// has not said a word yet.
  void end_handshake();
  /// Ends it now; handlers are cancelled.
  void close();
  /// Does what `options.keepalive` asks for by `at`. When something may be due next.
  TimePoint keep_alive(TimePoint at);

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
  /// A unary call has begun whose message is to come: looked at once this turn's bytes are read.
  void await_message() { fiber::Scheduler::current().defer(*this); }
  /// Takes the call back once it is idle.
  void release(Call& call) {
    calls_.release(call);
    if (notes_idle_ && calls_.live() == 0) idle_since_ = now();
  }

  // For the HTTP server whose guest it is.
  void end() override;

 private:
  bool handshake(net::Socket& socket);
  void run_deferred() noexcept override;
  void watch_messages();
  void begin_keepalive();
  void leave(TimePoint at, std::string_view why, http::OwnedCounter& counter);
  TimePoint leave_when_due(TimePoint at);
  TimePoint end_when_due(TimePoint at);
  TimePoint ping_when_due(TimePoint at);
  /// Ends unary calls whose messages are overdue; when the next one is, TimePoint::max() for none.
  TimePoint end_overdue(TimePoint at);
  http::Http2Stream* on_request() noexcept override;
  void on_header(http::Http2Stream& stream, Block block, std::string_view name,
                 std::string_view value) noexcept override;
  void on_headers_end(http::Http2Stream& stream, Block block, EndStream end) noexcept override;
  void on_data(http::Http2Stream& stream, std::string_view bytes) noexcept override;
  void on_end_stream(http::Http2Stream& stream) noexcept override;
  void on_stream_closed(http::Http2Stream& stream, http::Http2Error error) noexcept override;
  BodyPart read_body(http::Http2Stream& stream, std::span<char> into) noexcept override;
  void on_body_sent(http::Http2Stream& stream) noexcept override;

  const MethodTable& methods_;
  const ServerOptions& options_;
  ThreadCounters& counters_;
  http::Http2AbuseCounters& abuses_;
  std::unique_ptr<http::Http2Connection> own_;
  http::Http2Connection* http2_ = nullptr;
  int handshaking_ = -1;  ///< the descriptor, while nothing but the handshake may use it
  bool cut_ = false;      ///< in its handshake, by the stop
  std::string peer_;
  const MethodHandler* last_method_ = nullptr;
  http::StreamPool<Call> calls_;
  fiber::Fiber watch_;  ///< of unary calls whose messages are to come
  bool watching_ = false;
  bool shutting_down_ = false;
  // By `keep_alive`; the moments are TimePoint{} where there is none.
  bool notes_idle_ = false;
  bool aged_ = false;  ///< it leaves for its age
  TimePoint opened_at_{}, idle_since_{}, age_due_{}, left_at_{}, pinged_at_{};
};

}  // namespace bia::grpc
