#pragma once
#include <algorithm>
#include <cstddef>

#include "bia/base/error.h"
#include "bia/http/message.h"

namespace bia::http {

/// Longer bodies are refused whoever would read them.
inline size_t body_bytes_most(const Limits& limits) {
  return std::max(limits.body_bytes_max, limits.body_bytes_asked_max);
}

/// What a reader gets that asks for up to `asked` bytes (`ServerRequest::body_up_to`).
inline size_t body_bytes_allowed(const Limits& limits, size_t asked) {
  return asked == 0 ? limits.body_bytes_max : std::min(asked, body_bytes_most(limits));
}

inline Error body_too_large() {
  return Error::from_http(
      413, "BODY_TOO_LARGE",
      "the body is longer than the limit; server.http.body_bytes_max raises it");
}

}  // namespace bia::http
