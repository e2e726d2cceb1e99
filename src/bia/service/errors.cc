#include "bia/bia/errors.h"

#include <utility>

#include "bia/service/service_http.h"

namespace bia::errors {

Error bad_request(std::string_view reason, std::string message) {
  return Error::from_http(400, reason, std::move(message));
}
Error unauthorized(std::string_view reason, std::string message) {
  return Error::from_http(401, reason, std::move(message));
}
Error forbidden(std::string_view reason, std::string message) {
  return Error::from_http(403, reason, std::move(message));
}
Error not_found(std::string_view reason, std::string message) {
  return Error::from_http(404, reason, std::move(message));
}
Error conflict(std::string_view reason, std::string message) {
  return Error::from_http(409, reason, std::move(message));
}
Error too_many_requests(std::string_view reason, std::string message) {
  return Error::from_http(429, reason, std::move(message));
}
Error client_closed(std::string_view reason, std::string message) {
  return Error::from_http(499, reason, std::move(message));
}
Error internal_server(std::string_view reason, std::string message) {
  return Error::from_http(500, reason, std::move(message));
}
Error service_unavailable(std::string_view reason, std::string message) {
  return Error::from_http(503, reason, std::move(message));
}
Error gateway_timeout(std::string_view reason, std::string message) {
  return Error::from_http(504, reason, std::move(message));
}

bool is_bad_request(const Error& error) { return error.http_status() == 400; }
bool is_unauthorized(const Error& error) { return error.http_status() == 401; }
bool is_forbidden(const Error& error) { return error.http_status() == 403; }
bool is_not_found(const Error& error) { return error.http_status() == 404; }
bool is_conflict(const Error& error) { return error.http_status() == 409; }
bool is_too_many_requests(const Error& error) { return error.http_status() == 429; }
bool is_client_closed(const Error& error) { return error.http_status() == 499; }
bool is_internal_server(const Error& error) { return error.http_status() == 500; }
bool is_service_unavailable(const Error& error) { return error.http_status() == 503; }
bool is_gateway_timeout(const Error& error) { return error.http_status() == 504; }

bool is(const Error& error, int http_status, std::string_view reason) {
  return error.http_status() == http_status && error.reason() == reason;
}

Error redirect(const std::string& location, int http_status) {
  return Error::from_http(http_status, "REDIRECT", "see " + location)
      .with_metadata(std::string(kRedirectLocation), location);
}

}  // namespace bia::errors
