#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bia::http {

struct HpackField {
  std::string_view name, value;
};

/// RFC 7541 appendix A; index 1 is element 0.
extern const std::array<HpackField, 61> kHpackStatic;

/// Appends the decoded bytes (RFC 7541 section 5.2). False for the EOS symbol, and for padding that
/// is longer than 7 bits or not all ones.
bool decode_huffman(std::string_view bytes, std::string& into);

}  // namespace bia::http
