#pragma once
#include <string>
#include <string_view>

namespace zelus::run {

/// Go's words of a failed system call: "no such file or directory".
std::string go_errno(int number);
/// "open PATH: " and those of `errno`.
std::string go_open_error(std::string_view path);
/// A text of the C library as Go has it: in lower case.
std::string go_words(std::string text);

}  // namespace zelus::run
