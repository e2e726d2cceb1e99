#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace zelus::modules {

struct Utf8Text {
  std::string text;  ///< well formed: what was not is U+FFFD, one for each maximal part (Encoding
                     ///< standard)
  bool bad = false;
  size_t left = 0;  ///< bytes at the end that wait for the rest of their character
};
/// Reads UTF-8. `last`: nothing follows, what is cut short is bad too.
Utf8Text read_utf8(std::string_view bytes, bool last);

}  // namespace zelus::modules
