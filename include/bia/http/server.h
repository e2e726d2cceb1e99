#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/http/http2_limits.h"
#include "bia/http/message.h"
#include "bia/http/refusal.h"
#include "bia/net/tls.h"

namespace bia::fiber {
class ThreadGroup;
}
namespace bia::net {
class Socket;
}

namespace bia::http {

class Http2GuestService;

/// A request being served. Views live until the handler returns (or, of the body, until the next
/// read).
class ServerRequest {
 public:
  virtual Method method() const = 0;
  virtual std::string_view method_text() const = 0;
  /// As sent: "/helloworld/a%20b?x=1".
  virtual std::string_view target() const = 0;
  /// The target up to '?', not percent-decoded.
  virtual std::string_view path() const = 0;
  /// After '?'; empty where there is none.
  virtual std::string_view query() const = 0;
  virtual std::string_view header(std::string_view name) const = 0;
  virtual size_t header_count() const = 0;
  virtual std::pair<std::string_view, std::string_view> header_at(size_t index) const = 0;
  /// The whole body, of at most `Limits::body_bytes_max`. Suspends. Errors: kOutOfRange
  /// BODY_TOO_LARGE (413), kInvalidArgument (bad chunk), kDeadlineExceeded, kUnavailable.
  Result<std::string_view> body() { return body_up_to(0); }
  /// The same of at most `bytes_max` (0: as `body`), and of the larger of
  /// `Limits::body_bytes_asked_max` and `body_bytes_max`. No more of it is ever kept. A second call
  /// cannot raise what the first one asked for.
  virtual Result<std::string_view> body_up_to(size_t bytes_max) = 0;
  /// A trailer field (RFC 9110 section 6.5), once `body` has returned; empty where there is none.
  virtual std::string_view trailer(std::string_view name) const = 0;
  /// "127.0.0.1:41234".
  virtual std::string peer() const = 0;
  /// Major version: 1 or 2.
  virtual int version() const = 0;
  /// What the handshake agreed on, with the client's certificate; none in cleartext. Made when
  /// asked for.
  virtual std::optional<net::TlsInfo> tls() const = 0;

 protected:
  ~ServerRequest() = default;
};

/// A field whose value is a list, and so may stand several times: all of them, as one with commas
/// (RFC 9110 section 5.3). In the request itself where it stands once, else in `joined`.
std::string_view list_header(const ServerRequest& request, std::string_view name,
                             std::string& joined);

/// The answer, written when the handler returns, with Date and Content-Length added. HEAD's body is
/// left out by the server.
class ServerResponse {
 public:
  virtual void set_status(int status) = 0;
  virtual int status() const = 0;
  /// CR, LF or NUL in a value is refused by BIA_ASSERT in debug and replaced by a space in release.
  virtual void add_header(std::string_view name, std::string_view value) = 0;
  /// In place of those of that name.
  virtual void set_header(std::string_view name, std::string_view value) = 0;
  /// The first of that name; empty where there is none. Valid until the next header.
  virtual std::string_view header(std::string_view name) const = 0;
  /// A field after the body, before the handler returns: the answer is chunked then in HTTP/1.1.
  /// Dropped in HTTP/1.0, and where the answer has no body. Not for what frames or routes a
  /// message.
  virtual void add_trailer(std::string_view name, std::string_view value) = 0;
  /// Takes back what was made of the answer: status, headers, trailers, body. Not once the head is
  /// sent.
  virtual void clear() = 0;
  /// True once nothing of the head can change.
  virtual bool head_sent() const = 0;
  /// Append the body here; it goes out in one write with the head. The buffer is kept for the
  /// connection's next answer.
  virtual std::string& body() = 0;
  /// Sends the head now and then chunks as they come (chunked in HTTP/1.1). Suspends while the peer
  /// does not read.
  virtual Result<void> write(std::string_view chunk) = 0;
  /// Sends this as the whole answer while the handler goes on; what the handler does to the answer
  /// afterwards is dropped, and an HTTP/1.1 connection ends with it. Does not suspend. False where
  /// the head was sent already.
  virtual bool answer_now(int status, std::string_view content_type, std::string_view body) = 0;
  /// Hands the connection over to another protocol (RFC 9110 section 7.8): the answer is 101 with
  /// the headers that were added, and once the handler has returned `taker` gets the socket and
  /// what was read behind the request. It runs in the connection's fiber, and the connection ends
  /// with it. A server that stops cancels that fiber at its deadline. False where the request did
  /// not ask for `protocol` ("websocket"), has a body, or came over HTTP/2 or 1.0: then answer 426
  /// or in HTTP.
  using Taker = std::function<void(net::Socket& socket, std::string_view first)>;
  virtual bool upgrade(std::string_view protocol, Taker taker) = 0;
  /// Close the connection after this answer.
  virtual void set_close() = 0;

