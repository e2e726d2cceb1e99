#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/fiber/scheduler.h"

namespace bia {

/// Tells when the files of a configuration may have changed: whatever an editor, `kubectl` (which
/// swaps the link ..data) or a deployment does to them. Watches by inotify the folder of each name
/// and link on the way to them, so that files and folders that come, go, are replaced or made anew
/// are seen, and a link that is set to another version.
class ConfigWatch {
 public:
  ConfigWatch() = default;
  ConfigWatch(ConfigWatch&& other) noexcept;
  ConfigWatch& operator=(ConfigWatch&&) = delete;
  ~ConfigWatch();
  /// Files and folders as in ConfigSources. Needs no scheduler, so that it can stand before the
  /// files are read: what changes from then on is not missed. Errors: kResourceExhausted; kNotFound
  /// where the folder of one is not there.
  static Result<ConfigWatch> create(const std::vector<std::string>& paths);
  /// Suspends until something happened and then nothing for `kQuiet`, so that a file that is being
  /// written in pieces is read once. Errors: kCancelled; kDeadlineExceeded where nothing happened
  /// until then. Where what is there by then cannot be watched, the log says so. On a fiber; always
  /// of the same thread.
  Result<void> wait(Deadline deadline = Deadline::never());

  static constexpr Duration kQuiet = std::chrono::milliseconds(100);

 private:
  /// What matters in a folder: these names, or all.
  struct Interest {
    std::set<std::string, std::less<>> names;
    bool all = false;
  };
  using Folders = std::map<std::string, Interest>;

  static std::string follow(const std::string& path, Folders& folders);
  Result<void> arm(std::string_view must_be_there);
  Result<void> arm_all();
  bool matters(std::string_view events);
  Result<void> take_events(Deadline deadline);

  std::vector<std::string> paths_;
  std::map<int, Interest> watched_;  // by watch descriptor
  int fd_ = -1;
  fiber::FdWatch events_;  // made by the first wait()
  bool waiting_ = false;
};

}  // namespace bia
