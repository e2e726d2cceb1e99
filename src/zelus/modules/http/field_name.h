#pragma once
#include <string>
#include <string_view>

namespace zelus::modules {

/// Go's CanonicalMIMEHeaderKey.
inline std::string canonical(std::string_view name) {
  std::string out(name);
  bool upper = true;
  for (char& c : out) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c & ~0x20);
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    upper = c == '-';
  }
  return out;
}

}  // namespace zelus::modules
