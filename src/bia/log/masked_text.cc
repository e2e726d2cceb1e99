#include "bia/log/masked_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "codec/any_depth.h"

namespace bia {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

bool is_any(const pb::Descriptor& type) { return type.full_name() == "google.protobuf.Any"; }

/// Goes through types only, each once. What extends a message is not known by its type.
bool can_hold_any(const pb::Descriptor& type, std::unordered_set<const pb::Descriptor*>& seen) {
  if (is_any(type) || type.extension_range_count() > 0) return true;
  if (!seen.insert(&type).second) return false;
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::Descriptor* inner = type.field(i)->message_type();
    if (inner && can_hold_any(*inner, seen)) return true;
  }
  return false;
}

bool can_hold_any(const pb::Descriptor& type) {
  thread_local std::unordered_map<const pb::Descriptor*, bool> known;
  if (const auto found = known.find(&type); found != known.end()) return found->second;
  std::unordered_set<const pb::Descriptor*> seen;
  return known[&type] = can_hold_any(type, seen);
}

class Masker {
 public:
  Masker(std::span<const std::string> names, std::span<const std::string> values)
      : names_(names), values_(values) {}

  /// `depth`: how many messages it stands in. Recursive for what an Any holds alone.
  void mask(pb::Message& message, int depth = 0) const {
    std::vector<Part> parts = {{&message, depth}};
    while (!parts.empty()) {
      const Part part = parts.back();
      parts.pop_back();
      mask_fields(*part.message, part.depth, parts);
    }
  }

 private:
  struct Part {
    pb::Message* message;
    int depth;
  };

  /// What the fields hold is left for later, in `parts`.
  void mask_fields(pb::Message& message, int depth, std::vector<Part>& parts) const {
    const pb::Reflection* reflection = message.GetReflection();
    if (is_any(*message.GetDescriptor())) mask_held(message, depth);
    std::vector<const Field*> fields;
    reflection->ListFields(message, &fields);
    const bool entry = message.GetDescriptor()->options().map_entry();
    const Field* key = entry ? message.GetDescriptor()->map_key() : nullptr;
    const bool hidden_entry = key && key->cpp_type() == Field::CPPTYPE_STRING &&
                              names(reflection->GetString(message, key));
    for (const Field* field : fields) {
      if (hidden_entry ? field != key
                       : !entry && (names(field->name()) || names(field->json_name()))) {
        hide(message, field);
      } else if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
        if (!field->is_repeated())
          parts.push_back({reflection->MutableMessage(&message, field), depth + 1});
        for (int i = 0; field->is_repeated() && i < reflection->FieldSize(message, field); ++i)
          parts.push_back({reflection->MutableRepeatedMessage(&message, field, i), depth + 1});
      } else if (field->cpp_type() == Field::CPPTYPE_STRING && !values_.empty()) {
        mask_values(message, field);
      }
    }
  }
  /// ShortDebugString opens what an Any holds, where its type is in the program; of another type
  /// nobody can tell which bytes are secret.
  void mask_held(pb::Message& any, int depth) const {
    const pb::Reflection* reflection = any.GetReflection();
    const Field* url = any.GetDescriptor()->FindFieldByNumber(1);
    const Field* value = any.GetDescriptor()->FindFieldByNumber(2);
    if (reflection->GetString(any, value).empty()) return;
    const std::string name = reflection->GetString(any, url);
    if (depth >= codec::kAnyDepthMax) return hide(any, value);
    const auto* type = pb::DescriptorPool::generated_pool()->FindMessageTypeByName(
        name.substr(name.rfind('/') + 1));
    const std::unique_ptr<pb::Message> held(
        type ? pb::MessageFactory::generated_factory()->GetPrototype(type)->New() : nullptr);
    if (!held || !held->ParsePartialFromString(reflection->GetString(any, value)))
      return hide(any, value);
    mask(*held, depth + 1);
    reflection->SetString(&any, value, held->SerializePartialAsString());
  }
  bool names(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }
  bool is_value(const std::string& text) const {
    return std::find(values_.begin(), values_.end(), text) != values_.end();
  }
  void mask_values(pb::Message& message, const Field* field) const {
    const pb::Reflection* reflection = message.GetReflection();
    if (!field->is_repeated()) {
      if (is_value(reflection->GetString(message, field))) hide(message, field);
      return;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (is_value(reflection->GetRepeatedString(message, field, i)))
        reflection->SetRepeatedString(&message, field, i, "***");
    }
  }
  static void hide(pb::Message& message, const Field* field) {
    const pb::Reflection* reflection = message.GetReflection();
    if (field->cpp_type() != Field::CPPTYPE_STRING) {
      reflection->ClearField(&message, field);
    } else if (!field->is_repeated()) {
      reflection->SetString(&message, field, "***");
    } else {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i)
        reflection->SetRepeatedString(&message, field, i, "***");
    }
  }

  std::span<const std::string> names_;
  std::span<const std::string> values_;
};

}  // namespace

std::string masked_text(const pb::Message& message, std::span<const std::string> names,
                        std::span<const std::string> values) {
  if (names.empty() && values.empty() && !can_hold_any(*message.GetDescriptor()))
    return message.ShortDebugString();
  const std::unique_ptr<pb::Message> copy(message.New());
  copy->CopyFrom(message);
  Masker(names, values).mask(*copy);
  // What cannot be opened it says to stderr, with the caller's text as it is.
  const pb::LogSilencer quiet;
  return copy->ShortDebugString();
}

}  // namespace bia
