#include "bia/http/client.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bia/fiber/sync.h"
#include "http/client_connection.h"

namespace bia::http {
namespace {

/// With more hosts than these, those that nobody sends to are forgotten, with their idle
/// connections.
constexpr size_t kOriginsMax = 64;

Error request_timeout() {
  return Error(Code::kDeadlineExceeded, "REQUEST_TIMEOUT", "request timeout");
}

}  // namespace

void ClientResponse::clear() {
  status = 0;
  reason.clear();
  version_minor = 1;
  headers.fields().clear();
  body.clear();
  remote = net::Endpoint();
}

class Client::Impl {
 public:
  explicit Impl(const ClientOptions& client_options) : options(client_options) {}

  struct Origin {
    std::string host;
    uint16_t port;
    size_t open = 0;   ///< idle ones too
    size_t users = 0;  ///< sends in progress
    std::vector<std::unique_ptr<ClientConnection>> idle;
    fiber::WaitQueue waiters;
  };
  enum class From : uint8_t { kPool, kNew };

  Result<void> send(const ClientRequest& request, ClientResponse& response, Timings& timings,
                    Deadline deadline);
  void close_idle();

 private:
  Origin& origin_of(const ClientRequest& request);
  void forget_unused();
  std::unique_ptr<ClientConnection> take_idle(Origin& origin, TimePoint at);
  Result<std::unique_ptr<ClientConnection>> acquire(Origin& origin, From from, Timings& timings,
                                                    Deadline deadline);
  Result<std::unique_ptr<ClientConnection>> connect(Origin& origin, Timings& timings,
                                                    Deadline deadline);
  void give_back(Origin& origin, std::unique_ptr<ClientConnection> connection, TimePoint at);
  void drop(Origin& origin);

  ClientOptions options;
  std::vector<std::unique_ptr<Origin>> origins_;
};

Client::Impl::Origin& Client::Impl::origin_of(const ClientRequest& request) {
  for (const auto& origin : origins_) {
    if (origin->port == request.port && origin->host == request.host) return *origin;
  }
  if (origins_.size() >= kOriginsMax) forget_unused();
  origins_.push_back(std::make_unique<Origin>());
  origins_.back()->host = request.host;
  origins_.back()->port = request.port;
  return *origins_.back();
}

void Client::Impl::forget_unused() {
  std::erase_if(origins_, [](const auto& origin) { return origin->users == 0; });
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

Result<std::unique_ptr<ClientConnection>> Client::Impl::acquire(Origin& origin, From from,
                                                                Timings& timings,
                                                                Deadline deadline) {
  for (;;) {
    if (from == From::kPool) {
      if (auto connection = take_idle(origin, timings.start)) {
        timings.reused = true;
        return connection;
      }
    }
    if (origin.open < options.connections_per_host_max) break;
    if (from == From::kNew && !origin.idle.empty()) {
      origin.idle.pop_back();
      drop(origin);
      continue;
    }
    BIA_TRY(origin.waiters.wait(deadline));
  }
  ++origin.open;
  auto connected = connect(origin, timings, deadline);
  if (!connected) drop(origin);
  return connected;
}

Result<std::unique_ptr<ClientConnection>> Client::Impl::connect(Origin& origin, Timings& timings,
                                                                Deadline deadline) {
  const TimePoint begin = now();
  const Deadline dial(begin + options.connect_timeout);
  const Deadline soonest = std::min(deadline, dial);
  // A dial that ran into the request's own deadline is the request's timeout.
  auto late = [&](Error error) {
    if (error.code() != Code::kDeadlineExceeded) return error;
    if (deadline <= dial || !dial.expired()) return request_timeout();
    return Error(Code::kDeadlineExceeded, "DIAL_TIMEOUT", "dial: i/o timeout");
  };
  auto endpoints = net::resolve(origin.host, origin.port, soonest);
  const TimePoint resolved = now();
  timings.looking_up = resolved - begin;
  if (!endpoints) return late(std::move(endpoints).error());
  Result<net::Socket> socket =
      Error(Code::kUnavailable, "NO_SUCH_HOST", "lookup " + origin.host + ": no addresses");
  for (const net::Endpoint& endpoint : *endpoints) {
    socket = net::Socket::connect(endpoint, soonest);
    if (socket) {
      timings.connecting = now() - resolved;
      return std::make_unique<ClientConnection>(std::move(*socket), endpoint, options);
    }
    if (socket.error().code() != Code::kUnavailable) break;
  }
  return late(std::move(socket).error());
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
  From from = options.reuse == ClientOptions::Reuse::kNever ? From::kNew : From::kPool;
  for (;;) {
    timings.reused = false;
    auto acquired = acquire(origin, from, timings, deadline);
    timings.end = now();
    timings.blocked = timings.end - timings.start;
    if (!acquired) {
      auto& error = acquired.error();
      if (error.code() == Code::kDeadlineExceeded && error.reason() != "DIAL_TIMEOUT")
        return request_timeout();
      return std::move(error);
    }
    auto connection = std::move(*acquired);
    auto exchanged = connection->exchange(request, response, timings, deadline);
    const bool again = !exchanged && timings.reused && connection->nothing_received() &&
                       exchanged.error().code() == Code::kUnavailable;
    if (exchanged) {
      give_back(origin, std::move(connection), timings.end);
      return {};
    }
    connection.reset();
    drop(origin);
    if (!again) {
      timings.end = now();
      return exchanged.error().code() == Code::kDeadlineExceeded ? request_timeout()
                                                                 : std::move(exchanged).error();
    }
    // The server closed while the request was on its way (RFC 9112 section 9.3.1).
    from = From::kNew;
    timings.waiting = timings.sending = {};
  }
}

void Client::Impl::close_idle() {
  for (const auto& origin : origins_) {
    while (!origin->idle.empty()) {
      origin->idle.pop_back();
      drop(*origin);
    }
  }
}

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(options)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

Result<void> Client::send(const ClientRequest& request, ClientResponse& response, Timings& timings,
                          Deadline deadline) {
  return impl_->send(request, response, timings, deadline);
}

void Client::close_idle() { impl_->close_idle(); }

}  // namespace bia::http
