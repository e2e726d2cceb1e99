#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace zelus::templates {

/// Go's strconv.Unquote of "…", '…' or `…`; nullopt where it is "invalid syntax".
std::optional<std::string> go_unquote(std::string_view quoted);

}  // namespace zelus::templates
