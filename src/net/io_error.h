#pragma once
#include <string>
#include <string_view>

#include "bia/base/error.h"

namespace bia::net {

/// kUnavailable: "WHAT: Connection refused", with the number in the metadata "errno".
Error io_error(std::string_view what, int error_number);

}  // namespace bia::net
