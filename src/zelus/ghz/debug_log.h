#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace zelus::ghz {

/// One line of the file of --debug: {"level":…,"time":…,"message":…, what was added}.
class DebugLine {
 public:
  DebugLine(std::string_view level, std::string_view message);
  DebugLine& text(std::string_view key, std::string_view value);
  DebugLine& number(std::string_view key, int64_t value);
  DebugLine& seconds(std::string_view key, int64_t nanos);
  /// Null where `value` is empty.
  DebugLine& error(std::string_view key, std::string_view value);
  DebugLine& json(std::string_view key, std::string_view value);
  std::string finish() const { return line_ + "}\n"; }

 private:
  void key(std::string_view name);
  std::string line_;
};

/// ghz's debug log: its messages and keys, as zap writes them. Of each message the first 100 in a
/// second are written and then every 100th (zap's own sampling), for each thread. Belongs to one
/// thread; others write the same file through their own `another`.
class DebugLog {
 public:
  /// Appends to the file; "stdout" and "stderr" are those. Errors: kPermissionDenied with zap's
  /// text.
  static bia::Result<std::unique_ptr<DebugLog>> open(const std::string& path);
  explicit DebugLog(int file) : file_(file) {}
  ~DebugLog();
  DebugLog(const DebugLog&) = delete;
  DebugLog& operator=(const DebugLog&) = delete;
  std::unique_ptr<DebugLog> another() const;

  /// False where the sampling leaves this one out. Asked once for each line.
  bool wants(std::string_view message);
  void write(const DebugLine& line);

 private:
  struct Count {
    std::chrono::steady_clock::time_point second;
    uint64_t lines = 0;
  };
  int file_;
  std::map<std::string, Count, std::less<>> counts_;
};

}  // namespace zelus::ghz
