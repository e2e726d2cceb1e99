#include "bia/config/config_watch.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <utility>

#include "bia/bia/log.h"
#include "bia/config/config_etcd.h"
#include "bia/config/config_node.h"

namespace bia {
namespace {

namespace fs = std::filesystem;

/// As many as Linux follows.
constexpr int kLinksMax = 40;
/// Rounds of looking at folders that change meanwhile.
constexpr int kRoundsMax = 8;

Error failed(std::string_view path) {
  return Error(errno == ENOENT || errno == ENOTDIR ? Code::kNotFound : Code::kResourceExhausted,
               "CONFIG_WATCH", fmt::format("{}: cannot be watched: {}", path, strerror(errno)))
      .with_hint("see fs.inotify.max_user_instances and max_user_watches");
}

void put_first(const fs::path& path, std::deque<std::string>& names) {
  const std::vector<fs::path> parts(path.begin(), path.end());
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) names.push_front(part->string());
}

}  // namespace

ConfigWatch::ConfigWatch(ConfigWatch&& other) noexcept
    : paths_(std::move(other.paths_)),
      watched_(std::move(other.watched_)),
      fd_(std::exchange(other.fd_, -1)),
      events_(std::move(other.events_)),
      waiting_(std::exchange(other.waiting_, false)) {}

ConfigWatch::~ConfigWatch() {
  events_.reset();
  if (fd_ >= 0) close(fd_);
}

Result<ConfigWatch> ConfigWatch::create(const std::vector<std::string>& paths) {
  ConfigWatch watch;
  watch.fd_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (watch.fd_ < 0) return failed("the configuration");
  for (const std::string& path : paths) {
    if (EtcdConfigSource::is_one(path)) continue;  // Has a watcher of its own.
    watch.paths_.push_back(path);
    BIA_TRY(watch.arm(path));
  }
  BIA_TRY(watch.arm_all());
  return watch;
}

/// Adds what the way to `path` leads through, links and their targets too. Returns the folder that
/// it ends in, or the one that is not there.
std::string ConfigWatch::follow(const std::string& path, Folders& folders) {
  std::deque<std::string> names;
  put_first(path, names);
  fs::path folder = ".";
  std::error_code error;
  for (int links = 0; !names.empty();) {
    const fs::path name = std::move(names.front());
    names.pop_front();
    if (name.empty() || name == ".") continue;
    if (name == ".." || name.is_absolute()) {
      folder /= name;  // An absolute one replaces it.
      continue;
    }
    folders[folder].names.insert(name);
    const fs::path full = folder / name;
    const fs::file_status status = fs::symlink_status(full, error);
    if (fs::is_symlink(status)) {
      if (++links > kLinksMax) return folder;
      put_first(fs::read_symlink(full, error), names);
    } else if (fs::is_directory(status)) {
      folder = full;
    } else {
      return names.empty() ? folder : full;  // The file, or what is missing.
    }
  }
  if (std::exchange(folders[folder].all, true)) return folder;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_symlink(ignored) && !entry->is_directory(ignored) &&
        config_detail::has_config_extension(entry->path().native()))
      follow(entry->path(), folders);
  }
  return folder;
}

/// Watches what leads to the configuration as it is now, and nothing else. What is not there, or
/// may not be read, is left out, but for the folder of `must_be_there`.
Result<void> ConfigWatch::arm(std::string_view must_be_there) {
  Folders folders;
  std::string last;
  for (const std::string& path : paths_) {
    std::string folder = follow(path, folders);
    if (path == must_be_there) last = std::move(folder);
  }
  if (!last.empty()) folders.try_emplace(last);
  std::map<int, Interest> now;
  for (auto& [folder, interest] : folders) {
    const int id = inotify_add_watch(fd_, folder.c_str(),
                                     IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                         IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
    if (id < 0) {
      const bool passing = errno == ENOENT || errno == ENOTDIR || errno == EACCES;
      if (!passing || folder == last) return failed(folder);
      continue;
    }
    Interest& known = now[id];
    known.names.merge(interest.names);
    known.all |= interest.all;
  }
  for (const auto& [id, interest] : watched_) {
    if (!now.contains(id)) inotify_rm_watch(fd_, id);
  }
  watched_ = std::move(now);
  return {};
}

/// Until a look finds all folders watched already: what changes after that one is told.
Result<void> ConfigWatch::arm_all() {
  for (int round = 0; round < kRoundsMax; ++round) {
    std::set<int> before;
    for (const auto& [id, interest] : watched_) before.insert(id);
    BIA_TRY(arm({}));
    const bool fresh = std::any_of(watched_.begin(), watched_.end(), [&](const auto& entry) {
      return !before.contains(entry.first);
    });
    if (!fresh) break;
  }
  return {};
}

bool ConfigWatch::matters(std::string_view events) {
  bool found = false;
  while (events.size() >= sizeof(inotify_event)) {
    inotify_event event;
    memcpy(&event, events.data(), sizeof event);
    // Padded with zeros.
    const char* name = event.len ? events.data() + sizeof event : "";
    const auto folder = watched_.find(event.wd);
    if (event.mask & IN_Q_OVERFLOW) {
      found = true;
    } else if (folder != watched_.end()) {
      found |= (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0 ||
               folder->second.all || folder->second.names.contains(std::string_view(name));
      if (event.mask & IN_IGNORED) watched_.erase(folder);
    }
    events.remove_prefix(std::min(events.size(), sizeof event + event.len));
  }
  return found;
}

Result<void> ConfigWatch::take_events(Deadline deadline) {
  char bytes[1024];  // Two events of the longest name, at least.
  while (true) {
    // What happened matters less than that it did: the files are read anew.
    const ssize_t got = read(fd_, bytes, sizeof bytes);
    if (got > 0 && matters({bytes, size_t(got)})) return {};
    if (got > 0 && !deadline.expired()) continue;
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
    if (more.error().code() != Code::kDeadlineExceeded) return more;
    // Before the files are read: what changes while they are is told by the next wait.
    Result<void> armed;
    fiber::offload([&] { armed = arm_all(); });
    if (!armed) log::warn(fmt::format("{}; changes there are not seen", armed.error().text()));
    return {};
  }
}

}  // namespace bia
