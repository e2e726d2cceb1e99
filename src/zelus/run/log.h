#pragma once
#include <memory>
#include <span>
#include <string>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "zelus/options/logger.h"
#include "zelus/run/terminal.h"

namespace zelus::run {

using bia::Result;

enum class LogFormat { kText, kColour, kJson, kRaw };

/// One line as logrus writes it, with its newline. `since_start` is for kColour, `time` (RFC 3339)
/// for the others.
std::string format_log_line(LogFormat format, options::LogLevel level, std::string_view message,
                            std::span<const options::LogField> fields, std::string_view time,
                            std::chrono::seconds since_start);
/// Local time as "2006-01-02T15:04:05Z07:00".
std::string rfc3339_now();

/// k6's log on stderr, stdout, a file, or nowhere.
class Log final : public options::Logger {
 public:
  struct Settings {
    std::string output = "stderr";  ///< --log-output
    std::string format;             ///< --log-format
    bool verbose = false;
    bool no_color = false;
  };
  /// Errors: "unsupported log output 'x'"; a file that cannot be opened; kUnimplemented for loki.
  static Result<std::unique_ptr<Log>> create(const Settings& settings, Terminal& terminal);
  ~Log() override;

  bool enabled(options::LogLevel level) const override { return level >= level_; }
  using options::Logger::log;
  void log(options::LogLevel level, std::string_view message,
           std::span<const options::LogField> fields) override;
  /// --console-output: what scripts log goes to this file instead.
  Result<void> set_console_file(const std::string& path);

 private:
  enum class Output { kStderr, kStdout, kNone, kFile };
  explicit Log(Terminal& terminal) : terminal_(terminal), started_(bia::now()) {}

  Terminal& terminal_;
  bia::TimePoint started_;
  Output output_ = Output::kStderr;
  LogFormat format_ = LogFormat::kText;
  options::LogLevel level_ = options::LogLevel::kInfo;
  options::LogLevel file_level_ = options::LogLevel::kDebug;
  int file_ = -1;
  int console_file_ = -1;
};

}  // namespace zelus::run
