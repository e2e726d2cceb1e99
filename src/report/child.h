#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"

namespace report {

/// A program that this one started. Ends with it: the destructor sends SIGTERM, waits `kStopWait`,
/// then kills.
class Child {
 public:
  struct Options {
    std::vector<std::string> arguments;    ///< The program and its arguments.
    std::string output_path;               ///< Gets stdout and stderr; empty: discarded.
    std::string error_path;                ///< Gets stderr where it is set.
    std::vector<int> cpus;                 ///< May run on these only; empty: on all.
    std::vector<std::string> environment;  ///< "NAME=value" beyond the inherited ones.
    std::string folder;                    ///< Working folder; empty: this one's.
  };
  static constexpr bia::Duration kStopWait = std::chrono::seconds(10);

  /// Errors: kNotFound where the program cannot be run, kResourceExhausted.
  static bia::Result<Child> start(const Options& options);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  /// The exit code (128 + signal where one ended it), nullopt while it runs. Never blocks.
  std::optional<int> poll();
  /// Suspends until it has ended.
  int wait();
  void send(int signal);
  /// CPU seconds it used; known once it has ended.
  double cpu_seconds() const { return cpu_seconds_; }

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_ = 0;
  std::optional<int> exit_;
  double cpu_seconds_ = 0;
};

}  // namespace report
