#include "bia/masked_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace bia {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

class Masker {
 public:
  Masker(std::span<const std::string> names, std::span<const std::string> values)
      : names_(names), values_(values) {}

  void mask(pb::Message& message) const {
    const pb::Reflection* reflection = message.GetReflection();
    if (message.GetDescriptor()->full_name() == "google.protobuf.Any") mask_held(message);
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
        if (!field->is_repeated()) mask(*reflection->MutableMessage(&message, field));
        for (int i = 0; field->is_repeated() && i < reflection->FieldSize(message, field); ++i)
          mask(*reflection->MutableRepeatedMessage(&message, field, i));
      } else if (field->cpp_type() == Field::CPPTYPE_STRING && !values_.empty()) {
        mask_values(message, field);
      }
    }
  }

 private:
  /// ShortDebugString opens what an Any holds, where its type is in the program; of another type
  /// nobody can tell which bytes are secret.
  void mask_held(pb::Message& any) const {
    const pb::Reflection* reflection = any.GetReflection();
    const Field* url = any.GetDescriptor()->FindFieldByNumber(1);
    const Field* value = any.GetDescriptor()->FindFieldByNumber(2);
    if (reflection->GetString(any, value).empty()) return;
    const std::string name = reflection->GetString(any, url);
    const auto* type = pb::DescriptorPool::generated_pool()->FindMessageTypeByName(
        name.substr(name.rfind('/') + 1));
    const std::unique_ptr<pb::Message> held(
        type ? pb::MessageFactory::generated_factory()->GetPrototype(type)->New() : nullptr);
    if (!held || !held->ParsePartialFromString(reflection->GetString(any, value)))
      return hide(any, value);
    mask(*held);
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
  const std::unique_ptr<pb::Message> copy(message.New());
  copy->CopyFrom(message);
  Masker(names, values).mask(*copy);
  return copy->ShortDebugString();
}

}  // namespace bia