 protected:
  ~ServerResponse() = default;
};

/// Called in the connection's fiber; plain code, may suspend. May throw: the server answers 500 and
/// goes on.
using Handler = std::function<void(ServerRequest&, ServerResponse&)>;

struct ServerOptions {
  std::string address = ":8080";
  /// Listening sockets to serve on in place of opening `address` (`net::InheritedSockets`). Taken
  /// over by `start`.
  std::vector<int> listeners;
  Limits limits;
  /// That a connection may be silent: between requests, within a request's body, and that a peer
  /// may take none of an answer (HTTP/1.1). `header_timeout` is from a head's first byte to its
  /// end, and of a TLS handshake. Zero: for ever.
  Duration idle_timeout = std::chrono::seconds(120);
  Duration header_timeout = std::chrono::seconds(10);
  size_t connections_max = 100'000;  ///< on all threads together
  /// HTTP/2: what a connection's peer may do, and the streams that it may have open at once, as
  /// many as Go's server lets it have. With a guest the number is the guest's.
  Http2Limits http2;
  size_t streams_max = 250;
  /// Null: cleartext. Its ALPN decides between HTTP/2 and HTTP/1.1.
  std::shared_ptr<net::TlsServer> tls;
  /// Told of each connection and request that is refused, for the log. Null: nobody.
  RefusalHook on_refusal = nullptr;
  /// Serves some of what comes over HTTP/2 in the handler's place: gRPC
  /// (`grpc::Server::http_guest`). Outlives the server.
  Http2GuestService* guest = nullptr;
};

/// HTTP/1.1 (RFC 9112) and HTTP/2 (RFC 9113; over TLS by ALPN, in cleartext with prior knowledge)
/// on one port. Listens on every thread of the group.
class Server {
 public:
  static Result<std::unique_ptr<Server>> create(fiber::ThreadGroup& threads,
                                                const ServerOptions& options, Handler handler);
  ~Server();
  /// Starts accepting on every thread; call from a fiber. Errors: kAlreadyExists for a port in use.
  Result<void> start();
  /// "0.0.0.0:8080" with the real port.
  std::string address() const;
  /// Before a stop: answers say "Connection: close", and HTTP/2's peers get GOAWAY, so that kept
  /// connections end where none of their requests is lost. kLeave: nothing is accepted any more, as
  /// another program has the listening sockets too. Suspends.
  enum class Listeners : uint8_t { kKeep, kLeave };
  void drain(Listeners listeners);
  /// The listening sockets, once started; for the program's successor.
  std::vector<int> listener_fds() const;
  /// Closes the listeners, lets requests in flight end until `deadline`, handshakes (with a request
  /// behind them) for a second of it; then cancels their handlers and closes all. Suspends until
  /// each has returned.
  void stop(Deadline deadline);
  struct Counters {
    uint64_t connections_accepted = 0, connections_open = 0, requests = 0, bad_requests = 0;
    /// Requests whose callers went away before the handlers had returned.
    uint64_t requests_cancelled = 0;
    /// Connections refused because there were `connections_max`, or no descriptors left; handshakes
    /// that failed; those that came, or had not ended their handshakes, when the server stopped.
    uint64_t connections_refused = 0, connections_without_descriptor = 0, tls_failed = 0,
             connections_stopped = 0;
    /// Refused requests (`bad_requests` is the sum) by the reason that their callers were told.
    std::vector<std::pair<std::string_view, uint64_t>> bad_requests_by_reason;
    /// HTTP/2 connections that were ended for what the peer did: by the name of the limit that it
    /// exceeded, or of the error (RFC 9113 section 7).
    std::vector<std::pair<std::string_view, uint64_t>> http2_abuses;
    /// HTTP/2 requests that were reset: malformed, or above the streams that a peer may have.
    std::vector<std::pair<std::string_view, uint64_t>> http2_streams_refused;
  };
  Counters counters() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia::http
