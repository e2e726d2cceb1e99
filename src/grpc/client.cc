#include "bia/grpc/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "codec/go_quote.h"
#include "grpc/client_connection.h"
#include "http/client/client_tunnel.h"

namespace bia::grpc {

void UnaryReply::clear() {
  status = {};
  headers.clear();
  trailers.clear();
  message.clear();
  bytes_sent = bytes_received = 0;
}

namespace {

/// Without the port, where there is one.
std::string host_of(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  const bool bracketed = authority.starts_with('[');
  const size_t end = bracketed ? authority.find(']') : colon;
  if (end == std::string_view::npos || (!bracketed && authority.find(':') != colon))
    return std::string(authority);
  return std::string(bracketed ? authority.substr(1, end - 1) : authority.substr(0, end));
}

}  // namespace

class Channel::Impl {
 public:
  Impl(std::string target, ChannelOptions options)
      : target_(std::move(target)), options_(std::move(options)) {
    // grpc-go's "dns:///host:port" and "passthrough:///host:port".
    for (std::string_view scheme : {"dns:///", "passthrough:///", "dns:", "passthrough:"}) {
      if (target_.starts_with(scheme)) {
        target_.erase(0, scheme.size());
        break;
      }
    }
    // "unix:relative/path", "unix:/path", "unix:///path": grpc-go's names for a Unix socket.
    if (target_.starts_with("unix:")) {
      unix_path_ = target_.substr(target_.starts_with("unix://") ? 7 : 5);
      if (options_.authority.empty() && options_.server_name.empty())
        options_.authority = "localhost";
    }
    if (options_.authority.empty())
      options_.authority =
          options_.tls && !options_.server_name.empty() ? options_.server_name : target_;
    if (options_.server_name.empty()) options_.server_name = host_of(options_.authority);
  }
  // A stream that outlived the channel may have dialled once more.
  ~Impl() { close(); }
  Result<std::shared_ptr<ClientConnection>> connected(Deadline deadline);
  void unary(std::string_view path, std::string_view request, const CallOptions& options,
             UnaryReply& reply);
  Result<std::unique_ptr<StreamCall>> stream(std::string_view path, const CallOptions& options);
  void close();
  const std::shared_ptr<const net::TlsInfo>& tls() const { return tls_; }
  uint64_t bytes_sent() const {
    return sent_before_ + (connection_ ? connection_->bytes_written() : 0);
  }
  uint64_t bytes_received() const {
    return received_before_ + (connection_ ? connection_->bytes_read() : 0);
  }

 private:
  Result<std::shared_ptr<ClientConnection>> dial(Deadline deadline);
  Result<std::shared_ptr<ClientConnection>> dial_unix(Deadline deadline);
  Result<std::shared_ptr<ClientConnection>> establish(net::Socket socket, std::string_view early,
                                                      Deadline deadline);
  void drop_connection();
  /// These return false, with the call's status set, where the call cannot begin. Suspend.
  bool connect_call(ClientCall& call, Deadline deadline, CallOptions::Ready ready);
  bool begin(ClientCall& call, std::string_view path, const CallOptions& options,
             Deadline deadline);

