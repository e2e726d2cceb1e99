// layer: grpc
// Messages cut out of a stream of bytes, and the small parsers of gRPC's headers: however the bytes
// are cut, the messages are the same.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/assert.h"
#include "grpc/proto_wire.h"
#include "grpc/wire.h"

namespace {

using bia::grpc::MessageReader;

constexpr size_t kMessageBytesMax = 1 << 16;

MessageReader::State read_all(std::string_view bytes, size_t cut,
                              std::vector<std::string>& messages) {
  MessageReader reader;
  for (;;) {
    std::string_view message;
    MessageReader::State state = reader.front(kMessageBytesMax, &message);
    if (state == MessageReader::State::kMessage) {
      messages.emplace_back(message);
      reader.pop();
      continue;
    }
    if (state != MessageReader::State::kIncomplete) return state;
    if (bytes.empty()) return state;
    BIA_ASSERT(reader.missing() > 0);
    reader.append(bytes.substr(0, cut));
    bytes.remove_prefix(cut < bytes.size() ? cut : bytes.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<std::string> whole, cut;
  auto a = read_all(bytes, bytes.size() + 1, whole);
  auto b = read_all(bytes, data[0] % 13 + 1u, cut);
  BIA_ASSERT(a == b && whole == cut);

  if (auto timeout = bia::grpc::parse_timeout(bytes)) {
    char buffer[16];
    BIA_ASSERT(bia::grpc::parse_timeout(bia::grpc::format_timeout(*timeout, buffer)).has_value());
  }
  BIA_ASSERT(bia::grpc::percent_decode(bia::grpc::percent_encode(bytes)) == bytes);
  static_cast<void>(bia::grpc::percent_decode(bytes));
  BIA_ASSERT(bia::grpc::base64_decode(bia::grpc::base64_encode(bytes)) == std::string(bytes));
  static_cast<void>(bia::grpc::base64_decode(bytes));
  static_cast<void>(bia::grpc::error_from_status(bia::Code::kUnknown, "", bytes));
  return 0;
}
