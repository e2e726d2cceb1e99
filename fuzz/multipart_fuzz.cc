// layer: codec
// Multipart bodies into messages with text, numbers, lists and bytes.
#include <google/protobuf/descriptor.pb.h>

#include <cstdint>
#include <string_view>

#include "bia/base/assert.h"
#include "bia/codec/form.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia::codec;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  google::protobuf::FieldDescriptorProto field;
  google::protobuf::UninterpretedOption option;
  decode_multipart(text, "b", field).ignore("any text may come");
  decode_multipart(text, "b", option).ignore("any text may come");
  BIA_ASSERT(option.string_value().size() <= size);
  return 0;
}
