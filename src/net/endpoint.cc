#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstring>

#include "bia/net/socket.h"

namespace bia::net {
namespace {

Error bad_address(std::string_view text, std::string_view why) {
  return Error(Code::kInvalidArgument, "BAD_ADDRESS", fmt::format("address \"{}\": {}", text, why))
      .with_hint("write \"127.0.0.1:8080\", \"[::1]:8080\", \":8080\" or \"unix:/path\"");
}

Result<uint16_t> parse_port(std::string_view text, std::string_view port) {
  unsigned value = 0;
  auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (port.empty() || failed != std::errc() || end != port.data() + port.size() || value > 65535) {
    return bad_address(text, "the port is not a number from 0 to 65535");
  }
  return static_cast<uint16_t>(value);
}

}  // namespace

Endpoint::Endpoint() { std::memset(storage_, 0, sizeof storage_); }

Endpoint Endpoint::from_sockaddr(const void* address, uint32_t length) {
  static_assert(sizeof(sockaddr_un) <= sizeof storage_);
  Endpoint endpoint;
  endpoint.size_ =
      length < sizeof endpoint.storage_ ? length : static_cast<uint32_t>(sizeof endpoint.storage_);
  std::memcpy(endpoint.storage_, address, endpoint.size_);
  return endpoint;
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    std::string_view path = text.substr(5);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty()) return bad_address(text, "the path is empty");
    if (path.size() >= sizeof address.sun_path)
      return bad_address(text, "the path is longer than 107 bytes");
    std::memcpy(address.sun_path, path.data(), path.size());
    return from_sockaddr(&address,
                         static_cast<uint32_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1));
  }
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']'))
    return bad_address(text, "it has no port");
  uint16_t port = BIA_TRY(parse_port(text, text.substr(colon + 1)));
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    std::string name(host.substr(1, host.size() - 2));
    if (inet_pton(AF_INET6, name.c_str(), &address.sin6_addr) != 1)
      return bad_address(text, "not an IPv6 address");
    return from_sockaddr(&address, sizeof address);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (!host.empty() && inet_pton(AF_INET, std::string(host).c_str(), &address.sin_addr) != 1) {
    return bad_address(text, host.find(':') != std::string_view::npos
                                 ? "an IPv6 address goes into brackets"
                                 : "not a numeric IPv4 address");
  }
  return from_sockaddr(&address, sizeof address);
}

int Endpoint::family() const {
  if (size_ < sizeof(sa_family_t)) return AF_UNSPEC;
  sa_family_t family = 0;
  std::memcpy(&family, storage_, sizeof family);
  return family;
}

uint16_t Endpoint::port() const {
  // At the same place in both.
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  if (family() != AF_INET && family() != AF_INET6) return 0;
  uint16_t port = 0;
  std::memcpy(&port, storage_ + offsetof(sockaddr_in, sin_port), sizeof port);
  return ntohs(port);
}

bool Endpoint::is_mapped() const {
  if (family() != AF_INET6) return false;
  in6_addr address{};
  std::memcpy(&address, storage_ + offsetof(sockaddr_in6, sin6_addr), sizeof address);
  return IN6_IS_ADDR_V4MAPPED(&address);
}

std::string Endpoint::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, storage_ + offsetof(sockaddr_in, sin_addr), text, sizeof text);
  } else if (is_mapped()) {
    inet_ntop(AF_INET, storage_ + offsetof(sockaddr_in6, sin6_addr) + 12, text, sizeof text);
  } else if (family() == AF_INET6) {
    inet_ntop(AF_INET6, storage_ + offsetof(sockaddr_in6, sin6_addr), text, sizeof text);
  } else if (family() == AF_UNIX && size_ > offsetof(sockaddr_un, sun_path)) {
    auto* path = reinterpret_cast<const char*>(storage_) + offsetof(sockaddr_un, sun_path);
    return std::string(path, strnlen(path, size_ - offsetof(sockaddr_un, sun_path)));
  }
  return text;
}

std::string Endpoint::text() const {
  if (family() == AF_UNIX) return "unix:" + host();
  if (family() == AF_INET6 && !is_mapped()) return fmt::format("[{}]:{}", host(), port());
  return fmt::format("{}:{}", host(), port());
}

}  // namespace bia::net
