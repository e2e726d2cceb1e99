#pragma once
#include <limits>
#include <string>

namespace bia {

/// Reads a document without building anything. Throws a YAML::ParserException, with the place, for
/// what yaml-cpp would take: nesting deeper than `depth_max`, before it recurses so deep itself (up
/// to 432 bytes of stack a level); a quote that nobody closes, which it takes for one that ends
/// with the text, and all behind it for that one value.
void check_yaml(const std::string& text, int depth_max = std::numeric_limits<int>::max());

}  // namespace bia
