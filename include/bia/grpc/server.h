#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/http/http2_limits.h"
#include "bia/http/refusal.h"
#include "bia/net/tls.h"

namespace google::protobuf {
class FileDescriptor;
}
namespace bia::fiber {
class ThreadGroup;
}
namespace bia::http {
class Http2GuestService;
}

namespace bia::grpc {

/// Metadata: lower-case keys; values of keys that end in "-bin" are raw bytes here, base64 on the
/// wire.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// One call being served, in its own fiber. Its deadline (`grpc-timeout`, the server's timeout) and
/// its cancellation by the peer end all of the fiber's waits.
class ServerCall {
 public:
  /// "/helloworld.v1.Greeter/SayHello"
  virtual std::string_view path() const = 0;
  /// Of the request; empty where there is none. Views live as long as the call.
  virtual std::string_view metadata(std::string_view key) const = 0;
  virtual const Metadata& all_metadata() const = 0;
  /// Before the first message goes out.
  virtual void add_initial_metadata(std::string_view key, std::string_view value) = 0;
  virtual void add_trailing_metadata(std::string_view key, std::string_view value) = 0;
  virtual Deadline deadline() const = 0;
  virtual std::string peer() const = 0;
  virtual bool cancelled() const = 0;
  /// What the handshake agreed on, with the client's certificate; none in cleartext.
  virtual std::optional<net::TlsInfo> tls() const = 0;
  /// The next message's bytes; false at the end of the peer's stream. Suspends. Errors: kCancelled,
  /// kDeadlineExceeded, kResourceExhausted (above the limit).
  virtual Result<bool> read(std::string& message) = 0;
  /// Queues one message; suspends while the flow-control window and the buffer are full.
  virtual Result<void> write(std::string_view message) = 0;

