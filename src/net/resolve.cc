#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "bia/net/socket.h"
#include "net/dns.h"

namespace bia::net {
namespace {

std::vector<Endpoint> numeric(const std::string& host, uint16_t port) {
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

Result<std::vector<Endpoint>> resolve(std::string_view host, uint16_t port, Deadline deadline,
                                      Freshness freshness) {
  std::string name(host);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (auto endpoints = numeric(name, port); !endpoints.empty()) return endpoints;
  if (name.empty() || name.find('\0') != std::string::npos) {
    return Error(Code::kUnavailable, "NO_SUCH_HOST",
                 fmt::format("lookup \"{}\": no such host", name));
  }
  return Dns::here().look_up(name, port, deadline, freshness);
}

}  // namespace bia::net
