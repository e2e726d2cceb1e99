#include "grpc/method_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace bia::grpc {

Result<void> MethodTable::add(MethodHandler handler) {
  std::string path = handler.path;
  size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0 || slash + 1 == path.size()) {
    return Error(Code::kInvalidArgument, "BAD_METHOD",
                 fmt::format("gRPC method path \"{}\" is not \"/package.Service/Method\"", path));
  }
  if (!handler.unary == !handler.stream) {
    return Error(Code::kInvalidArgument, "BAD_METHOD",
                 fmt::format("gRPC method {} needs either a unary or a stream handler", path));
  }
  services_.emplace(path.substr(1, slash - 1));
  if (!methods_.emplace(path, std::move(handler)).second) {
    return Error(Code::kAlreadyExists, "METHOD_EXISTS",
                 fmt::format("gRPC method {} is served already", path));
  }
  return {};
}

std::vector<std::string> MethodTable::paths() const {
  std::vector<std::string> all;
  for (const auto& [path, handler] : methods_) all.push_back(path);
  std::sort(all.begin(), all.end());
  return all;
}

std::string MethodTable::why_unknown(std::string_view path) const {
  size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0)
    return fmt::format("malformed method name: \"{}\"", path);
  std::string_view service = path.substr(1, slash - 1);
  if (services_.contains(service))
    return fmt::format("unknown method {} for service {}", path.substr(slash + 1), service);
  return fmt::format("unknown service {}", service);
}

}  // namespace bia::grpc