  std::string target_;
  std::string unix_path_;  ///< empty: the target is a host with its port
  ChannelOptions options_;
  std::shared_ptr<ClientConnection> connection_;
  uint64_t sent_before_ = 0, received_before_ = 0;
  bool connecting_ = false;
  std::optional<Error> dial_error_;  // Of the last attempt, for those who waited for it.
  fiber::WaitQueue connected_;
  net::TlsSession session_;
  std::shared_ptr<const net::TlsInfo> tls_;
};

void Channel::Impl::drop_connection() {
  if (!connection_) return;
  if (connection_->pings_too_often()) options_.keepalive_time *= 2;
  sent_before_ += connection_->bytes_written();
  received_before_ += connection_->bytes_read();
  connection_.reset();
}

Result<std::shared_ptr<ClientConnection>> Channel::Impl::connected(Deadline deadline) {
  while (!connection_ || !connection_->usable()) {
    if (connecting_) {
      dial_error_.reset();
      BIA_TRY(connected_.wait(deadline));
      if (dial_error_) return *dial_error_;
      continue;
    }
    drop_connection();
    connecting_ = true;
    auto dialled = dial(deadline);
    // As it is while a server hands over to another: the next one is likely to be the other's.
    // grpc-go has no limit here.
    constexpr int kGoingAwayMax = 5;
    for (int i = 0; i < kGoingAwayMax && !dialled && dialled.error().reason() == kGoingAway; ++i)
      dialled = dial(deadline);
    connecting_ = false;
    if (dialled) {
      connection_ = *std::move(dialled);
    } else {
      // One whose own deadline passed or that was cancelled leaves the next one to try.
      Code code = dialled.error().code();
      if (code != Code::kDeadlineExceeded && code != Code::kCancelled)
        dial_error_ = dialled.error();
    }
    connected_.wake_all();
    if (!dialled) return std::move(dialled).error();
  }
  return connection_;
}

namespace {

/// How grpc-go words it: users of ghz and k6 search their logs for these texts.
std::string go_dial_text(const Error& error, std::string_view target) {
  if (error.reason() == "CONNECTION_REFUSED")
    return fmt::format("dial tcp {}: connect: connection refused", target);
  if (error.code() == Code::kDeadlineExceeded)
    return fmt::format("dial tcp {}: i/o timeout", target);
  return fmt::format("dial tcp {}: {}", target, error.message());
}

Error connection_error(std::string_view reason, std::string_view description) {
  return Error(Code::kUnavailable, reason,
               "connection error: desc = " + codec::go_quote(description));
}

/// Of the call that wanted the connection, and not of the connection.
bool is_callers(const Error& error, Deadline deadline) {
  return error.code() == Code::kCancelled ||
         (error.code() == Code::kDeadlineExceeded && deadline.expired());
}

}  // namespace

namespace {

struct Address {
  std::string host;
  uint16_t port = 0;
  std::string text() const {
    const bool v6 = host.find(':') != std::string::npos;
    return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
  }
};

Result<Address> parse_target(const std::string& target) {
  size_t colon = target.rfind(':');
  unsigned port = 0;
  bool good = colon != std::string::npos && colon > 0 && colon + 1 < target.size() &&
              target.size() - colon <= 6;
  for (size_t i = colon + 1; good && i < target.size(); ++i) {
    good = target[i] >= '0' && target[i] <= '9';
    port = port * 10 + static_cast<unsigned>(target[i] - '0');
  }
  if (!good || port == 0 || port > 65535) {
    return Error(Code::kInvalidArgument, "BAD_TARGET",
                 fmt::format("gRPC target \"{}\" is not host:port", target));
  }
  std::string host = target.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return Address{std::move(host), static_cast<uint16_t>(port)};
}

Error tunnel_error(const Error& error, std::string_view proxy) {
  for (const auto& [key, answer] : error.metadata()) {
    if (key == http::kProxyAnswer)
      return Error(error.code(), error.reason(),
                   "failed to do connect handshake, response: " + codec::go_quote(answer));
  }
  return Error(error.code(), error.reason(), go_dial_text(error, proxy));
}

}  // namespace

Result<std::shared_ptr<ClientConnection>> Channel::Impl::dial_unix(Deadline deadline) {
  const Deadline limit = std::min(deadline, Deadline::after(options_.connect_timeout));
  auto endpoint = net::Endpoint::parse("unix:" + unix_path_);
  if (!endpoint)
    return Error(Code::kInvalidArgument, "BAD_TARGET",
                 fmt::format("gRPC target \"{}\" is no Unix socket's path", target_));
  auto socket = net::Socket::connect(*endpoint, limit);
  if (socket) return establish(*std::move(socket), {}, limit);
  const Error& error = socket.error();
  if (is_callers(error, deadline)) return error;
  std::string why = error.message();
  for (const auto& [key, number] : error.metadata()) {
    if (key != "errno") continue;
    // Go's words are C's, without the capital.
    why = std::strerror(std::atoi(number.c_str()));
    why[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(why[0])));
  }
  return connection_error(
      error.reason(),
      fmt::format("transport: Error while dialing: dial unix {}: connect: {}", unix_path_, why));
}

