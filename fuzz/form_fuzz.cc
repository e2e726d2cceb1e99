// layer: codec
// Queries into a message with every kind of field (descriptor.proto's and struct.proto's), and back
// out.
#include <google/protobuf/api.pb.h>
#include <google/protobuf/descriptor.pb.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/assert.h"
#include "bia/codec/form.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia::codec;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  google::protobuf::FieldDescriptorProto field;
  google::protobuf::Api api;
  google::protobuf::UninterpretedOption option;
  for (google::protobuf::Message* message : {static_cast<google::protobuf::Message*>(&field),
                                             static_cast<google::protobuf::Message*>(&api),
                                             static_cast<google::protobuf::Message*>(&option)}) {
    if (!decode_form(text, *message).ok()) continue;
    auto encoded = encode_form(*message);
    if (!encoded.ok()) continue;
    std::unique_ptr<google::protobuf::Message> again(message->New());
    auto back = decode_form(*encoded, *again);
    BIA_ASSERT(back.ok());
  }
  bind_path_field(text, "number", field).ignore("any text may come");
  return 0;
}
