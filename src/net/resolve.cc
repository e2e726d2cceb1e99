#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "bia/net/socket.h"
#include "net/dns.h"
#include "net/look_up.h"

namespace bia::net {
namespace {

std::vector<Endpoint> parse_numeric(const std::string& host, uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1)
    return {Endpoint::from_sockaddr(&v4, sizeof v4)};
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1)
    return {Endpoint::from_sockaddr(&v6, sizeof v6)};
  return {};
}

}  // namespace

Result<std::vector<Endpoint>> numeric(std::string_view host, uint16_t port, std::string& name) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  name = host;
  auto endpoints = parse_numeric(name, port);
  if (endpoints.empty() && (name.empty() || name.find('\0') != std::string::npos)) {
    return Error(Code::kUnavailable, "NO_SUCH_HOST",
                 fmt::format("lookup \"{}\": no such host", name));
  }
  return endpoints;
}

Result<std::vector<Endpoint>> resolve(std::string_view host, uint16_t port, Deadline deadline,
                                      Freshness freshness) {
  std::string name;
  auto endpoints = BIA_TRY(numeric(host, port, name));
  if (!endpoints.empty()) return endpoints;
  return Dns::here().look_up(name, port, deadline, freshness);
}

}  // namespace bia::net
