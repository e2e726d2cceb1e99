#include "zelus/run/go_error.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace zelus::run {

std::string go_words(std::string text) {
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a')
    text[0] = static_cast<char>(text[0] | 0x20);
  return text;
}

std::string go_errno(int number) { return go_words(std::strerror(number)); }

std::string go_open_error(std::string_view path) {
  return fmt::format("open {}: {}", path, go_errno(errno));
}

}  // namespace zelus::run
