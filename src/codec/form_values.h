#pragma once
#include <string>
#include <string_view>

namespace bia::codec {

// One value of a query, by Go's strconv rules. Each returns the text of what is wrong, empty where
// nothing is.
std::string parse_form(std::string_view text, bool& value);
std::string parse_form(std::string_view text, int32_t& value);
std::string parse_form(std::string_view text, int64_t& value);
std::string parse_form(std::string_view text, uint32_t& value);
std::string parse_form(std::string_view text, uint64_t& value);
std::string parse_form(std::string_view text, double& value);
std::string parse_form(std::string_view text, float& value);

}  // namespace bia::codec