Result<std::shared_ptr<ClientConnection>> Channel::Impl::dial(Deadline deadline) {
  if (!unix_path_.empty()) return dial_unix(deadline);
  const Address target = BIA_TRY(parse_target(target_));
  const http::Proxy* proxy =
      options_.proxies
          ? options_.proxies->find(http::ProxyRules::Scheme::kHttps, target.host, target.port)
          : nullptr;
  const Address to = proxy != nullptr ? Address{proxy->host, proxy->port} : target;
  Deadline limit = std::min(deadline, Deadline::after(options_.connect_timeout));
  auto refuse = [&](Error error) {
    if (is_callers(error, deadline)) return error;
    return connection_error(error.reason(), "transport: Error while dialing: " + error.message());
  };
  auto refine = [&](const Error& error) {
    if (is_callers(error, deadline)) return error;
    return refuse(Error(error.code(), error.reason(),
                        go_dial_text(error, proxy != nullptr ? to.text() : target_)));
  };
  Duration looking_up{};
  auto dialled = net::dial(options_.resolver, to.host, to.port, limit, looking_up);
  if (!dialled) return refine(dialled.error());
  std::string early;
  if (proxy != nullptr) {
    auto tunnel = http::open_tunnel(dialled->socket, *proxy, target.host, target.port, limit);
    if (!tunnel) return refuse(tunnel_error(tunnel.error(), to.text()));
    early = *std::move(tunnel);
  }
  auto established = establish(std::move(dialled->socket), early, limit);
  if (established || !deadline.expired()) return established;
  return Error(Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", "deadline exceeded");
}

/// What makes a socket a connection of gRPC's. `early` was received already.
Result<std::shared_ptr<ClientConnection>> Channel::Impl::establish(net::Socket socket,
                                                                   std::string_view early,
                                                                   Deadline deadline) {
  const auto refused = [](std::string_view why) {
    return connection_error("HANDSHAKE",
                            fmt::format("transport: authentication handshake failed: {}", why));
  };
  if (options_.tls) {
    if (!early.empty()) return refused("tls: first record does not look like a TLS handshake");
    auto shaken = socket.start_tls(*options_.tls, options_.server_name, deadline, &session_);
    if (!shaken && shaken.error().code() == Code::kCancelled) return std::move(shaken).error();
    if (!shaken) {
      const bool late = shaken.error().code() == Code::kDeadlineExceeded;
      return refused(late ? "context deadline exceeded" : shaken.error().message());
    }
    tls_ = std::make_shared<const net::TlsInfo>(*socket.tls());
    if (socket.alpn() != "h2")
      return refused("credentials: cannot check peer: missing selected ALPN property");
  }
  auto started = ClientConnection::start(std::move(socket), early, options_, deadline);
  if (started || started.error().code() == Code::kCancelled ||
      started.error().code() == Code::kResourceExhausted)
    return started;
  const bool late = started.error().code() == Code::kDeadlineExceeded;
  const bool gone = started.error().reason() == kGoingAway;
  return connection_error(gone ? kGoingAway : "PREFACE",
                          late ? "failed to receive server preface within timeout"
                               : "error reading server preface: " + started.error().message());
}

namespace {

/// Errors: kDeadlineExceeded where the deadline comes first, kCancelled.
Result<void> pause(Duration duration, Deadline deadline) {
  const TimePoint until = now() + duration;
  if (until < deadline.at()) return fiber::sleep_until(until);
  BIA_TRY(fiber::sleep_until(deadline.at()));
  return Error(Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", "deadline exceeded");
}

}  // namespace

bool Channel::Impl::connect_call(ClientCall& call, Deadline deadline, CallOptions::Ready wanted) {
  // As grpc-go's default, without its jitter.
  constexpr Duration kBackoffMax = std::chrono::seconds(120);
  Duration backoff = options_.backoff;
  for (;;) {
    auto connection = connected(deadline);
    Result<void> ready = connection ? Result<void>() : Result<void>(std::move(connection).error());
    if (ready && !(*connection)->has_slot()) {
      // The peer's limit on streams: wait for one to end, and look again.
      ready = (*connection)->wait_slot(deadline);
      if (ready) continue;
    }
    if (ready) {
      call.connection = *std::move(connection);
      return true;
    }
    if (wanted == CallOptions::Ready::kWait && ready.error().code() == Code::kUnavailable) {
      ready = pause(backoff, deadline);
      backoff = std::min(backoff * 8 / 5, kBackoffMax);
      if (ready) continue;
    }
    switch (ready.error().code()) {
      case Code::kDeadlineExceeded:
        call.abandon(Code::kDeadlineExceeded, "context deadline exceeded");
        break;
      case Code::kCancelled:
        call.abandon(Code::kCancelled, "context canceled");
        break;
      case Code::kInvalidArgument:
        call.abandon(Code::kUnavailable, ready.error().message());
        break;
      default:
        call.abandon(ready.error().code(), ready.error().message());
    }
    return false;
  }
}

bool Channel::Impl::begin(ClientCall& call, std::string_view path, const CallOptions& options,
                          Deadline deadline) {
  call.set_deadline(deadline);
  if (!connect_call(call, deadline, options.ready)) return false;
  if (call.done()) return false;  // Cancelled meanwhile.
  FieldList list;
  list.add(method_post());
  list.add(options_.tls ? scheme_https() : scheme_http());
  list.add(kept_field(":path", path, 4));
  list.add(kept_field(":authority", options_.authority, 1));
  list.add(content_type_grpc());
  list.add(kept_field("user-agent", options_.user_agent, 58));
  list.add(kept_field("te", "trailers"));
  if (options_.compression == Compression::kGzip) {
    list.add(kept_field("grpc-encoding", "gzip"));
    list.add(kept_field("grpc-accept-encoding", "gzip", 0));
  }
  char timeout[16];
  if (!deadline.is_never())
    list.add({"grpc-timeout", format_timeout(deadline.remaining(), timeout)});
  Metadata metadata;
  if (options.metadata) {
    for (const auto& [key, value] : *options.metadata) {
      if (add_metadata(metadata, key, value)) continue;
      call.abandon(Code::kInternal, fmt::format("metadata \"{}\" is reserved, or its key or value "
                                                "has characters that gRPC does not allow",
                                                key));
      return false;
    }
    list.add_all(metadata);
  }
  call.connection->submit(call, list);
  return true;
}

void Channel::Impl::unary(std::string_view path, std::string_view request,
                          const CallOptions& options, UnaryReply& reply) {
  Deadline deadline = std::min(options.deadline, fiber::current_deadline());
  // What the peer says it did not process (GOAWAY, REFUSED_STREAM) is sent once more, as gRPC's
  // transparent retry.
  for (int attempt = 0; attempt < 2; ++attempt) {
    UnaryCall call(options_, request, reply);
    if (call.fits() && begin(call, path, options, deadline)) call.wait(deadline);
    reply.status = std::move(call.status());
    reply.bytes_sent = kPrefixBytes + request.size();
    reply.bytes_received = call.bytes_received();
    if (!call.refused()) break;
  }
}

Result<std::unique_ptr<StreamCall>> Channel::Impl::stream(std::string_view path,
                                                          const CallOptions& options) {
  Deadline deadline = std::min(options.deadline, fiber::current_deadline());
  auto call = std::make_unique<StreamCall>(options_);
  if (!begin(*call, path, options, deadline))
    return error_from_status(call->status().code, call->status().message, {});
  // The channel outlives its calls.
  call->set_reopen([this, path = std::string(path), deadline, ready = options.ready,
                    metadata = options.metadata ? *options.metadata : Metadata()](auto& again) {
    return begin(again, path, {deadline, &metadata, ready}, deadline);
  });
  return call;
}

void Channel::Impl::close() {
  if (connection_) connection_->close();
  drop_connection();
}

// The channel may go before its streams: they hold its options.
class ClientStream::Impl {
 public:
  std::shared_ptr<void> channel;
  std::unique_ptr<StreamCall> call;
  ~Impl() { call->abandon(Code::kCancelled, "the stream was dropped"); }
};

ClientStream::ClientStream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientStream::~ClientStream() = default;
ClientStream::ClientStream(ClientStream&&) noexcept = default;
Result<void> ClientStream::write(std::string_view message) { return impl_->call->write(message); }
void ClientStream::close_send() { impl_->call->close_send(); }
Result<bool> ClientStream::read(std::string& message) { return impl_->call->read(message); }
Status ClientStream::finish() { return impl_->call->wait_end(); }
void ClientStream::cancel() { impl_->call->abandon(Code::kCancelled, "context canceled"); }
const Metadata& ClientStream::headers() const { return impl_->call->headers; }
const Metadata& ClientStream::trailers() const { return impl_->call->trailers; }

Channel::Channel(std::string target, ChannelOptions options)
    : impl_(std::make_shared<Impl>(std::move(target), std::move(options))) {}
Channel::~Channel() {
  if (impl_) impl_->close();
}
Channel::Channel(Channel&&) noexcept = default;

Result<void> Channel::connect(Deadline deadline) {
  BIA_TRY(impl_->connected(deadline));
  return {};
}

void Channel::unary(std::string_view path, std::string_view request, const CallOptions& options,
                    UnaryReply& reply) {
  std::shared_ptr<Impl> kept = impl_;  // The channel may be dropped while the call waits.
  kept->unary(path, request, options, reply);
}

Result<ClientStream> Channel::stream(std::string_view path, const CallOptions& options) {
  auto call = BIA_TRY(impl_->stream(path, options));
  auto impl = std::make_shared<ClientStream::Impl>();
  impl->channel = impl_;
  impl->call = std::move(call);
  return ClientStream(std::move(impl));
}

void Channel::close() { impl_->close(); }
std::shared_ptr<const net::TlsInfo> Channel::tls() const { return impl_->tls(); }
uint64_t Channel::bytes_sent() const { return impl_->bytes_sent(); }
uint64_t Channel::bytes_received() const { return impl_->bytes_received(); }

}  // namespace bia::grpc
