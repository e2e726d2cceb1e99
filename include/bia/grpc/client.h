#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/grpc/server.h"
#include "bia/http/proxy.h"
#include "bia/net/resolver.h"
#include "bia/net/tls.h"

namespace bia::grpc {

struct CallOptions {
  /// Sent as grpc-timeout; the call also ends locally at it.
  Deadline deadline;
  const Metadata* metadata = nullptr;
  /// Where a connection cannot be made: kFail ends the call with kUnavailable, and at once while
  /// the channel pauses (`ChannelOptions::backoff`); kWait waits for the attempts to come until the
  /// deadline (gRPC's wait-for-ready).
  enum class Ready { kFail, kWait } ready = Ready::kFail;
};

/// The outcome of a call: the status that the peer sent, or that a local failure became
/// (kUnavailable, kDeadlineExceeded, kCancelled).
struct Status {
  Code code = Code::kOk;
  std::string message;
  /// Serialized google.rpc.Status of `grpc-status-details-bin`; empty where there is none.
  std::string details;
};

struct UnaryReply {
  Status status;
  Metadata headers;
  Metadata trailers;
  std::string message;
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  void clear();
};

/// A streaming call of any kind. Belongs to the channel's thread; one fiber may read while another
/// writes.
class ClientStream {
 public:
  ~ClientStream();
  ClientStream(ClientStream&&) noexcept;
  Result<void> write(std::string_view message);
  void close_send();
  /// False at the end; then `finish` has the status.
  Result<bool> read(std::string& message);
  /// Suspends until the trailers are there.
  Status finish();
  void cancel();
  const Metadata& headers() const;
  const Metadata& trailers() const;

 private:
  friend class Channel;
  class Impl;
  explicit ClientStream(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

enum class Compression { kNone, kGzip };

struct ChannelOptions {
  /// Of the requests; also asks for compressed replies. Replies in gzip are read either way.
  Compression compression = Compression::kNone;
  std::string user_agent = "bia";
  /// Default: `server_name` over TLS, else the target.
  std::string authority;
  /// Null: cleartext. Its protocols (ALPN) are to be {"h2"}.
  std::shared_ptr<const net::TlsClient> tls;
  /// What the certificate must be for; default: the authority's host.
  std::string server_name;
  size_t message_bytes_max = 4 * 1024 * 1024;  ///< of messages that are received
  /// Of messages that are sent, as they go on the wire; a call above it ends with
  /// kResourceExhausted. grpc-go's default.
  size_t send_bytes_max = INT32_MAX;
  size_t metadata_bytes_max = 16 * 1024 * 1024;  ///< grpc-go's default for what is received
  uint32_t window_bytes = 1 << 20;
  /// Of each attempt to connect. Calls wait for it by their own deadlines, and it goes on where
  /// they give up.
  Duration connect_timeout = std::chrono::seconds(20);
  /// The pause after an attempt to connect that failed, in which calls dial no further; then 1.6
  /// times as long each time, to two minutes, and a fifth more or less (gRPC's
  /// connection-backoff.md). A connection that comes about ends it. Zero: none.
  Duration backoff = std::chrono::seconds(1);
  /// While calls are open and nothing was received for so long, a PING; where it is not answered
  /// within `keepalive_timeout` either, the connection is given up. Zero: never. Servers end
  /// connections that ping too often (gRPC's default: more than once in 5 minutes); then the time
  /// is doubled.
  Duration keepalive_time{};
  Duration keepalive_timeout = std::chrono::seconds(20);
  /// Which targets are reached through a proxy (HTTP CONNECT; `ProxyRules::grpc_from_environment`),
  /// which then looks their names up; null: none.
  std::shared_ptr<const http::ProxyRules> proxies = nullptr;
  /// Says where the connection goes (a proxy's too); nullptr: `net::resolve`. Outlives the channel.
  net::Resolver* resolver = nullptr;
};

/// One HTTP/2 connection to "host:port" or a Unix socket ("unix:/path"), cleartext or TLS. Belongs
/// to its thread; many fibers may call at once. The next call after a loss connects again, as does
/// the first one after the pause that follows an attempt that failed; the others wait for it.
class Channel {
 public:
  explicit Channel(std::string target, ChannelOptions options = {});
  /// As `close`; in a fiber it suspends, shortly, where an attempt to connect is under way.
  ~Channel();
  Channel(Channel&&) noexcept;
  /// Suspends until the server has sent its SETTINGS; dials at once, whatever the pause. Errors:
  /// kUnavailable (HANDSHAKE where TLS failed, PREFACE where the peer speaks no HTTP/2, else of the
  /// connection), kDeadlineExceeded, kCancelled. Calls connect by themselves if this was not
  /// called.
  Result<void> connect(Deadline deadline);
  /// `path` is "/package.Service/Method". Reuses the reply's storage. Suspends.
  void unary(std::string_view path, std::string_view request, const CallOptions& options,
             UnaryReply& reply);
  Result<ClientStream> stream(std::string_view path, const CallOptions& options);
  /// Ends the connection with its calls, and those that wait for one (kCancelled). A call after it
  /// connects anew. Does not suspend.
  void close();
  /// Of the connection as it is or was last: what its handshake agreed on and how long it took;
  /// null in cleartext, and while none was made.
  std::shared_ptr<const net::TlsInfo> tls() const;
  /// Of the connection, since it was made.
  uint64_t bytes_sent() const;
  uint64_t bytes_received() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace bia::grpc
