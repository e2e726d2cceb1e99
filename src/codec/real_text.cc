#include "codec/real_text.h"

#include <algorithm>
#include <cstdint>

namespace bia::codec {

bool is_underflow(std::string_view number, std::chars_format format) {
  const bool hex = format == std::chars_format::hex;
  const size_t e = std::min(number.find_first_of(hex ? "pP" : "eE"), number.size());
  std::string_view power = number.substr(e);
  if (!power.empty()) power.remove_prefix(1);
  if (power.starts_with('+')) power.remove_prefix(1);
  int64_t exponent = 0;
  // An exponent beyond 64 bits is more than any digits make up for.
  if (std::from_chars(power.data(), power.data() + power.size(), exponent).ec ==
      std::errc::result_out_of_range)
    return power.front() == '-';
  const std::string_view digits = number.substr(0, e);
  const size_t first = digits.find_first_not_of("-0.");
  if (first == std::string_view::npos) return true;
  const size_t point = std::min(digits.find('.'), digits.size());
  // Places before the point count from its left, those behind it from its right.
  const int64_t places = first < point ? static_cast<int64_t>(point - first)
                                       : -static_cast<int64_t>(first - point - 1);
  // Far from either edge the sign alone tells them apart; no sum overflows where it is so large.
  constexpr int64_t kFar = int64_t{1} << 40;
  return places * (hex ? 4 : 1) + std::clamp(exponent, -kFar, kFar) < 0;
}

}  // namespace bia::codec
