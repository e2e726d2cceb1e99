#include "watch.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <poll.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <ostream>

#include "base/child_setup.h"
#include "project.h"

extern char** environ;

namespace bia::cli {
namespace {

namespace fs = std::filesystem;

/// An editor writes several files for one save.
constexpr int kQuietMilliseconds = 200;

struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  explicit Descriptor(int from) : fd(from) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGQUIT, SIGCHLD}) sigaddset(&set, signal);
  return set;
}

/// What is built or written by programs, and the configuration, which the service watches itself.
bool is_left_out(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.empty() || name[0] == '.' || name == "build" || name == "configs" || name == "deploy";
}

/// Folders that came since are added; those that are watched already stay as they are.
void watch_tree(int fd, const fs::path& root) {
  constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE;
  inotify_add_watch(fd, root.c_str(), kEvents);
  std::error_code error;
  for (fs::recursive_directory_iterator entry(root, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored)) continue;
    if (is_left_out(entry->path())) {
      entry.disable_recursion_pending();
    } else {
      inotify_add_watch(fd, entry->path().c_str(), kEvents);
    }
  }
}

/// The service, and the api/ that the project above it shares among its services.
void watch_sources(int fd, const fs::path& folder) {
  watch_tree(fd, folder);
  const fs::path root = project_root(folder);
  std::error_code ignored;
  if (!root.empty() && !fs::equivalent(root, folder, ignored) &&
      fs::is_directory(root / "api", ignored))
    watch_tree(fd, root / "api");
}

/// Takes all events there are. True: one was of a source.
bool take_events(int fd) {
  alignas(inotify_event) char bytes[16 * 1024];
  bool source = false;
  for (ssize_t got = 0; (got = read(fd, bytes, sizeof bytes)) > 0;) {
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(bytes + at);
      if (event->len > 0 && !is_left_out(event->name)) source = true;
      at += ssize_t(sizeof *event + event->len);
    }
  }
  return source;
}

Result<pid_t> start(const std::string& folder, const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  bia::ChildSetup setup;
  posix_spawn_file_actions_addchdir_np(&setup.actions, folder.c_str());
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, argv[0], &setup.actions, &setup.attributes, argv.data(), environ);
  if (failed)
    return Error(Code::kFailedPrecondition, "EXEC",
                 fmt::format("cannot start {}: {}", words[0], strerror(failed)));
  return pid;
}

class Watcher {
 public:
  Watcher(const BuiltService& built, const std::vector<std::string>& words, Io& io)
      : built_(built), words_(words), io_(io) {}

  Result<int> run() {
    const sigset_t signals = watched_signals();
    sigprocmask(SIG_BLOCK, &signals, &before_);
    const Descriptor signal_fd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    const Descriptor notify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (signal_fd.fd < 0 || notify.fd < 0)
      return Error(Code::kResourceExhausted, "WATCH", strerror(errno));
    watch_sources(notify.fd, built_.folder);
    pid_ = BIA_TRY(start(built_.folder, words_));
    while (true) {
      pollfd fds[] = {{signal_fd.fd, POLLIN, 0}, {notify.fd, POLLIN, 0}};
      poll(fds, 2, changed_ ? kQuietMilliseconds : -1);
      if (take_signals(signal_fd.fd)) return wait_for_child();
      if (take_events(notify.fd)) {
        changed_ = true;
      } else if (changed_ && fds[1].revents == 0) {
        changed_ = false;
        watch_sources(notify.fd, built_.folder);
        BIA_TRY(rebuild());
        // The build's own files are no change.
        take_events(notify.fd);
      }
    }
  }

 private:
  /// True: end.
  bool take_signals(int fd) {
    signalfd_siginfo info{};
    bool end = false;
    while (read(fd, &info, sizeof info) == ssize_t(sizeof info)) {
      if (info.ssi_signo == SIGCHLD) {
        if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_) {
          pid_ = 0;
          fmt::print(io_.err,
                     "the service has ended; the next change builds and starts it again\n");
          io_.err.flush();
        }
      } else {
        if (pid_ > 0) kill(pid_, int(info.ssi_signo));
        end = true;
      }
    }
    return end;
  }
  int wait_for_child() {
    if (pid_ > 0) {
      while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
      }
      pid_ = 0;
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }
  Result<void> rebuild() {
    // As outside: Ctrl-C ends a build, and with it all.
    const sigset_t signals = watched_signals();
    sigprocmask(SIG_SETMASK, &before_, nullptr);
    auto built = build_service(built_.folder, built_.name, io_);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    if (!built) {
      fmt::print(io_.err, "{}; the service that runs stays\n", built.error().message());
      io_.err.flush();
      return {};
    }
    if (pid_ > 0) {
      kill(pid_, SIGTERM);
      wait_for_child();
    }
    pid_ = BIA_TRY(start(built_.folder, words_));
    fmt::print(io_.err, "started again\n");
    io_.err.flush();
    return {};
  }

  const BuiltService& built_;
  const std::vector<std::string>& words_;
  Io& io_;
  sigset_t before_{};
  pid_t pid_ = 0;
  int status_ = 0;
  bool changed_ = false;
};

}  // namespace

Result<int> run_watching(const BuiltService& built, const std::vector<std::string>& words, Io& io) {
  return Watcher(built, words, io).run();
}

}  // namespace bia::cli
