#include "bia/http/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bia/fiber/sync.h"
#include "http/client/client_connection.h"
#include "http/client/client_http2.h"
#include "http/client/client_tunnel.h"

namespace bia::http {
namespace {

/// With more hosts than these, those that nobody sends to are forgotten, with their idle
/// connections.
constexpr size_t kOriginsMax = 64;

/// How often a request is sent again that no server has processed. Go's limit is as high.
constexpr int kRepeatsMax = 6;

/// RFC 9110 section 9.2.2: twice does what once does.
bool is_idempotent(std::string_view method) {
  for (std::string_view each : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) {
    if (method == each) return true;
  }
  return false;
}

constexpr std::string_view kRequestTimeout = "REQUEST_TIMEOUT";

Error request_timeout() {
  return Error(Code::kDeadlineExceeded, kRequestTimeout, "request timeout");
}

/// What passes on a new connection while this lives, before its first request.
class Counted {
 public:
  Counted(const net::Socket& socket, Timings& timings)
      : socket_(socket),
        timings_(timings),
        written_(socket.bytes_written()),
        read_(socket.bytes_read()) {}
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() {
    timings_.bytes_sent += socket_.bytes_written() - written_;
    timings_.bytes_received += socket_.bytes_read() - read_;
  }

 private:
  const net::Socket& socket_;
  Timings& timings_;
  uint64_t written_, read_;
};

}  // namespace

void ClientResponse::clear() {
  status = 0;
  reason.clear();
  version = 1;
  version_minor = 1;
  tls.reset();
  headers.fields().clear();
  body.clear();
  trailers.fields().clear();
  remote = net::Endpoint();
}

class Client::Impl {
 public:
  explicit Impl(ClientOptions client_options) : options(std::move(client_options)) {}
  ~Impl() {
    for (const auto& origin : origins_) {
      for (const auto& connection : origin->multiplexed) connection->close();
    }
  }

  struct Origin {
    ClientRequest::Scheme scheme;
    std::string host;
    uint16_t port;
    size_t open = 0;  ///< idle ones too
    size_t connecting = 0;
    /// The next connection may well be HTTP/2, which all can share: while it is being made they
    /// wait for it.
    bool one_first = false;
    size_t users = 0;  ///< sends in progress
    std::vector<std::unique_ptr<ClientConnection>> idle;
    std::vector<std::shared_ptr<ClientHttp2>> multiplexed;  ///< HTTP/2's, in use or not
    const Proxy* proxy = nullptr;
    fiber::WaitQueue waiters;
  };
  enum class From : uint8_t { kPool, kNew };
  /// One of the two.
  struct Link {
    std::unique_ptr<ClientConnection> single;
    std::shared_ptr<ClientHttp2> shared;
  };

  Result<void> send(const ClientRequest& request, ClientResponse& response, Timings& timings,
                    Deadline deadline);
  void close_idle();

 private:
  Origin& origin_of(const ClientRequest& request);
  bool may_multiplex(const Origin& origin) const;
  void forget_unused();
  std::unique_ptr<ClientConnection> take_idle(Origin& origin, TimePoint at);
  std::shared_ptr<ClientHttp2> find_shared(Origin& origin, TimePoint at);
  Result<Link> acquire(Origin& origin, From from, Timings& timings, Deadline deadline);
  Result<Link> connect(Origin& origin, Timings& timings, Deadline deadline);
  Result<void> pass_through(const Origin& origin, net::Socket& socket, Timings& timings,
                            Deadline deadline);
  Result<std::shared_ptr<const net::TlsClient>> tls_to_proxies();
  template <typename Start>
  Result<void> shake_hands(const net::Socket& socket, Timings& timings, Deadline deadline,
                           Start start);
  struct Dialled {
    net::Socket socket;
    net::Endpoint remote;
  };
  Result<Dialled> dial(const Origin& origin, Timings& timings, Deadline deadline);
  Result<Link> establish(Origin& origin, net::Socket socket, const net::Endpoint& remote,
                         Timings& timings, Deadline deadline);
  Result<void> exchange_shared(Origin& origin, const std::shared_ptr<ClientHttp2>& connection,
                               const ClientRequest& request, ClientResponse& response,
                               Timings& timings, Deadline deadline);
  void drop_shared(Origin& origin, const std::shared_ptr<ClientHttp2>& connection);
  void give_back(Origin& origin, std::unique_ptr<ClientConnection> connection, TimePoint at);
  void drop(Origin& origin);

