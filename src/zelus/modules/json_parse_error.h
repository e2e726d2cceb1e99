#pragma once
#include <string>
#include <string_view>

namespace zelus::modules {

/// What k6's JSON.parse says of a text that is no JSON, which it reads token by token with Go's
/// decoder; empty for JSON.
std::string json_parse_error(std::string_view text);

}  // namespace zelus::modules
