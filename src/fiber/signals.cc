#include <fmt/format.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "bia/fiber/scheduler.h"

namespace bia::fiber {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGINT, SIGTERM, SIGQUIT}) sigaddset(&set, number);
  return set;
}

struct ClosedAtEnd {
  int fd;
  ~ClosedAtEnd() { close(fd); }
};

}  // namespace

void block_signals() {
  sigset_t set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<int> wait_signal(Deadline deadline) {
  sigset_t set = ending_signals();
  int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) {
    return Error(Code::kResourceExhausted, "NO_SIGNALFD",
                 fmt::format("cannot wait for signals: {}", std::strerror(errno)))
        .with_hint("raise the limit of open files: ulimit -n 65536");
  }
  ClosedAtEnd closed{fd};
  FdWatch watch = BIA_TRY(FdWatch::create(fd));
  for (;;) {
    signalfd_siginfo info{};
    if (read(fd, &info, sizeof info) == static_cast<ssize_t>(sizeof info))
      return static_cast<int>(info.ssi_signo);
    watch.clear_readable();
    BIA_TRY(watch.wait_readable(deadline));
  }
}

}  // namespace bia::fiber
