#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace zelus::modules {

/// What `response.ocsp` tells; times in seconds since 1970.
struct OcspAnswer {
  int64_t produced_at = 0, this_update = 0, next_update = 0, revoked_at = 0;
  std::string revocation_reason;
  std::string status;  ///< "good", "revoked", "unknown"
};

/// Of a stapled answer (RFC 6960, DER) as k6 reads it: "unknown" and nothing else for what is none,
/// and about one certificate only.
OcspAnswer read_ocsp(std::string_view der);

}  // namespace zelus::modules
