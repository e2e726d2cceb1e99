#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace zelus::run {

/// A tar in the ustar format (POSIX.1-1988), with pax headers for long names (POSIX.1-2001).
class TarWriter {
 public:
  explicit TarWriter(int64_t unix_seconds) : time_(unix_seconds) {}
  void add_file(std::string_view name, std::string_view bytes);
  void add_folder(std::string_view name);
  /// Another name of a file that was added.
  void add_link(std::string_view name, std::string_view target);
  /// With its end; nothing can be added after.
  std::string take();

 private:
  void add_header(std::string_view name, char kind, size_t size, std::string_view target,
                  uint32_t mode);
  int64_t time_;
  std::string bytes_;
};

/// Whether these are the first bytes of a tar.
bool is_tar(std::string_view bytes);

/// The files of a tar by name, links among them as copies; folders are left out. Errors:
/// kInvalidArgument for what is cut off or no tar.
bia::Result<std::map<std::string, std::string>> read_tar(std::string_view bytes);

}  // namespace zelus::run
