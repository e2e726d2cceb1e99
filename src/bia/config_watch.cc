#include "bia/config_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "bia/config_etcd.h"

namespace bia {

namespace fs = std::filesystem;

ConfigWatch::ConfigWatch(ConfigWatch&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      events_(std::move(other.events_)),
      waiting_(std::exchange(other.waiting_, false)) {}

ConfigWatch::~ConfigWatch() {
  events_.reset();
  if (fd_ >= 0) close(fd_);
}

Result<ConfigWatch> ConfigWatch::create(const std::vector<std::string>& paths) {
  ConfigWatch watch;
  watch.fd_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  const auto failed = [](const std::string& path) {
    return Error(errno == ENOENT ? Code::kNotFound : Code::kResourceExhausted, "CONFIG_WATCH",
                 fmt::format("{}: cannot be watched: {}", path, strerror(errno)))
        .with_hint("see fs.inotify.max_user_instances and max_user_watches");
  };
  if (watch.fd_ < 0) return failed("the configuration");
  for (const std::string& path : paths) {
    if (EtcdConfigSource::is_one(path)) continue;  // Has a watcher of its own.
    std::error_code error;
    fs::path folder = fs::is_directory(path, error) ? fs::path(path) : fs::path(path).parent_path();
    if (folder.empty()) folder = ".";
    constexpr uint32_t kEvents =
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE;
    if (inotify_add_watch(watch.fd_, folder.c_str(), kEvents) < 0) return failed(folder.string());
  }
  return watch;
}

Result<void> ConfigWatch::take_events(Deadline deadline) {
  char bytes[1024];  // Two events of the longest name, at least.
  while (true) {
    // What happened matters less than that it did: the files are read anew.
    const ssize_t got = read(fd_, bytes, sizeof bytes);
    if (got > 0) return {};
    if (got < 0 && errno != EAGAIN && errno != EINTR)
      return Error(Code::kInternal, "CONFIG_WATCH", strerror(errno));
    events_.clear_readable();
    BIA_TRY(events_.wait_readable(deadline));
  }
}

Result<void> ConfigWatch::wait(Deadline deadline) {
  if (!waiting_) events_ = BIA_TRY(fiber::FdWatch::create(fd_));
  waiting_ = true;
  BIA_TRY(take_events(deadline));
  while (true) {
    auto more = take_events(Deadline::after(kQuiet));
    if (more.ok()) continue;
    if (more.error().code() == Code::kDeadlineExceeded) return {};
    return more;
  }
}

}  // namespace bia
