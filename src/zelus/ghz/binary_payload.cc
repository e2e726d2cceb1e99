// -b and -B: what ghz's dataProvider makes of bytes.
#include "zelus/ghz/binary_payload.h"

#include "codec/wire_format.h"
#include "grpc/proto_wire.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;

/// True for fields that fill the bytes exactly.
bool is_message(std::string_view bytes) {
  bia::grpc::FieldReader fields(bytes);
  while (fields.next()) {
  }
  return fields.ok();
}

}  // namespace

Result<std::vector<std::string>> binary_messages(std::string_view bytes) {
  std::vector<std::string> messages;
  for (bia::codec::WireReader rest(bytes); !rest.done();) {
    std::string_view message;
    if (!rest.bytes(message) || !is_message(message)) {
      messages.clear();
      break;
    }
    messages.emplace_back(message);
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
