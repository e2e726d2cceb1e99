#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"

namespace bia {

/// Where spans go.
struct TracingEndpoint {
  bool grpc = false;
  bool secure = false;
  std::string host;  ///< without the brackets of an IPv6 address
  uint16_t port = 0;
  std::string target;  ///< "/v1/traces"
  /// For logs: "https://otlp.example:443". What follows may hold a key.
  std::string shown;

  /// Errors: kInvalidArgument, whose text has nothing of a user or a query.
  static Result<TracingEndpoint> parse(std::string_view text);
  /// "otlp.example:443"
  std::string authority() const;
};

/// Errors: kInvalidArgument for a name or value that HTTP or gRPC cannot send, and for names that
/// are the protocol's own. They show neither: what is wrong may be a token.
Result<void> check_tracing_headers(const std::vector<std::pair<std::string, std::string>>& headers);

}  // namespace bia
