#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace zelus::modules {

/// Modules of https:// URLs on disk: by the SHA-256 of what they say, and which of them a URL was
/// last. What cannot be read or written is as if it were not there; blocks, for the start of a run.
class ModuleCache {
 public:
  /// Made at the first `put`; empty: nothing is kept.
  explicit ModuleCache(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }

  /// Nullopt too where the file no longer has the bytes of its name.
  std::optional<std::string> by_hash(std::string_view sha256) const;
  std::optional<std::string> by_url(std::string_view url) const;
  void put(std::string_view url, std::string_view text);

 private:
  std::string content_path(std::string_view sha256) const;
  std::string url_path(std::string_view url) const;
  std::string folder_;
};

}  // namespace zelus::modules
