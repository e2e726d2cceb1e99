#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace bia::js {

/// What QuickJS compiled regular expressions to: each user of a script makes the same ones anew.
/// Knows nothing of runtimes; belongs to one thread.
class RegexpCache {
 public:
  static constexpr size_t kEntriesMax = 256;
  /// Of a pattern and of its code; what is larger is not kept.
  static constexpr size_t kBytesMax = 16 * 1024;

  static RegexpCache& of_thread();

  /// Null where it is not here. Until the next call.
  const std::string* find(std::string_view pattern, int flags);
  void keep(std::string_view pattern, int flags, std::string_view code);
  size_t size() const { return codes_.size(); }

 private:
  /// The last pattern asked for with its flags: the same memory each time.
  const std::string& key(std::string_view pattern, int flags);

  std::string key_;
  std::unordered_map<std::string, std::string> codes_;
};

}  // namespace bia::js
