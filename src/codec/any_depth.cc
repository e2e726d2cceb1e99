#include "codec/any_depth.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

namespace bia::codec {
namespace {

namespace pb = google::protobuf;

/// Null for a type that the program does not have, and for bytes that are none of it.
std::unique_ptr<pb::Message> held_by(const pb::Any& any) {
  const std::string& url = any.type_url();
  const pb::Descriptor* type =
      pb::DescriptorPool::generated_pool()->FindMessageTypeByName(url.substr(url.rfind('/') + 1));
  if (type == nullptr) return nullptr;
  std::unique_ptr<pb::Message> held(
      pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
  return held->ParsePartialFromString(any.value()) ? std::move(held) : nullptr;
}

struct Part {
  const pb::Message* message;
  int depth;
};

/// Adds the messages that the fields of one hold.
void add_held(const Part& part, std::vector<Part>& parts) {
  const pb::Message& message = *part.message;
  const pb::Reflection* reflection = message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      parts.push_back({&reflection->GetMessage(message, field), part.depth + 1});
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i)
      parts.push_back({&reflection->GetRepeatedMessage(message, field, i), part.depth + 1});
  }
}

}  // namespace

// Recursive for what an Any holds alone.
bool anys_are_shallow(const pb::Message& message, int depth) {
  std::vector<Part> parts = {{&message, depth}};
  while (!parts.empty()) {
    const Part part = parts.back();
    parts.pop_back();
    const auto* any = dynamic_cast<const pb::Any*>(part.message);
    if (any == nullptr) {
      add_held(part, parts);
      continue;
    }
    if (part.depth >= kAnyDepthMax) return false;
    const auto held = held_by(*any);
    if (held && !anys_are_shallow(*held, part.depth + 1)) return false;
  }
  return true;
}

}  // namespace bia::codec
