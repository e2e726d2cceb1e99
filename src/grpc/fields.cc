#include "grpc/fields.h"

#include <algorithm>

#include "base/text.h"
#include "grpc/wire.h"

namespace bia::grpc {

bool is_metadata(std::string_view key, std::string_view value) {
  if (!is_valid_metadata_key(key) || is_reserved_header(key)) return false;
  // PROTOCOL-HTTP2.md: ASCII-Value is spaces and printable characters.
  return is_binary_key(key) ||
         std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool add_metadata(Metadata& into, std::string_view key, std::string_view value) {
  std::string name = lower_case(key);
  if (!is_metadata(name, value)) return false;
  std::string text = is_binary_key(name) ? base64_encode(value) : std::string(value);
  into.emplace_back(std::move(name), std::move(text));
  return true;
}

}  // namespace bia::grpc
