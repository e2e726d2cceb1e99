#pragma once
#include <initializer_list>
#include <span>
#include <string_view>

namespace zelus::options {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view key;
  std::string_view value;
};

/// k6's log (parity/k6.md 2.2): `time="…" level=info msg="…" source=console`, or what --log-format
/// asks for. Any thread may write. The command line implements it; fields are printed in the order
/// given.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual bool enabled(LogLevel level) const = 0;
  virtual void log(LogLevel level, std::string_view message, std::span<const LogField> fields) = 0;

  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(level, message, std::span<const LogField>(fields.begin(), fields.size()));
  }
};

}  // namespace zelus::options
