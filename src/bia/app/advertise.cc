#include "bia/app/advertise.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bia/net/socket.h"

namespace bia {
namespace {

/// Addresses that other hosts can use: not the loopback, not of one link alone (fe80::/10 needs the
/// name of an interface beside it). Empty for the others.
std::string text_of(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address->sa_family == AF_INET) {
    const in_addr& four = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    if (four.s_addr == INADDR_ANY || ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET) return {};
    inet_ntop(AF_INET, &four, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (IN6_IS_ADDR_UNSPECIFIED(&six) || IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_LINKLOCAL(&six))
      return {};
    inet_ntop(AF_INET6, &six, text, sizeof text);
  }
  return text;
}

/// Connecting a datagram socket sends nothing: the kernel looks up the route. `far` is an address
/// that is reserved for documentation.
std::string by_route(std::string_view far) {
  const auto to = net::Endpoint::parse(far);
  const int fd = to ? socket(to->family(), SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
  if (fd < 0) return {};
  sockaddr_storage near{};
  socklen_t size = sizeof near;
  std::string found;
  if (connect(fd, static_cast<const sockaddr*>(to->data()), to->size()) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&near), &size) == 0)
    found = text_of(reinterpret_cast<const sockaddr*>(&near));
  close(fd);
  return found;
}

std::string by_interface(int family) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  std::string found;
  for (const ifaddrs* one = list; one && found.empty(); one = one->ifa_next) {
    if (!one->ifa_addr || one->ifa_addr->sa_family != family) continue;
    if ((one->ifa_flags & IFF_UP) && !(one->ifa_flags & IFF_LOOPBACK))
      found = text_of(one->ifa_addr);
  }
  freeifaddrs(list);
  return found;
}

}  // namespace

HostAddresses host_addresses() {
  HostAddresses own{by_route("192.0.2.1:53"), by_route("[2001:db8::1]:53")};
  if (own.four.empty()) own.four = by_interface(AF_INET);
  if (own.six.empty()) own.six = by_interface(AF_INET6);
  return own;
}

std::string advertised_address(std::string_view address, const HostAddresses& own) {
  if (address.starts_with("unix:")) return {};
  const size_t colon = address.rfind(':');
  const std::string_view host = address.substr(0, colon);
  const bool both = host.empty() || host == "[::]";
  if (!both && host != "0.0.0.0") return std::string(address);
  std::string text = own.four;
  if (text.empty() && both && !own.six.empty()) text = "[" + own.six + "]";
  if (text.empty()) text = "127.0.0.1";
  return text.append(address.substr(colon));
}

}  // namespace bia
