#pragma once
#include <string>

namespace bia::codec {

/// Reads a document without building anything. Throws a YAML::ParserException, with the place, for
/// what yaml-cpp would take: nesting deeper than `depth_max`, before it recurses so deep itself (up
/// to 432 bytes of stack a level); a quote that nobody closes, which it takes for one that ends
/// with the text, and all behind it for that one value.
void check_yaml(const std::string& text, int depth_max);
/// Of a file, which holds one document: an unclosed quote, and all that follows the document, which
/// yaml-cpp would pass over. Throws a YAML::Exception, for which `explain_yaml` has words.
void check_yaml_file(const std::string& text);

}  // namespace bia::codec
