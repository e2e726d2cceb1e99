#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace bia {

/// Appends the text as a JSON string with its quotes. Escapes as protojson does: `"`, `\` and
/// control characters, nothing else; bytes that are not UTF-8 become U+FFFD, so that the answer is
/// always JSON. False where there were such bytes.
bool append_json_string(std::string& out, std::string_view text);
/// Without the quotes; for text that has something to escape or is not ASCII.
bool append_json_escaped(std::string& out, std::string_view text);
/// True where all bytes can stand in a JSON string as they are.
bool is_plain_ascii(const char* data, size_t size);

}  // namespace bia