 protected:
  ~ServerCall() = default;
};

/// A method as the transport sees it: bytes in, bytes out. The generated code makes these.
struct MethodHandler {
  std::string path;
  /// Unary: set, and `stream` is not. Appends the reply's bytes.
  std::function<Result<void>(ServerCall& call, std::string_view request, std::string& reply)> unary;
  /// All three streaming kinds.
  std::function<Result<void>(ServerCall& call)> stream;
  /// Serves callers of content type application/grpc+json, whose messages are JSON; of the same
  /// kind. Null: they are refused, as those of other types are.
  std::shared_ptr<const MethodHandler> json = nullptr;
};

/// What a server does about connections that are silent, idle or old, and about peers that ping:
/// grpc-go's keepalive.ServerParameters and EnforcementPolicy, with its defaults. Zero: not at all.
/// Config keys server.grpc.keepalive.*.
struct ServerKeepalive {
  /// Nothing came for so long: a PING.
  Duration time = std::chrono::hours(2);
  /// Nothing came for so long after it: the connection ends, and its calls are cancelled. Above
  /// zero.
  Duration timeout = std::chrono::seconds(20);
  /// No call for so long: GOAWAY ("max_idle").
  Duration max_connection_idle{};
  /// A connection older than this, give or take a tenth: GOAWAY ("max_age"); the calls that it has
  /// may end.
  Duration max_connection_age{};
  /// After that GOAWAY: what still runs is cancelled.
  Duration max_connection_age_grace{};
  /// A peer's PINGs may come so long after one another; the third that comes sooner, without data
  /// sent between them, ends the connection (ENHANCE_YOUR_CALM, "too_many_pings"). Where there is
  /// no call, two hours in its place, unless `permit_without_stream`. Zero: `http2.pings` alone.
  Duration min_time = std::chrono::minutes(5);
  bool permit_without_stream = false;
};

struct ServerOptions {
  /// Empty: no port of its own; see `http_guest`.
  std::string address = ":9000";
  /// Listening sockets to serve on in place of opening `address` (`net::InheritedSockets`). Taken
  /// over by `start`.
  std::vector<int> listeners;
  /// Null: cleartext. Of its protocols (ALPN) only "h2" is served.
  std::shared_ptr<net::TlsServer> tls;
  /// For TLS's handshake, and for HTTP/2's preface and SETTINGS after it.
  Duration handshake_timeout = std::chrono::seconds(20);
  size_t connections_max = 100'000;  ///< on the port of its own, of all threads
  /// Of a call without a shorter grpc-timeout; zero: none. Config key server.grpc.timeout.
  Duration timeout = std::chrono::seconds(1);
  size_t message_bytes_max = 4 * 1024 * 1024;  ///< grpc-go's default for received messages
  size_t streams_max = 1024;                   ///< concurrent, a connection
  size_t metadata_bytes_max = 64 * 1024;
  uint32_t window_bytes = 1 << 20;
  /// What a connection's peer may do, on the port of its own; `stall` is this:
  http::Http2Limits http2;
  /// On the port of its own.
  ServerKeepalive keepalive;
  /// Serves grpc.health.v1.Health. Without, it is there where `add_method` brings one. Config key
  /// server.grpc.health.
  bool health = true;
  /// Serves reflection, and kratos.api.Metadata, which tells the same. Config key
  /// server.grpc.reflection.
  bool reflection = true;
  /// That answers wait for a peer that takes none of them before its connection ends, and a unary
  /// call for its message of which nothing more comes; zero: for ever. The call's deadline holds
  /// as well.
  Duration stall_timeout = std::chrono::seconds(120);
  /// Told of each connection, call and message that is refused, for the log. Null: nobody.
  http::RefusalHook on_refusal = nullptr;
  /// Called on the server's threads for each call of a method that nobody serves (UNIMPLEMENTED);
  /// must not suspend. Null: nobody.
  std::function<void()> on_unknown_method = nullptr;
};

/// gRPC over HTTP/2 (PROTOCOL-HTTP2.md), cleartext or TLS, with health v1 and reflection v1 and
/// v1alpha unless the options leave them out.
class Server {
 public:
  static Result<std::unique_ptr<Server>> create(fiber::ThreadGroup& threads,
                                                const ServerOptions& options);
  ~Server();
  /// Before `start`. Errors: kAlreadyExists for a path twice.
  Result<void> add_method(MethodHandler handler);
  /// For reflection, and "SERVING" in health for each of its services.
  void add_file(const google::protobuf::FileDescriptor* file);
  enum class Health { kServing, kNotServing };
  /// Thread-safe; Watch streams are told. "" is the whole server.
  void set_health(std::string_view service, Health health);
  /// All services are NOT_SERVING from now on, whatever `set_health` says; Watch streams are told
  /// and stay open (grpc-go: health.Server.Shutdown). Thread-safe.
  void shut_down_health();
  Result<void> start();
  /// Of the port of its own.
  std::string address() const;
  /// Given to an http::ServerOptions, it serves gRPC's calls on that server's port too, whose
  /// limits on connections and heads hold there. The gRPC server must outlive that one.
  http::Http2GuestService& http_guest();
  /// As channelz counts; sums over all threads. Thread-safe.
  struct Counters {
    uint64_t connections_accepted = 0, connections_open = 0;
    /// Connections refused: above `connections_max`, or the process's descriptors; handshakes that
    /// failed, that did not agree on HTTP/2, and that had not ended when the server stopped.
    uint64_t connections_full = 0, connections_without_descriptor = 0, tls_failed = 0,
             tls_without_h2 = 0, connections_stopped = 0;
    uint64_t calls_started = 0, calls_succeeded = 0, calls_failed = 0;
    /// Calls that failed before their handlers, by reason ("unknown_method", "content_type", …).
    std::vector<std::pair<std::string_view, uint64_t>> calls_refused;
    uint64_t messages_received = 0, messages_sent = 0;
    /// Connections that ended by `keepalive`: no answer to a PING, idle, too old.
    uint64_t keepalive_silent = 0, keepalive_idle = 0, keepalive_aged = 0;
    /// By reason ("too_large", "malformed", "overdue", …).
    std::vector<std::pair<std::string_view, uint64_t>> messages_refused;
    /// Connections that were ended for what the peer did: by the name of the limit that it
    /// exceeded, or of the error (RFC 9113 section 7).
    std::vector<std::pair<std::string_view, uint64_t>> http2_abuses;
    /// Calls that were reset: malformed, or above `streams_max`.
    std::vector<std::pair<std::string_view, uint64_t>> http2_streams_refused;
  };
  Counters counters() const;
  /// Before a stop: GOAWAY to those that are connected. kLeave: nothing is accepted any more, as
  /// another program has the listening sockets too. Suspends.
  enum class Listeners : uint8_t { kKeep, kLeave };
  void drain(Listeners listeners);
  /// The listening sockets, once started; for the program's successor.
  std::vector<int> listener_fds() const;
  /// GOAWAY, then waits for calls in flight until `deadline`, and a second of it for handshakes.
  /// Suspends.
  void stop(Deadline deadline);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia::grpc
