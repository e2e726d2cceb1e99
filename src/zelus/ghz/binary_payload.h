#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace zelus::ghz {

/// Messages each after its length (a varint); where the bytes are no such sequence, one message.
/// Errors: kInvalidArgument for what is no message either.
bia::Result<std::vector<std::string>> binary_messages(std::string_view bytes);

}  // namespace zelus::ghz
