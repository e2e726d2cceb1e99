#pragma once
#include <string_view>

namespace bia::http {

/// The value of the first line "name: value" of that name; empty where there is none. Each line
/// ends with `end`.
std::string_view find_line(std::string_view lines, std::string_view name, std::string_view end);

/// RFC 9110 section 6.5.1: fields that frame or route a message have no effect behind it, and must
/// not seem to have one.
bool may_trail(std::string_view name);

/// Its value is what its sender proves who they are with: not for other hosts, nor for logs.
bool is_secret_field(std::string_view name);

}  // namespace bia::http
