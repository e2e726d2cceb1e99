#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "bia/net/socket.h"
#include "net/tcp_options.h"

namespace bia::net {
namespace {

Error listen_error(const Endpoint& endpoint, int error_number) {
  std::string where = "listen on " + endpoint.text();
  std::string errno_text = std::to_string(error_number);
  switch (error_number) {
    case EADDRINUSE:
      return Error(Code::kAlreadyExists, "ADDRESS_IN_USE", where + ": address already in use")
          .with_metadata("errno", errno_text)
          .with_hint("stop the program that holds it, or choose another port");
    case EACCES:
    case EPERM:
      return Error(Code::kPermissionDenied, "ADDRESS_NOT_PERMITTED", where + ": permission denied")
          .with_metadata("errno", errno_text)
          .with_hint("ports below 1024 need privileges; choose a higher one");
    case EMFILE:
    case ENFILE:
      return Error(Code::kResourceExhausted, "OUT_OF_DESCRIPTORS", where + ": too many open files")
          .with_metadata("errno", errno_text)
          .with_hint("raise the limit of open files: ulimit -n 65536");
    default:
      return Error(Code::kInvalidArgument, "CANNOT_LISTEN",
                   fmt::format("{}: {}", where, std::strerror(error_number)))
          .with_metadata("errno", errno_text);
  }
}

/// A path that a dead process left behind refuses connections and would refuse the bind too.
void remove_stale_path(const Endpoint& endpoint) {
  int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return;
  if (connect(probe, static_cast<const sockaddr*>(endpoint.data()), endpoint.size()) != 0 &&
      errno == ECONNREFUSED) {
    unlink(endpoint.host().c_str());
  }
  close(probe);
}

/// The kernel gives the lowest number that is free: one that is near the limit says that few are.
int accepted_fd_max() {
  constexpr rlim_t kKept = 16;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX) return INT_MAX;
  return static_cast<int>(limit.rlim_cur - std::min(kKept, limit.rlim_cur / 4)) - 1;
}

Error out_of_descriptors(const Endpoint& local, int error_number) {
  return Error(Code::kResourceExhausted, "OUT_OF_DESCRIPTORS",
               fmt::format("accept on {}: {}", local.text(), std::strerror(error_number)))
      .with_metadata("errno", std::to_string(error_number))
      .with_hint("raise the limit of open files: ulimit -n 65536");
}

}  // namespace

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      fd_max_(other.fd_max_),
      refused_(other.refused_),
      watch_(std::move(other.watch_)),
      adopted_(other.adopted_) {}

Listener& Listener::operator=(Listener&& other) noexcept {
  if (this == &other) return *this;
  close();
  fd_ = std::exchange(other.fd_, -1);
  fd_max_ = other.fd_max_;
  refused_ = other.refused_;
  watch_ = std::move(other.watch_);
  adopted_ = other.adopted_;
  return *this;
}

Listener::~Listener() { close(); }

Result<Listener> Listener::bind(const Endpoint& endpoint, const ListenOptions& options) {
  Listener listener;
  listener.fd_ = socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener.fd_ < 0) return listen_error(endpoint, errno);
  int on = 1;
  if (endpoint.family() == AF_UNIX) {
    remove_stale_path(endpoint);
  } else {
    setsockopt(listener.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    set_tcp_options(listener.fd_);
    if (options.sharing == ListenOptions::Sharing::kReusePort) {
      setsockopt(listener.fd_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
  }
  if (::bind(listener.fd_, static_cast<const sockaddr*>(endpoint.data()), endpoint.size()) != 0 ||
      listen(listener.fd_, options.backlog) != 0) {
    return listen_error(endpoint, errno);
  }
  listener.fd_max_ = accepted_fd_max();
  listener.watch_ = BIA_TRY(fiber::FdWatch::create(listener.fd_));
  return listener;
}

Result<Listener> Listener::adopt(int fd) {
  Listener listener;
  listener.fd_ = fd;
  listener.adopted_ = true;
  int listening = 0;
  socklen_t length = sizeof listening;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || listening == 0) {
    return Error(Code::kInvalidArgument, "NOT_LISTENING",
                 fmt::format("descriptor {} is no listening socket", fd));
  }
  set_tcp_options(fd);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  listener.fd_max_ = accepted_fd_max();
  listener.watch_ = BIA_TRY(fiber::FdWatch::create(fd));
  return listener;
}

Result<int> Listener::accept(Deadline deadline) {
  constexpr Duration kPauseWithoutDescriptors = std::chrono::milliseconds(10);
  BIA_TRY(fiber::take_turn());
  for (;;) {
    if (fd_ < 0) return Error(Code::kCancelled, "CLOSED", "the listener is closed");
    BIA_TRY(watch_.wait_readable(deadline));
    int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd > fd_max_) {
      // One that would wait for a descriptor is not told why it gets no answer.
      ::close(fd);
      ++refused_;
      return out_of_descriptors(local(), EMFILE);
    }
    if (fd >= 0) return fd;
    switch (errno) {
      case EAGAIN:
        watch_.clear_readable();
        break;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM: {
        const int error_number = errno;
        BIA_TRY(fiber::sleep_for(kPauseWithoutDescriptors));
        return out_of_descriptors(local(), error_number);
      }
      // Of the connection, not of the listener (accept(2), "Error handling"): the next one may be
      // well.
      case EINTR:
      case ECONNABORTED:
      case EPERM:
      case EPROTO:
      case ENETDOWN:
      case ENETUNREACH:
      case EHOSTDOWN:
      case EHOSTUNREACH:
      case ENOPROTOOPT:
      case ENONET:
      case EOPNOTSUPP:
        break;
      default:
        return Error(Code::kInternal, "ACCEPT_FAILED",
                     fmt::format("accept on {}: {}", local().text(), std::strerror(errno)));
    }
  }
}

Endpoint Listener::local() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Endpoint::from_sockaddr(&address, length);
}

void Listener::close() {
  if (fd_ < 0) return;
  watch_.reset();
  Endpoint bound = local();
  ::close(std::exchange(fd_, -1));
  if (bound.family() == AF_UNIX && !adopted_) unlink(bound.host().c_str());
}

}  // namespace bia::net
