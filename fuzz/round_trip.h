#pragma once
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/struct.pb.h>

#include <memory>
#include <string>
#include <string_view>

#include "bia/base/assert.h"

/// Reads `text` by `decode(text, message)` into messages with every kind of field, oneofs and maps
/// (struct.proto's), writes what was read by `encode(message, written)`, and reads that again: it
/// is refused at most with an error that `allows(its message)`.
template <typename Decode, typename Encode, typename Allows>
void round_trip(std::string_view text, Decode decode, Encode encode, Allows allows) {
  namespace pb = google::protobuf;
  pb::FieldDescriptorProto field;
  pb::Struct value;
  pb::UninterpretedOption option;
  for (pb::Message* message : std::initializer_list<pb::Message*>{&field, &value, &option}) {
    if (!decode(text, *message).ok()) continue;
    std::string written;
    if (!encode(*message, written).ok()) continue;
    std::unique_ptr<pb::Message> again(message->New());
    auto back = decode(written, *again);
    BIA_ASSERT(back.ok() || allows(back.error().message()));
  }
}
