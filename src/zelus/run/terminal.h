#pragma once
#include <atomic>
#include <string>
#include <string_view>

namespace zelus::run {

/// stdout and stderr (k6: internal/ui/console). On a terminal every line ends in "erase to the
/// end", and the progress lines are drawn again after whatever is written. Any thread may write.
class Terminal {
 public:
  struct Stream {
    int fd = -1;
    bool is_tty = false;
  };
  Terminal(Stream out, Stream err) : out_(out), err_(err) {}

  bool out_is_tty() const { return out_.is_tty; }
  bool err_is_tty() const { return err_.is_tty; }
  int out_fd() const { return out_.fd; }
  void write_out(std::string_view text) { write(out_, text); }
  void write_err(std::string_view text) { write(err_, text); }
  /// Prints the progress lines; on a terminal they are drawn again after each write.
  void show_progress(std::string text);
  void drop_progress();

 private:
  void write(const Stream& stream, std::string_view text);
  class Guard;

  Stream out_, err_;
  std::string progress_;
  // Lines of several threads must not mix. Held for a write(2) only, by threads with and without a
  // scheduler.
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

/// isatty(fd), and TERM is not "dumb".
bool is_terminal(int fd, std::string_view term);
/// Columns of the terminal; 0 where unknown.
int terminal_columns(int fd);

}  // namespace zelus::run
