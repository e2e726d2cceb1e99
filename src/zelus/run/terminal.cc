#include "zelus/run/terminal.h"

#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace zelus::run {

namespace {

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(fd, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (written < 0 && errno != EINTR) {
      return;  // The reader is gone: there is nobody to tell.
    }
  }
}

}  // namespace

class Terminal::Guard {
 public:
  explicit Guard(std::atomic_flag& flag) : flag_(flag) {
    while (flag_.test_and_set(std::memory_order_acquire)) ::sched_yield();
  }
  ~Guard() { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag& flag_;
};

void Terminal::write(const Stream& stream, std::string_view text) {
  if (!stream.is_tty) {
    Guard guard(busy_);
    write_all(stream.fd, text);
    return;
  }
  std::string erased;
  erased.reserve(text.size() + 64);
  for (char c : text) {
    if (c == '\n') erased += "\x1b[0K";
    erased += c;
  }
  Guard guard(busy_);
  write_all(stream.fd, erased);
  if (!progress_.empty()) write_all(out_.fd, progress_);
}

void Terminal::show_progress(std::string text) {
  Guard guard(busy_);
  write_all(out_.fd, text);
  if (out_.is_tty) progress_ = std::move(text);
}

void Terminal::drop_progress() {
  Guard guard(busy_);
  progress_.clear();
}

bool is_terminal(int fd, std::string_view term) { return term != "dumb" && ::isatty(fd) == 1; }

int terminal_columns(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace zelus::run
