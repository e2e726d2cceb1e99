#include "bia/log/notify.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "bia/bia/log.h"

namespace bia {
namespace {

/// An errno, 0 where it was sent.
int send_to(std::string_view path, std::string_view state) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  // "vsock:…" and its like are for machines without a shared file system.
  if (path[0] != '/' && path[0] != '@') return EAFNOSUPPORT;
  path.copy(address.sun_path, path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const ssize_t sent = sendto(fd, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                              reinterpret_cast<const sockaddr*>(&address), length);
  const int number = sent < 0 ? errno : 0;
  close(fd);
  return number;
}

}  // namespace

void notify_manager(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return;
  if (const int number = send_to(path, state); number != 0) {
    log::warn(fmt::format("NOTIFY_SOCKET {}: {}; the service manager is not told {}", path,
                          std::strerror(number), state.substr(0, state.find('\n'))));
  }
}

std::string reloading_state() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return fmt::format("RELOADING=1\nMONOTONIC_USEC={}", at.tv_sec * 1'000'000 + at.tv_nsec / 1000);
}

}  // namespace bia
