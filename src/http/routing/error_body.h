#pragma once
#include <string>
#include <string_view>

#include "bia/base/error.h"

namespace bia::http {

/// Of the answer to an error: its own status where HTTP has such an answer (200 to 599), else 500.
int answer_status(const Error& error);

/// An error's metadata, and as "code" a status of its own that no answer can have.
template <typename Each>
void for_each_metadata(const Error& error, Each&& each) {
  for (const auto& [key, value] : error.metadata()) each(key, value);
  if (const int status = error.http_status(); status != answer_status(error))
    each("code", std::to_string(status));
}

/// Appends {"code":404,"reason":"…","message":"…","metadata":{}}, as Kratos' errors.Status in JSON;
/// bytes that are no UTF-8 become U+FFFD. The one place that writes it.
void append_error_json(std::string& out, const Error& error);
void append_error_json(std::string& out, int status, std::string_view reason,
                       std::string_view message);

/// Of a request whose body stopped coming (RFC 9110 section 15.5.9).
inline Error body_timeout() {
  return Error::from_http(408, "BODY_TIMEOUT", "the request's body did not come in time");
}

}  // namespace bia::http
