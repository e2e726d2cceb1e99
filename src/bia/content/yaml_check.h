#pragma once
#include <string>

namespace bia {

/// yaml-cpp takes a quote that nobody closes for one that ends with the text, and so all behind it
/// for that one value. Throws a YAML::ParserException in that case, with the place.
void check_yaml_quotes(const std::string& text);

}  // namespace bia
