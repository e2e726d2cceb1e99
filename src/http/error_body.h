#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bia::http {

/// Appends {"code":404,"reason":"…","message":"…","metadata":{}}, as Kratos' errors.Status in JSON;
/// bytes that are no UTF-8 become U+FFFD.
void append_error_json(std::string& out, int status, std::string_view reason,
                       std::string_view message,
                       const std::vector<std::pair<std::string, std::string>>& metadata);

}  // namespace bia::http
