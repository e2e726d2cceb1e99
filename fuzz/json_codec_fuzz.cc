// layer: codec
// JSON texts through the reader, and through the table of google.protobuf.Struct, Type and the
// wrappers to the wire and back; and the same bytes as wire.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/assert.h"
#include "bia/codec/json_reader.h"
#include "bia/codec/proto_source.h"
#include "bia/codec/wire_table.h"

namespace {

using namespace bia::codec;

const std::vector<std::shared_ptr<const WireTable>>& tables() {
  static const auto* made = [] {
    static auto source = ProtoSource::from_files(
        {"google/protobuf/struct.proto", "google/protobuf/type.proto",
         "google/protobuf/timestamp.proto", "google/protobuf/duration.proto",
         "google/protobuf/field_mask.proto", "google/protobuf/wrappers.proto",
         "google/protobuf/descriptor.proto"},
        {"/nonexistent"});
    BIA_ASSERT(source.ok());
    auto* list = new std::vector<std::shared_ptr<const WireTable>>();
    for (const char* name :
         {"Struct", "Value", "Type", "Enum", "Timestamp", "Duration", "FieldMask", "Int64Value",
          "DoubleValue", "BytesValue", "FileDescriptorProto"}) {
      auto table =
          WireTable::create((*source)->find_message(std::string("google.protobuf.") + name));
      BIA_ASSERT(table.ok());
      list->push_back(*table);
    }
    return list;
  }();
  return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  JsonReader reader(text);
  bool skipped = reader.skip();
  bool read = reader.finish().ok();
  BIA_ASSERT(!read || skipped);
  for (const auto& table : tables()) {
    std::string wire;
    std::string json;
    if (table->json_to_wire(text, wire, UnknownFields::kDiscard).ok()) {
      BIA_ASSERT(read);
      if (table->wire_to_json(wire, json).ok()) {
        std::string again;
        std::string json_again;
        auto back = table->json_to_wire(json, again);
        BIA_ASSERT(back.ok());
        BIA_ASSERT(table->wire_to_json(again, json_again).ok());
        BIA_ASSERT(json == json_again);
      }
    }
    json.clear();
    table->wire_to_json(text, json).ignore("any bytes may come");
  }
  return 0;
}
