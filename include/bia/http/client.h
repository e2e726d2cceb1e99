#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/http/message.h"
#include "bia/http/proxy.h"
#include "bia/net/resolver.h"
#include "bia/net/socket.h"

namespace bia::http {

/// What an error of reaching a proxy has, of the proxy itself, in its metadata: "host:port".
inline constexpr std::string_view kProxyKey = "proxy";

struct ClientRequest {
  std::string_view method = "GET";
  /// kHttps needs `ClientOptions::tls`.
  enum class Scheme : uint8_t { kHttp, kHttps } scheme = Scheme::kHttp;
  std::string_view host;  ///< "127.0.0.1" or "example.org"; what is resolved and pooled by.
  uint16_t port = 80;
  std::string_view target;  ///< "/path?query"
  /// Written in this order. Host is added where missing; Content-Length is ours (a field of that
  /// name is left out); Transfer-Encoding may say "chunked", and then the body goes as one chunk.
  const Headers* headers = nullptr;
  std::string_view body;
  /// Keep the response's body bytes? kDiscard counts them only.
  enum class Body { kKeep, kDiscard } response_body = Body::kKeep;
};

/// Monotonic moments and sizes of one exchange; what was not needed is zero. k6's http_req_* follow
/// from them.
struct Timings {
  TimePoint start;
  Duration blocked{};  ///< until the request begins to be written: waiting in the pool, look-up and
                       ///< connect are in it, and the rest of the loop's turn, at whose end a kept
                       ///< connection writes
  Duration looking_up{};
  Duration connecting{};
  Duration tls_handshaking{};
  Duration sending{};
  Duration waiting{};    ///< until the kernel tells of the first byte
  Duration receiving{};  ///< until the last is read
  TimePoint end;
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  bool reused = false;
};

struct ClientResponse {
  int status = 0;
  std::string reason;
  /// 1 or 2.
  int version = 1;
  int version_minor = 1;
  Headers headers;
  std::string body;
  /// Behind the body (RFC 9110 section 6.5), but for fields that frame or route a message.
  Headers trailers;
  net::Endpoint remote;  ///< of the connection, where there was one, also on errors
  /// Of the connection; null in cleartext.
  std::shared_ptr<const net::TlsInfo> tls;
  void clear();
};

struct ClientOptions {
  size_t connections_per_host_max = 6;
  /// Looking up and connecting; a proxy's answer to CONNECT or to SOCKS; the TLS handshake; from
  /// the request's end to the answer's head (zero: none but the request's deadline).
  Duration connect_timeout = std::chrono::seconds(30);
  Duration proxy_timeout = std::chrono::seconds(30);
  Duration tls_timeout = std::chrono::seconds(10);
  Duration head_timeout{};
  /// Of a kept connection.
  Duration idle_timeout = std::chrono::seconds(90);
  size_t header_bytes_max = 256 * 1024;
  size_t body_bytes_max = SIZE_MAX;
  enum class Reuse { kKeepAlive, kNever } reuse = Reuse::kKeepAlive;
  /// For https. Where its ALPN offers "h2" and the server takes it, requests share one HTTP/2
  /// connection; while an origin's first one is being made, others wait to see what it speaks.
  std::shared_ptr<const net::TlsClient> tls = nullptr;
  /// What the server's certificate must be for, instead of the request's host.
  std::string tls_server_name = {};
  /// Host of the requests that have none (HTTP/2: ":authority"), instead of their host and port.
  std::string authority = {};
  /// kPriorKnowledge: cleartext connections are HTTP/2 (RFC 9113 section 3.3).
  enum class Cleartext { kHttp1, kPriorKnowledge } cleartext = Cleartext::kHttp1;
  /// Which requests go through a proxy; null: none.
  std::shared_ptr<const ProxyRules> proxies = nullptr;
  /// Says where connections go (a proxy's too); nullptr: `net::resolve`. Outlives the client.
  net::Resolver* resolver = nullptr;
};

/// Keep-alive connections to any number of origins, HTTP/1.1 or HTTP/2. Belongs to its thread; many
/// fibers may send at once. Small when idle: a virtual user has one each.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(Client&&) noexcept;
  /// One exchange, no redirects. Fills `response` (reusing its storage) and `timings`, the latter
  /// also on errors. A request that found its kept connection closed is sent once more on a new
  /// one where that can do no harm: nothing of it was written, or nothing came back and its method
  /// is idempotent (RFC 9110 section 9.2.2), or HTTP/2 says that it was not processed; where HTTP/2
  /// says that the server goes away (GOAWAY), up to six times. Suspends,
  /// never beyond `deadline`. Errors: kUnavailable with those of `net::Socket::start_tls`,
  /// HTTP2_STREAM and HTTP2_CONNECTION (HTTP/2's number in the metadata "http2_error"),
  /// PROXY_REFUSED (its words in the message), CONNECTION_REFUSED, CONNECTION_RESET, NO_SUCH_HOST,
  /// UNEXPECTED_EOF …; kDeadlineExceeded with reason DIAL_TIMEOUT, PROXY_TIMEOUT,
  /// TLS_HANDSHAKE_TIMEOUT, HEAD_TIMEOUT or REQUEST_TIMEOUT;
  /// kInvalidArgument BAD_RESPONSE, or BAD_REQUEST for a request that cannot be written;
  /// kOutOfRange BODY_TOO_LARGE; kCancelled.
  Result<void> send(const ClientRequest& request, ClientResponse& response, Timings& timings,
                    Deadline deadline);
  void close_idle();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia::http
