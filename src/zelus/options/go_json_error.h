#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace zelus::options {

/// What Go's encoding/json says of a text that is no JSON.
struct GoJsonError {
  size_t bytes_read = 0;  ///< Go's SyntaxError.Offset
  std::string text;
};
/// Nullopt where the text is JSON.
std::optional<GoJsonError> go_json_error(std::string_view text);

}  // namespace zelus::options
