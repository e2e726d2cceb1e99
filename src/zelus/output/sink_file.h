#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace zelus::output {

/// Where json and csv write: a file, a file compressed by gzip (name ends with ".gz"), or standard
/// output ("" or "-"). `write` and `close` suspend: the work is done by helper threads.
class SinkFile {
 public:
  /// Truncates the file. Errors: Go's text, "open /nonexist/x: no such file or directory".
  static bia::Result<std::unique_ptr<SinkFile>> open(
      const std::string& name, std::function<void(std::string_view)> write_stdout);
  virtual ~SinkFile() = default;
  bia::Result<void> write(std::string_view text);
  /// Blocks: for who is on a helper thread already.
  virtual bia::Result<void> write_here(std::string_view text) = 0;
  virtual bia::Result<void> close() = 0;

  static bool is_stdout(std::string_view name) { return name.empty() || name == "-"; }
};

}  // namespace zelus::output
