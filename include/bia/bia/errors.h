#pragma once
#include <string>
#include <string_view>

#include "bia/base/error.h"

namespace bia::errors {

// Kratos' standard errors (its package errors). Each travels as it is over HTTP and gRPC: the
// caller's client gives the same code, reason, message and metadata.
Error bad_request(std::string_view reason, std::string message);          ///< 400
Error unauthorized(std::string_view reason, std::string message);         ///< 401
Error forbidden(std::string_view reason, std::string message);            ///< 403
Error not_found(std::string_view reason, std::string message);            ///< 404
Error conflict(std::string_view reason, std::string message);             ///< 409
Error too_many_requests(std::string_view reason, std::string message);    ///< 429
Error client_closed(std::string_view reason, std::string message);        ///< 499
Error internal_server(std::string_view reason, std::string message);      ///< 500
Error service_unavailable(std::string_view reason, std::string message);  ///< 503
Error gateway_timeout(std::string_view reason, std::string message);      ///< 504

bool is_bad_request(const Error& error);
bool is_unauthorized(const Error& error);
bool is_forbidden(const Error& error);
bool is_not_found(const Error& error);
bool is_conflict(const Error& error);
bool is_too_many_requests(const Error& error);
bool is_client_closed(const Error& error);
bool is_internal_server(const Error& error);
bool is_service_unavailable(const Error& error);
bool is_gateway_timeout(const Error& error);

/// True where both the HTTP status and the reason are these; what generated `is_user_not_found`
/// does.
bool is(const Error& error, int http_status, std::string_view reason);

/// For a handler to return: HTTP answers with this Location and status (3xx).
Error redirect(const std::string& location, int http_status = 302);

}  // namespace bia::errors
