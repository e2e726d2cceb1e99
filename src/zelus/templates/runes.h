#pragma once
#include <string>
#include <string_view>

namespace zelus::templates {

/// U+FFFD for a byte that begins no UTF-8, as Go reads it; `at` moves behind it.
char32_t next_rune(std::string_view text, size_t& at);
void append_rune(std::string& out, char32_t rune);
size_t rune_count(std::string_view text);
std::u32string runes_of(std::string_view text);
std::string text_of(std::u32string_view runes);

// Go's unicode package, by the C library's tables.
bool is_space(char32_t rune);
bool is_upper(char32_t rune);
bool is_lower(char32_t rune);
bool is_letter(char32_t rune);
bool is_digit(char32_t rune);
bool is_punct(char32_t rune);
char32_t to_upper(char32_t rune);
char32_t to_lower(char32_t rune);
std::string upper_text(std::string_view text);
std::string lower_text(std::string_view text);
/// Without Unicode's white space at both ends.
std::string_view trim_runes(std::string_view text);

}  // namespace zelus::templates
