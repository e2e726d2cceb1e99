#pragma once
#include <filesystem>

#include "bia/base/result.h"

namespace bia::cli {

/// A new folder of this user's alone, with a name that nobody can know beforehand; removed with its
/// contents at the end.
class TempFolder {
 public:
  static Result<TempFolder> create();
  TempFolder(TempFolder&& other) noexcept;
  TempFolder& operator=(TempFolder&&) = delete;
  ~TempFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TempFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace bia::cli
