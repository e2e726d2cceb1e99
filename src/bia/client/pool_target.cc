#include "bia/client/pool_target.h"

#include <fmt/format.h>

#include "bia/client/balancer.h"
#include "bia/http/uri.h"
#include "bia/net/socket.h"

namespace bia {
namespace {

constexpr std::string_view kDiscovery = "discovery:///";
constexpr std::string_view kDirect = "direct:///";
constexpr std::string_view kDns = "dns:///";

Error bad(std::string_view target, std::string_view what) {
  // What stands before an '@' may be a password, what follows a '?' a token.
  const bool secret = target.find_first_of("@?") != std::string_view::npos;
  return Error(Code::kInvalidArgument, "DISCOVERY",
               secret ? fmt::format("a pool's target {}", what)
                      : fmt::format("target \"{}\" {}", target, what));
}

/// Of a URL, as Kratos' HTTP client takes one for its endpoint.
Result<void> settle_url(PoolOptions& options) {
  const std::string text = options.target;
  const auto uri = http::parse_uri(text);
  if (!uri || uri->host.empty() || uri->port == 0) return bad(text, "is no URL with host and port");
  const bool secure = uri->scheme == "https";
  if (!secure && uri->scheme != "http")
    return bad(text,
               "has another scheme than discovery:///, direct:///, dns:///, http:// and "
               "https://");
  if (options.scheme != "http")
    return bad(text, "is for HTTP, and the pool calls gRPC; write 10.0.0.1:9000");
  if (uri->has_userinfo || uri->path.size() > 1 || uri->has_query || !uri->fragment.empty())
    return bad(text, "has more than scheme, host and port; paths are the requests'");
  if (options.tls && !secure)
    return bad(text, "goes without TLS, which the pool is given; write https://");
  if (secure && !options.tls) {
    net::TlsClientOptions tls;
    tls.alpn = {"h2", "http/1.1"};
    options.tls = BIA_TRY(net::TlsClient::create(std::move(tls)));
  }
  const bool six = uri->host.find(':') != std::string_view::npos;
  options.target =
      fmt::format("{}{}{}{}:{}", kDirect, six ? "[" : "", uri->host, six ? "]" : "", uri->port);
  return {};
}

/// Calls say the target's name and certificates are for it, not for an address (grpc-go's default
/// authority). `name` has brackets where it is an IPv6 address, `port` is empty or ":9000".
void call_by_name(PoolOptions& options, std::string_view name, std::string_view port) {
  if (options.scheme == "grpc") {
    // Of a server name of its own over TLS, and of an authority, the channel makes the other.
    const bool named = options.tls && !options.tls_server_name.empty();
    if (options.channel.authority.empty() && !named)
      options.channel.authority = fmt::format("{}{}", name, port);
    return;
  }
  const std::string_view default_port = options.tls ? ":443" : ":80";
  if (options.client.authority.empty())
    options.client.authority = fmt::format("{}{}", name, port == default_port ? "" : port);
  if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
  if (options.tls_server_name.empty()) options.tls_server_name = name;
}

/// As in grpc-go, a name without a port is at 443; over HTTP at the scheme's own.
Result<void> settle_dns(PoolOptions& options) {
  const std::string host = options.target.substr(kDns.size());
  // Before the rest: "::1" is no host ":" with port 1.
  const bool bare_six = net::Endpoint::parse(fmt::format("[{}]:1", host)).ok();
  if (!bare_six && node_of(host)) {
    const size_t colon = host.rfind(':');
    call_by_name(options, host.substr(0, colon), host.substr(colon));
    return {};
  }
  const std::string name = bare_six ? fmt::format("[{}]", host) : host;
  const std::string with_port =
      fmt::format("{}:{}", name, options.scheme == "http" && !options.tls ? 80 : 443);
  const bool has_port = !bare_six && !name.ends_with(']') && name.find(':') != std::string::npos;
  if (has_port || name.find('/') != std::string::npos || !node_of(with_port))
    return bad(options.target, "has no host, or a port that is none; write dns:///users:9000");
  options.target = std::string(kDns) + with_port;
  call_by_name(options, name, "");
  return {};
}

Result<void> check_addresses(const std::string& target) {
  std::string_view rest = target;
  if (rest.starts_with(kDirect)) rest.remove_prefix(kDirect.size());
  do {
    const std::string_view one = rest.substr(0, rest.find(','));
    if (!node_of(one)) return bad(target, "has an address without a port; write 10.0.0.1:9000");
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  } while (!rest.empty());
  return {};
}

/// Empty where all is well.
std::string_view misplaced(const PoolOptions& options) {
  const grpc::ChannelOptions& channel = options.channel;
  const http::ClientOptions& client = options.client;
  if (channel.tls || client.tls) return "has TLS in channel or client; set PoolOptions::tls";
  if (!channel.server_name.empty() || !client.tls_server_name.empty())
    return "has a server name in channel or client; set PoolOptions::tls_server_name";
  if (channel.proxies || client.proxies)
    return "has proxies in channel or client; set PoolOptions::proxies";
  if (channel.resolver != nullptr || client.resolver != nullptr)
    return "has a resolver, which is of one thread";
  return {};
}

}  // namespace

Result<void> settle_target(PoolOptions& options) {
  const std::string& target = options.target;
  if (options.scheme != "grpc" && options.scheme != "http")
    return bad(target, "has a scheme that is not built");
  if (const std::string_view what = misplaced(options); !what.empty())
    return bad(target, std::string(what));
  if (target.starts_with(kDiscovery)) {
    if (target.size() == kDiscovery.size())
      return bad(target, "has no name; write discovery:///users");
    if (options.discovery) return {};
    auto registry = EtcdRegistry::create(options.etcd);
    if (!registry.ok()) return std::move(registry).error().in(target);
    return {};
  }
  if (target.starts_with(kDns)) return settle_dns(options);
  if (!target.starts_with(kDirect) && target.find("://") != std::string::npos)
    return settle_url(options);
  return check_addresses(target);
}

}  // namespace bia