  ClientOptions options;
  std::vector<std::unique_ptr<Origin>> origins_;
  std::shared_ptr<const net::TlsClient> proxy_tls_;
};

Client::Impl::Origin& Client::Impl::origin_of(const ClientRequest& request) {
  for (const auto& origin : origins_) {
    if (origin->port == request.port && origin->scheme == request.scheme &&
        origin->host == request.host)
      return *origin;
  }
  if (origins_.size() >= kOriginsMax) forget_unused();
  origins_.push_back(std::make_unique<Origin>());
  origins_.back()->scheme = request.scheme;
  origins_.back()->host = request.host;
  origins_.back()->port = request.port;
  if (options.proxies) {
    const bool https = request.scheme == ClientRequest::Scheme::kHttps;
    origins_.back()->proxy = options.proxies->find(
        https ? ProxyRules::Scheme::kHttps : ProxyRules::Scheme::kHttp, request.host, request.port);
  }
  origins_.back()->one_first = may_multiplex(*origins_.back());
  return *origins_.back();
}

bool Client::Impl::may_multiplex(const Origin& origin) const {
  if (origin.scheme == ClientRequest::Scheme::kHttp)
    return options.cleartext == ClientOptions::Cleartext::kPriorKnowledge &&
           (origin.proxy == nullptr || origin.proxy->kind == Proxy::Kind::kSocks5);
  if (!options.tls) return false;
  const auto& offered = options.tls->options().alpn;
  return std::find(offered.begin(), offered.end(), "h2") != offered.end();
}

void Client::Impl::forget_unused() {
  std::erase_if(origins_, [](const auto& origin) {
    if (origin->users != 0) return false;
    for (const auto& connection : origin->multiplexed) connection->close();
    return true;
  });
}

std::unique_ptr<ClientConnection> Client::Impl::take_idle(Origin& origin, TimePoint at) {
  while (!origin.idle.empty()) {
    // The last one used: what is too much grows old in front and is closed.
    auto connection = std::move(origin.idle.back());
    origin.idle.pop_back();
    if (at - connection->idle_since <= options.idle_timeout && !connection->stale())
      return connection;
    connection.reset();
    drop(origin);
  }
  return nullptr;
}

void Client::Impl::drop(Origin& origin) {
  --origin.open;
  origin.waiters.wake_one();
}

std::shared_ptr<ClientHttp2> Client::Impl::find_shared(Origin& origin, TimePoint at) {
  for (size_t i = 0; i < origin.multiplexed.size();) {
    auto connection = origin.multiplexed[i];
    const bool old = connection->idle() && at - connection->idle_since > options.idle_timeout;
    if (connection->usable() && !old) return connection;
    drop_shared(origin, connection);
  }
  return nullptr;
}

/// No new exchanges for it; those in it go on.
void Client::Impl::drop_shared(Origin& origin, const std::shared_ptr<ClientHttp2>& connection) {
  auto place = std::find(origin.multiplexed.begin(), origin.multiplexed.end(), connection);
  if (place == origin.multiplexed.end()) {
    // Another exchange took it off the list while this one was in it.
    if (connection->idle()) connection->close();
    return;
  }
  auto kept = std::move(*place);
  origin.multiplexed.erase(place);
  if (kept->idle()) kept->close();
  drop(origin);
}

Result<Client::Impl::Link> Client::Impl::acquire(Origin& origin, From from, Timings& timings,
                                                 Deadline deadline) {
  for (;;) {
    if (from == From::kPool) {
      if (auto connection = take_idle(origin, timings.start)) {
        timings.reused = true;
        return Link{std::move(connection), nullptr};
      }
      if (auto shared = find_shared(origin, timings.start)) {
        timings.reused = true;
        return Link{nullptr, std::move(shared)};
      }
    }
    const bool waits = from == From::kPool && origin.one_first && origin.connecting > 0;
    if (!waits && origin.open < options.connections_per_host_max) break;
    if (from == From::kNew && !origin.idle.empty()) {
      origin.idle.pop_back();
      drop(origin);
      continue;
    }
    // All are HTTP/2's, and none ends soon: one that is not the one that failed will do.
    if (auto shared = from == From::kNew ? find_shared(origin, timings.start) : nullptr) {
      timings.reused = true;
      return Link{nullptr, std::move(shared)};
    }
    BIA_TRY(origin.waiters.wait(deadline));
  }
  ++origin.open;
  ++origin.connecting;
  auto connected = connect(origin, timings, deadline);
  --origin.connecting;
  const bool shared = connected ? connected->shared != nullptr : !origin.multiplexed.empty();
  // Those that wait help themselves.
  if (std::exchange(origin.one_first, shared) && !shared) origin.waiters.wake_all();
  if (!connected) drop(origin);
  return connected;
}

/// The options' own, or the system's authorities.
Result<std::shared_ptr<const net::TlsClient>> Client::Impl::tls_to_proxies() {
  if (options.tls) return options.tls;
  if (!proxy_tls_) proxy_tls_ = BIA_TRY(net::TlsClient::create({}));
  return proxy_tls_;
}

template <typename Start>
Result<void> Client::Impl::shake_hands(const net::Socket& socket, Timings& timings,
                                       Deadline deadline, Start start) {
  const Counted counted(socket, timings);
  const TimePoint begin = now();
  const Deadline limit(begin + options.tls_timeout);
  auto shaken = start(std::min(deadline, limit));
  if (shaken) timings.tls_handshaking += now() - begin;
  if (!shaken && shaken.error().reason() == "TLS_HANDSHAKE_TIMEOUT" && deadline <= limit)
    return request_timeout();
  return shaken;
}

/// Has the proxy connect `socket` with the host.
Result<void> Client::Impl::pass_through(const Origin& origin, net::Socket& socket, Timings& timings,
                                        Deadline deadline) {
  const Counted counted(socket, timings);
  const Deadline limit = Deadline::after(options.proxy_timeout);
  auto early =
      open_tunnel(socket, *origin.proxy, origin.host, origin.port, std::min(deadline, limit));
  if (!early) {
    if (early.error().code() != Code::kDeadlineExceeded) return std::move(early).error();
    if (deadline <= limit || !limit.expired()) return request_timeout();
    return Error(Code::kDeadlineExceeded, "PROXY_TIMEOUT",
                 fmt::format("proxy {}:{}: no connection to {}:{} in time", origin.proxy->host,
                             origin.proxy->port, origin.host, origin.port));
  }
  if (early->empty()) return {};
  return Error(Code::kUnavailable, "PROXY_REFUSED",
               "the proxy sent something before the server could have");
}

Result<Client::Impl::Link> Client::Impl::establish(Origin& origin, net::Socket socket,
                                                   const net::Endpoint& remote, Timings& timings,
                                                   Deadline deadline) {
  const bool https = origin.scheme == ClientRequest::Scheme::kHttps;
  if (https && !options.tls) {
    return Error(Code::kFailedPrecondition, "NO_TLS",
                 "an https request by a client without TLS options");
  }
  const Proxy* proxy = origin.proxy;
  if (proxy != nullptr && (https || proxy->kind == Proxy::Kind::kSocks5)) {
    BIA_TRY(pass_through(origin, socket, timings, deadline));
    proxy = nullptr;  // From here on as if connected to the host itself.
  }
  if (https) {
    const std::string& name =
        options.tls_server_name.empty() ? origin.host : options.tls_server_name;
    BIA_TRY(shake_hands(socket, timings, deadline, [&](Deadline limit) {
      return socket.start_tls(*options.tls, name, limit);
    }));
  }
  const bool multiplexes =
      https ? socket.alpn() == "h2"
            : proxy == nullptr && options.cleartext == ClientOptions::Cleartext::kPriorKnowledge;
  if (!multiplexes) {
    return Link{std::make_unique<ClientConnection>(std::move(socket), remote, options,
                                                   static_cast<uint16_t>(https ? 443 : 80), proxy),
                nullptr};
  }
  auto shared = std::make_shared<ClientHttp2>(remote, options);
  BIA_TRY(shared->start(std::move(socket)));
  shared->idle_since = now();
  origin.multiplexed.push_back(shared);
  // Those that wait for a connection may share this one.
  origin.waiters.wake_all();
  return Link{nullptr, std::move(shared)};
}

/// To the host or, where there is one, its proxy.
Result<Client::Impl::Dialled> Client::Impl::dial(const Origin& origin, Timings& timings,
                                                 Deadline deadline) {
  const TimePoint begin = now();
  const Deadline limit(begin + options.connect_timeout);
  const Deadline soonest = std::min(deadline, limit);
  // A dial that ran into the request's own deadline is the request's timeout.
  auto late = [&](Error error) {
    if (error.code() != Code::kDeadlineExceeded) return error;
    if (deadline <= limit || !limit.expired()) return request_timeout();
    return Error(Code::kDeadlineExceeded, "DIAL_TIMEOUT", "dial: i/o timeout");
  };
  const std::string& host = origin.proxy ? origin.proxy->host : origin.host;
  const uint16_t port = origin.proxy ? origin.proxy->port : origin.port;
  auto dialled = net::dial(options.resolver, host, port, soonest, timings.looking_up);
  if (!dialled) return late(std::move(dialled).error());
  timings.connecting = now() - begin - timings.looking_up;
  Dialled out{std::move(dialled->socket), dialled->endpoint};
  if (origin.proxy != nullptr && origin.proxy->tls) {
    const auto tls = BIA_TRY(tls_to_proxies());
    BIA_TRY(shake_hands(out.socket, timings, deadline, [&](Deadline until) {
      return out.socket.start_tls_to_proxy(*tls, host, until);
    }));
  }
  return out;
}

Result<Client::Impl::Link> Client::Impl::connect(Origin& origin, Timings& timings,
                                                 Deadline deadline) {
  auto dialled = dial(origin, timings, deadline);
  if (dialled) {
    return establish(origin, std::move(dialled->socket), dialled->remote, timings, deadline);
  }
  Error error = std::move(dialled).error();
  if (origin.proxy == nullptr || error.reason() == kRequestTimeout) return error;
  return std::move(error).with_metadata(
      std::string(kProxyKey), fmt::format("{}:{}", origin.proxy->host, origin.proxy->port));
}

void Client::Impl::give_back(Origin& origin, std::unique_ptr<ClientConnection> connection,
                             TimePoint at) {
  if (!connection->reusable() || options.reuse == ClientOptions::Reuse::kNever) {
    connection.reset();
    drop(origin);
    return;
  }
  connection->idle_since = at;
  origin.idle.push_back(std::move(connection));
  origin.waiters.wake_one();
}

Result<void> Client::Impl::send(const ClientRequest& request, ClientResponse& response,
                                Timings& timings, Deadline deadline) {
  timings = {};
  timings.start = timings.end = now();
  Origin& origin = origin_of(request);
  struct Use {
    explicit Use(Origin& used) : origin(used) { ++origin.users; }
    ~Use() { --origin.users; }
    Origin& origin;
  } use(origin);
  const bool keeps = options.reuse != ClientOptions::Reuse::kNever;
  From from = keeps ? From::kPool : From::kNew;
  for (int repeats = 0;; ++repeats) {
    timings.reused = false;
    auto acquired = acquire(origin, from, timings, deadline);
    timings.end = now();
    timings.blocked = timings.end - timings.start;
    if (!acquired) {
      auto& error = acquired.error();
      const bool phase = error.reason() == "DIAL_TIMEOUT" || error.reason() == "PROXY_TIMEOUT" ||
                         error.reason() == "TLS_HANDSHAKE_TIMEOUT";
      if (error.code() == Code::kDeadlineExceeded && !phase) return request_timeout();
      return std::move(error);
    }
    bool harmless = false;  // To send it again.
    bool going_away = false;
    Result<void> exchanged;
    if (acquired->shared) {
      exchanged = exchange_shared(origin, acquired->shared, request, response, timings, deadline);
      harmless =
          acquired->shared->may_repeat() || (is_idempotent(request.method) && response.status == 0);
      if (exchanged) return {};
      going_away = acquired->shared->may_repeat() && !acquired->shared->usable();
    } else {
      auto connection = std::move(acquired->single);
      exchanged = connection->exchange(request, response, timings, deadline);
      if (exchanged) {
        give_back(origin, std::move(connection), timings.end);
        return {};
      }
      harmless = connection->nothing_received() &&
                 (connection->nothing_sent() || is_idempotent(request.method));
      connection.reset();
      drop(origin);
    }
    const bool again = harmless && (timings.reused || going_away) && repeats < kRepeatsMax &&
                       exchanged.error().code() == Code::kUnavailable;
    if (!again) {
      timings.end = now();
      const bool late = exchanged.error().code() == Code::kDeadlineExceeded &&
                        exchanged.error().reason() != "HEAD_TIMEOUT";
      return late ? request_timeout() : std::move(exchanged).error();
    }
    // The server closed while the request was on its way (RFC 9112 section 9.3.1).
    // Those that a GOAWAY left out share the next connection, as they did that one.
    from = going_away && keeps ? From::kPool : From::kNew;
    timings.waiting = timings.sending = timings.tls_handshaking = {};
    timings.connecting = timings.looking_up = {};
  }
}

Result<void> Client::Impl::exchange_shared(Origin& origin,
                                           const std::shared_ptr<ClientHttp2>& connection,
                                           const ClientRequest& request, ClientResponse& response,
                                           Timings& timings, Deadline deadline) {
  auto exchanged = connection->exchange(request, response, timings, deadline);
  if (options.reuse == ClientOptions::Reuse::kNever || !connection->usable())
    drop_shared(origin, connection);
  return exchanged;
}

void Client::Impl::close_idle() {
  for (const auto& origin : origins_) {
    for (size_t i = origin->multiplexed.size(); i-- > 0;) {
      auto connection = origin->multiplexed[i];
      if (connection->idle()) drop_shared(*origin, connection);
    }
    while (!origin->idle.empty()) {
      origin->idle.pop_back();
      drop(*origin);
    }
  }
}

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

Result<void> Client::send(const ClientRequest& request, ClientResponse& response, Timings& timings,
                          Deadline deadline) {
  return impl_->send(request, response, timings, deadline);
}

void Client::close_idle() { impl_->close_idle(); }

}  // namespace bia::http
