#include "bia/advertise.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bia {
namespace {

std::string text_of(const in_addr& address) {
  char text[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &address, text, sizeof text);
  return text;
}

/// Connecting a datagram socket sends nothing: the kernel looks up the route.
std::string by_route() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {};
  sockaddr_in far{};
  far.sin_family = AF_INET;
  far.sin_port = htons(53);
  far.sin_addr.s_addr = htonl(0xC0000201);  // 192.0.2.1, reserved for documentation
  sockaddr_in near{};
  socklen_t size = sizeof near;
  std::string found;
  if (connect(fd, reinterpret_cast<sockaddr*>(&far), sizeof far) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&near), &size) == 0)
    found = text_of(near.sin_addr);
  close(fd);
  return found;
}

std::string by_interface() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  std::string found;
  for (const ifaddrs* one = list; one && found.empty(); one = one->ifa_next) {
    if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET) continue;
    if (!(one->ifa_flags & IFF_UP) || (one->ifa_flags & IFF_LOOPBACK)) continue;
    found = text_of(reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr);
  }
  freeifaddrs(list);
  return found;
}

}  // namespace

std::string advertised_address(std::string_view address) {
  const size_t colon = address.rfind(':');
  const std::string_view host = address.substr(0, colon);
  if (!host.empty() && host != "0.0.0.0" && host != "[::]") return std::string(address);
  std::string own = by_route();
  if (own.empty() || own == "0.0.0.0") own = by_interface();
  if (own.empty()) own = "127.0.0.1";
  return own.append(address.substr(colon));
}

}  // namespace bia
