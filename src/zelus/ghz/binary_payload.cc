// -b and -B: what ghz's dataProvider makes of bytes.
#include "zelus/ghz/binary_payload.h"

#include <cstdint>

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;

/// A base-128 varint (protobuf's encoding) at the front of `bytes`, taken off; false where there is
/// none.
bool take_varint(std::string_view& bytes, uint64_t& value) {
  value = 0;
  for (size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

/// True for fields that fill the bytes exactly.
bool is_message(std::string_view bytes) {
  while (!bytes.empty()) {
    uint64_t tag = 0, size = 0;
    if (!take_varint(bytes, tag) || tag >> 3 == 0 || tag >> 3 > 536'870'911) return false;
    switch (tag & 7) {
      case 0:
        if (!take_varint(bytes, size)) return false;
        continue;
      case 1:
        size = 8;
        break;
      case 2:
        if (!take_varint(bytes, size)) return false;
        break;
      case 5:
        size = 4;
        break;
      default:
        return false;
    }
    if (size > bytes.size()) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

}  // namespace

Result<std::vector<std::string>> binary_messages(std::string_view bytes) {
  std::vector<std::string> messages;
  for (std::string_view rest = bytes; !rest.empty();) {
    uint64_t size = 0;
    const bool whole =
        take_varint(rest, size) && size <= rest.size() && is_message(rest.substr(0, size));
    if (!whole) {
      messages.clear();
      break;
    }
    messages.emplace_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  if (!messages.empty()) return messages;
  if (!is_message(bytes)) {
    return Error(Code::kInvalidArgument, "BAD_DATA",
                 "error creating message from data: the bytes are neither a serialized message nor "
                 "a sequence of them, each after its length");
  }
  messages.emplace_back(bytes);
  return messages;
}

}  // namespace zelus::ghz
