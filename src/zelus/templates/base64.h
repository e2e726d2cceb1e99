#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace zelus::templates {

std::string base32_encode(std::string_view bytes);
/// What was read, or Go's text of what is wrong ("illegal base64 data at input byte 4").
struct Decoded {
  std::string bytes;
  std::string problem;
};
Decoded base64_decode(std::string_view text);
Decoded base32_decode(std::string_view text);

}  // namespace zelus::templates
