#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/error.h"

namespace bia::http {

/// Appends {"code":404,"reason":"…","message":"…","metadata":{}}, as Kratos' errors.Status in JSON;
/// bytes that are no UTF-8 become U+FFFD.
void append_error_json(std::string& out, int status, std::string_view reason,
                       std::string_view message,
                       const std::vector<std::pair<std::string, std::string>>& metadata);

/// Of a request whose body stopped coming (RFC 9110 section 15.5.9).
inline Error body_timeout() {
  return Error::from_http(408, "BODY_TIMEOUT", "the request's body did not come in time");
}

}  // namespace bia::http
