#include "bia/net/socket.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "fiber/raw_io.h"
#include "net/io_error.h"
#include "net/tcp_options.h"
#include "net/tls_stream.h"

namespace bia::net {
namespace {

bool would_block(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK; }

}  // namespace

Result<Socket> Socket::adopt(int fd) {
  auto watch = fiber::FdWatch::create(fd);
  if (!watch) {
    ::close(fd);
    return std::move(watch).error();
  }
  return Socket(fd, std::move(*watch));
}

Result<Socket> Socket::connect(const Endpoint& endpoint, Deadline deadline, const Endpoint* from) {
  std::string what = "connect " + endpoint.text();
  int fd = ::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    if (errno != EMFILE && errno != ENFILE) return io_error(what, errno);
    return Error(Code::kResourceExhausted, "OUT_OF_DESCRIPTORS", what + ": too many open files")
        .with_hint("raise the limit of open files: ulimit -n 65536");
  }
  if (endpoint.family() != AF_UNIX) set_tcp_options(fd);
  if (from != nullptr) {
    const int on = 1;
    // The port is chosen with the connection, so that many connections may share an address.
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (::bind(fd, static_cast<const sockaddr*>(from->data()), from->size()) != 0) {
      int failed = errno;
      ::close(fd);
      return io_error(what + " from " + from->host(), failed);
    }
  }
  int failed = ::connect(fd, static_cast<const sockaddr*>(endpoint.data()), endpoint.size()) == 0
                   ? 0
                   : errno;
  if (failed != 0 && failed != EINPROGRESS) {
    ::close(fd);
    return io_error(what, failed);
  }
  Socket socket = BIA_TRY(adopt(fd));
  if (failed == 0) return socket.connected(endpoint, what);
  // Registered after the connect: if it is done already, the registration itself reports the event.
  socket.watch_.clear_writable();
  BIA_TRY(socket.watch_.wait_writable(deadline));
  socklen_t length = sizeof failed;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &length);
  if (failed != 0) return io_error(what, failed);
  return socket.connected(endpoint, what);
}

Result<Socket> Socket::connected(const Endpoint& endpoint, const std::string& what) {
  // Where nobody listens on a port that the kernel also gives to connections, it may give just that
  // one, and TCP connects the socket with itself (RFC 9293 section 3.5).
  if (endpoint.family() == AF_UNIX) return std::move(*this);
  const Endpoint own = local();
  if (own.port() == endpoint.port() && own.host() == endpoint.host())
    return io_error(what, ECONNREFUSED);
  return std::move(*this);
}

Result<size_t> Socket::read_some(std::span<char> into, Deadline deadline) {
  BIA_TRY(fiber::take_turn());
  if (tls_) return read_tls(into, deadline);
  for (;;) {
    BIA_TRY(watch_.wait_readable(deadline));
    ssize_t count = fiber::raw_receive(fd_, into.data(), into.size(), 0);
    if (count >= 0) {
      // Fewer bytes than asked for: the kernel has no more now, and a further recv that says EAGAIN
      // is saved (0.3 us a request). An end that the kernel announced keeps the descriptor
      // readable.
      if (static_cast<size_t>(count) < into.size() && count > 0) watch_.clear_readable();
      bytes_read_ += static_cast<uint64_t>(count);
      return static_cast<size_t>(count);
    }
    if (errno == EINTR) continue;
    if (!would_block(errno)) return io_error("read", errno);
    watch_.clear_readable();
  }
}

Result<size_t> Socket::receive(std::span<char> into, Deadline deadline, ReadTimes& times) {
  if (tls_) {
    BIA_TRY(fiber::take_turn());
    auto count = read_tls(into, deadline);
    times.readable = times.read = now();
    return count;
  }
  // The turn is taken after it: nothing else may run between what the caller did last, such as to
  // have its request written later, and the wait that `wake_reader` ends.
  const auto received = BIA_TRY(watch_.receive(into, deadline));
  if (received.count < 0) return io_error("read", received.error_number);
  bytes_read_ += static_cast<uint64_t>(received.count);
  times = {received.readable_at, received.at};
  BIA_TRY(fiber::take_turn());
  return static_cast<size_t>(received.count);
}

Result<size_t> Socket::try_write(std::string_view bytes) {
  if (tls_) return write_tls(bytes);
  for (;;) {
    ssize_t count = fiber::raw_send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes_written_ += static_cast<uint64_t>(count);
      if (static_cast<size_t>(count) < bytes.size()) watch_.clear_writable();
      return static_cast<size_t>(count);
    }
    if (errno == EINTR) continue;
    if (!would_block(errno)) return io_error("write", errno);
    watch_.clear_writable();
    return size_t{0};
  }
}

Result<void> Socket::write_all(std::string_view bytes, Deadline deadline) {
  for (;;) {
    bytes.remove_prefix(BIA_TRY(try_write(bytes)));
    if (bytes.empty()) return {};
    BIA_TRY(watch_.wait_writable(deadline));
  }
}

Result<void> Socket::write_all(std::span<const iovec> parts, Deadline deadline) {
  if (tls_) return write_parts_tls(parts, deadline);
  // The kernel takes at most IOV_MAX (1024) parts; few keep the frame small.
  constexpr size_t kPartsMax = 32;
  size_t first = 0;
  size_t skip = 0;  // Bytes of parts[first] that are written.
  for (;;) {
    iovec batch[kPartsMax];
    size_t count = 0;
    size_t batch_bytes = 0;
    for (size_t i = first; i < parts.size() && count < kPartsMax; ++i) {
      size_t off = i == first ? skip : 0;
      if (parts[i].iov_len == off) {
        if (count == 0) {
          first = i + 1;
          skip = 0;
        }
        continue;
      }
      batch[count++] = {static_cast<char*>(parts[i].iov_base) + off, parts[i].iov_len - off};
      batch_bytes += parts[i].iov_len - off;
    }
    if (count == 0) return {};
    msghdr message{};
    message.msg_iov = batch;
    message.msg_iovlen = count;
    ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && !would_block(errno)) return io_error("write", errno);
    size_t done = sent < 0 ? 0 : static_cast<size_t>(sent);
    bytes_written_ += done;
    bool blocked = done < batch_bytes;
    for (; done > 0; ++first, skip = 0) {
      size_t left = parts[first].iov_len - skip;
      if (done < left) {
        skip += done;
        break;
      }
      done -= left;
    }
    if (!blocked) continue;
    watch_.clear_writable();
    BIA_TRY(watch_.wait_writable(deadline));
  }
}

Result<void> Socket::wait_readable(Deadline deadline) {
  if (tls_ && tls_->has_pending()) return {};
  return watch_.wait_readable(deadline);
}
Result<void> Socket::wait_writable(Deadline deadline) { return watch_.wait_writable(deadline); }

uint64_t Socket::delivery_mark() const {
  int waiting = 0;
  if (ioctl(fd_, SIOCOUTQ, &waiting) != 0) return bytes_written_;
  return bytes_written_ - static_cast<uint64_t>(waiting);
}

Endpoint Socket::local() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Endpoint::from_sockaddr(&address, length);
}

Endpoint Socket::peer() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Endpoint::from_sockaddr(&address, length);
}

}  // namespace bia::net
