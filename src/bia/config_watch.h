#pragma once
#include <string>
#include <vector>

#include "bia/base/result.h"
#include "bia/fiber/scheduler.h"

namespace bia {

/// Tells when the files of a configuration may have changed: whatever an editor, `kubectl` (which
/// swaps the link ..data) or a deployment does to them. Watches their folders by inotify, so that
/// files that come, go or are replaced are seen.
class ConfigWatch {
 public:
  ConfigWatch() = default;
  ConfigWatch(ConfigWatch&& other) noexcept;
  ConfigWatch& operator=(ConfigWatch&&) = delete;
  ~ConfigWatch();
  /// Files and folders as in ConfigSources. Needs no scheduler, so that it can stand before the
  /// files are read: what changes from then on is not missed. Errors: kResourceExhausted,
  /// kNotFound.
  static Result<ConfigWatch> create(const std::vector<std::string>& paths);
  /// Suspends until something happened and then nothing for `kQuiet`, so that a file that is being
  /// written in pieces is read once. Errors: kCancelled; kDeadlineExceeded where nothing happened
  /// until then. On a fiber; always of the same thread.
  Result<void> wait(Deadline deadline = Deadline::never());

  static constexpr Duration kQuiet = std::chrono::milliseconds(100);

 private:
  Result<void> take_events(Deadline deadline);
  int fd_ = -1;
  fiber::FdWatch events_;  // made by the first wait()
  bool waiting_ = false;
};

}  // namespace bia
