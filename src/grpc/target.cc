#include "grpc/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "codec/go_quote.h"
#include "http/client/client_tunnel.h"

namespace bia::grpc {
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

Target::Target(std::string text, ChannelOptions& options)
    : options_(options), text_(std::move(text)) {
  // grpc-go's "dns:///host:port" and "passthrough:///host:port".
  for (std::string_view scheme : {"dns:///", "passthrough:///", "dns:", "passthrough:"}) {
    if (text_.starts_with(scheme)) {
      text_.erase(0, scheme.size());
      break;
    }
  }
  // "unix:relative/path", "unix:/path", "unix:///path": grpc-go's names for a Unix socket.
  if (text_.starts_with("unix:")) {
    unix_path_ = text_.substr(text_.starts_with("unix://") ? 7 : 5);
    if (options.authority.empty() && options.server_name.empty()) options.authority = "localhost";
  }
  if (options.authority.empty())
    options.authority = options.tls && !options.server_name.empty() ? options.server_name : text_;
  if (options.server_name.empty()) options.server_name = host_of(options.authority);
}

Result<std::shared_ptr<ClientConnection>> Target::dial_unix(Deadline limit) {
  auto endpoint = net::Endpoint::parse("unix:" + unix_path_);
  if (!endpoint)
    return Error(Code::kInvalidArgument, "BAD_TARGET",
                 fmt::format("gRPC target \"{}\" is no Unix socket's path", text_));
  auto socket = net::Socket::connect(*endpoint, limit);
  if (socket) return establish(*std::move(socket), {}, limit);
  const Error& error = socket.error();
  if (error.code() == Code::kCancelled) return error;
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

Result<std::shared_ptr<ClientConnection>> Target::dial() {
  const Deadline limit = Deadline::after(options_.connect_timeout);
  if (!unix_path_.empty()) return dial_unix(limit);
  const Address target = BIA_TRY(parse_target(text_));
  const http::Proxy* proxy =
      options_.proxies
          ? options_.proxies->find(http::ProxyRules::Scheme::kHttps, target.host, target.port)
          : nullptr;
  const Address to = proxy != nullptr ? Address{proxy->host, proxy->port} : target;
  auto refuse = [&](Error error) {
    if (error.code() == Code::kCancelled) return error;
    return connection_error(error.reason(), "transport: Error while dialing: " + error.message());
  };
  auto refine = [&](const Error& error) {
    if (error.code() == Code::kCancelled) return error;
    return refuse(Error(error.code(), error.reason(),
                        go_dial_text(error, proxy != nullptr ? to.text() : text_)));
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
  return establish(std::move(dialled->socket), early, limit);
}

/// What makes a socket a connection of gRPC's. `early` was received already.
Result<std::shared_ptr<ClientConnection>> Target::establish(net::Socket socket,
                                                            std::string_view early,
                                                            Deadline limit) {
  const auto refused = [](std::string_view why) {
    return connection_error("HANDSHAKE",
                            fmt::format("transport: authentication handshake failed: {}", why));
  };
  if (options_.tls) {
    if (!early.empty()) return refused("tls: first record does not look like a TLS handshake");
    auto shaken = socket.start_tls(*options_.tls, options_.server_name, limit, &session_);
    if (!shaken && shaken.error().code() == Code::kCancelled) return std::move(shaken).error();
    if (!shaken) {
      const bool late = shaken.error().code() == Code::kDeadlineExceeded;
      return refused(late ? "context deadline exceeded" : shaken.error().message());
    }
    tls_ = std::make_shared<const net::TlsInfo>(*socket.tls());
    if (socket.alpn() != "h2")
      return refused("credentials: cannot check peer: missing selected ALPN property");
  }
  auto started = ClientConnection::start(std::move(socket), early, options_, limit);
  if (started || started.error().code() == Code::kCancelled ||
      started.error().code() == Code::kResourceExhausted)
    return started;
  const bool late = started.error().code() == Code::kDeadlineExceeded;
  const bool gone = started.error().reason() == kGoingAway;
  return connection_error(gone ? kGoingAway : "PREFACE",
                          late ? "failed to receive server preface within timeout"
                               : "error reading server preface: " + started.error().message());
}

}  // namespace bia::grpc
