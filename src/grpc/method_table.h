#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "bia/grpc/server.h"

namespace bia::grpc {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

/// What a server serves. Filled before it starts, then read by all threads.
class MethodTable {
 public:
  /// Errors: kInvalidArgument for a path that is not "/service/method" or a handler without
  /// function; kAlreadyExists.
  Result<void> add(MethodHandler handler);
  const MethodHandler* find(std::string_view path) const {
    auto found = methods_.find(path);
    return found == methods_.end() ? nullptr : &found->second;
  }
  /// Why `find` found nothing, in grpc-go's words.
  std::string why_unknown(std::string_view path) const;
  const std::unordered_set<std::string, StringHash, std::equal_to<>>& services() const {
    return services_;
  }
  /// Sorted.
  std::vector<std::string> paths() const;

 private:
  std::unordered_map<std::string, MethodHandler, StringHash, std::equal_to<>> methods_;
  std::unordered_set<std::string, StringHash, std::equal_to<>> services_;
};

}  // namespace bia::grpc
