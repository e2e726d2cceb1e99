#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zelus::modules {

/// What Go lets into a cookie's value: printable ASCII but `"`, `;` and `\`.
bool is_cookie_byte(char c);
/// A token of RFC 9110, as names of cookies are.
bool is_cookie_name(std::string_view text);
/// Takes the quotes off; false for a value that Go refuses.
bool read_cookie_value(std::string_view text, std::string_view& value);

/// Appends "; name=value" to a Cookie field as Go writes it: bytes that a value may not have are
/// left out, one with a blank or a comma is quoted. `dropped` is set to the first byte left out,
/// quoted as Go shows it; empty where there is none.
void append_cookie(std::string& line, std::string_view name, std::string_view value,
                   std::string& dropped);

/// The cookies that Go reads in a Cookie field.
std::vector<std::pair<std::string, std::string>> read_cookie_line(std::string_view line);

}  // namespace zelus::modules
