#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace bia::cli {

/// A release: what a tag like "v1.2.3" says.
using Version = std::array<int, 3>;

/// "v1.2.3" or "1.2.3"; false for pre-releases and all else.
bool parse_version(std::string_view text, Version& version);

/// What git prints; its own messages are dropped, and it asks for no password. Blocks. Errors:
/// kUnavailable where it fails, with `what` it was meant to do: "list the tags of X".
Result<std::string> git_output(const std::vector<std::string>& words, std::string_view what);

}  // namespace bia::cli
