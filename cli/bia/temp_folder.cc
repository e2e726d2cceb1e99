#include "temp_folder.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace bia::cli {

namespace fs = std::filesystem;

Result<TempFolder> TempFolder::create() {
  std::error_code error;
  std::string pattern = (fs::temp_directory_path(error) / "bia-XXXXXX").string();
  if (error || mkdtemp(pattern.data()) == nullptr)
    return Error(Code::kPermissionDenied, "TEMP",
                 fmt::format("cannot make the folder {}: {}", pattern,
                             error ? error.message() : std::strerror(errno)))
        .with_hint("set TMPDIR to a folder that may be written to");
  return TempFolder(pattern);
}

TempFolder::TempFolder(TempFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TempFolder::~TempFolder() {
  std::error_code error;
  if (!path_.empty()) fs::remove_all(path_, error);
}

}  // namespace bia::cli
