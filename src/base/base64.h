#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace bia {

/// RFC 4648: section 4's digits ("+/") or section 5's for URLs and file names ("-_"), with padding
/// or (raw) without.
enum class Base64 : uint8_t { kStandard, kRawStandard, kUrl, kRawUrl };

void append_base64(std::string& out, std::string_view bytes, Base64 form = Base64::kStandard);
inline std::string base64_encode(std::string_view bytes, Base64 form = Base64::kStandard) {
  std::string out;
  append_base64(out, bytes, form);
  return out;
}

/// Which digits a reader takes.
enum class Base64Digits : uint8_t { kStandard, kUrl, kEither };

/// 0 to 63; -1 for a character that is no digit.
int base64_digit(char c, Base64Digits digits);

/// Appends what the digits of `text` stand for. It takes nothing but digits: the caller cuts off
/// the padding that it allows. Bits left over in the last digit may be anything. False, and
/// nothing appended, for another character and where one digit is left over.
bool append_base64_decoded(std::string& out, std::string_view text, Base64Digits digits);

}  // namespace bia
