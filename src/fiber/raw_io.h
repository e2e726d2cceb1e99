#pragma once
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "fiber/sanitizers.h"

namespace bia::fiber {

// recv and send are cancellation points: once a process has a second thread, such as the log's, the
// C library marks each call before and after it, 50 instructions (of 6,300 a request that reads and
// writes once). Nobody cancels our threads. Sanitizers see the buffers through the usual names.

inline ssize_t raw_receive(int fd, void* into, size_t size, int flags) {
#if defined(BIA_FIBER_ASAN) || defined(BIA_FIBER_TSAN)
  return ::recv(fd, into, size, flags);
#else
  return ::syscall(SYS_recvfrom, fd, into, size, flags, nullptr, nullptr);
#endif
}

inline ssize_t raw_send(int fd, const void* bytes, size_t size, int flags) {
#if defined(BIA_FIBER_ASAN) || defined(BIA_FIBER_TSAN)
  return ::send(fd, bytes, size, flags);
#else
  return ::syscall(SYS_sendto, fd, bytes, size, flags, nullptr, 0);
#endif
}

}  // namespace bia::fiber
