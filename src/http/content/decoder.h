#pragma once
#include <string>
#include <string_view>

#include "bia/http/filters.h"

namespace bia::http {

/// Appends what `in` unpacks to. `out` never grows above `bytes_max`, however little the input is.
/// Errors: kInvalidArgument BAD_ENCODING for what is not of that coding, cut short, or followed by
/// something else; kOutOfRange BODY_TOO_LARGE (413); kResourceExhausted.
Result<void> decode(Coding coding, std::string_view in, size_t bytes_max, std::string& out);

}  // namespace bia::http
