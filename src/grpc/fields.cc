#include "grpc/fields.h"

#include <algorithm>

#include "grpc/wire.h"

namespace bia::grpc {

bool add_metadata(Metadata& into, std::string_view key, std::string_view value) {
  std::string name(key);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (!is_valid_metadata_key(name) || is_reserved_header(name)) return false;
  if (is_binary_key(name)) {
    into.emplace_back(std::move(name), base64_encode(value));
    return true;
  }
  // PROTOCOL-HTTP2.md: ASCII-Value is spaces and printable characters.
  bool printable =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable) return false;
  into.emplace_back(std::move(name), value);
  return true;
}

}  // namespace bia::grpc
