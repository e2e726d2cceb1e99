#pragma once
#include <string>
#include <string_view>

namespace bia::codec {

/// Go's strconv.Quote, for error texts; text that is not UTF-8 is shown byte by byte.
std::string go_quote(std::string_view text);

}  // namespace bia::codec
