// layer: bia
// YAML bodies into messages with every kind of field, oneofs and maps (struct.proto's), and back
// out.
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/struct.pb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bia/base/assert.h"
#include "bia/yaml_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  google::protobuf::FieldDescriptorProto field;
  google::protobuf::Struct value;
  google::protobuf::UninterpretedOption option;
  for (google::protobuf::Message* message : {static_cast<google::protobuf::Message*>(&field),
                                             static_cast<google::protobuf::Message*>(&value),
                                             static_cast<google::protobuf::Message*>(&option)}) {
    if (!decode_yaml(text, *message).ok()) continue;
    std::string written;
    if (!encode_yaml(*message, written).ok()) continue;
    // A struct's values lie three deep in YAML for one in the message.
    std::unique_ptr<google::protobuf::Message> again(message->New());
    auto back = decode_yaml(written, *again);
    BIA_ASSERT(back.ok() || back.error().message().find("deep") != std::string::npos ||
               back.error().message().find("aliases") != std::string::npos);
  }
  return 0;
}
