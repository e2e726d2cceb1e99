#pragma once
#include <cstdint>
#include <functional>
#include <string_view>

namespace bia::http {

/// What a server refused, for its log: nothing of the payload.
struct Refusal {
  enum class Of : uint8_t { kConnection, kRequest, kCall, kMessage } of = Of::kConnection;
  /// As it is counted: "full", "TLS_NOT_TLS", "rapid_reset", "BAD_CHUNK", …
  std::string_view reason;
  int status = 0;  ///< HTTP's; 0: none
  int fd = -1;     ///< of the connection, still open
};

/// Called on the server's threads, once a refusal; must not suspend, and has to bound what it makes
/// of it.
using RefusalHook = std::function<void(const Refusal&)>;

}  // namespace bia::http
