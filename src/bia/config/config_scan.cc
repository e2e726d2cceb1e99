#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message.h>
#include <google/protobuf/wire_format_lite.h>

#include <limits>
#include <span>
#include <vector>

#include "bia/config/config_node.h"

namespace bia::config_detail {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Node = Config::Node;

std::string join(std::string_view key, std::string_view name) {
  return key.empty() ? std::string(name) : fmt::format("{}.{}", key, name);
}

/// Where a value goes: a field of a message, or its next element.
struct Slot {
  Message& message;
  const FieldDescriptor* field;

  template <typename T>
  void store(void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
             void (Reflection::*add)(Message*, const FieldDescriptor*, T) const, T value) const {
    (message.GetReflection()->*(field->is_repeated() ? add : set))(&message, field,
                                                                   std::move(value));
  }
};

Result<int32_t> to_int32(const Node& node, std::string_view key) {
  const int64_t value = BIA_TRY(to_integer(node, key));
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    return error_at(node, fmt::format("{} does not fit 32 bits", key));
  }
  return int32_t(value);
}

Result<uint32_t> to_uint32(const Node& node, std::string_view key) {
  const uint64_t value = BIA_TRY(to_unsigned(node, key));
  if (value > std::numeric_limits<uint32_t>::max())
    return error_at(node, fmt::format("{} does not fit 32 bits", key));
  return uint32_t(value);
}

Result<void> scan_enum(const Node& node, std::string_view key, const Slot& slot) {
  const auto* type = slot.field->enum_type();
  const auto* value = node.kind == Node::Kind::kScalar ? type->FindValueByName(node.text) : nullptr;
  if (!value) {
    std::string names;
    for (int i = 0; i < type->value_count(); ++i)
      names.append(i ? ", " : "").append(type->value(i)->name());
    return error_at(node, fmt::format("{} is none of {}", key, names));
  }
  slot.store(&Reflection::SetEnumValue, &Reflection::AddEnumValue, value->number());
  return {};
}

Result<void> scan_value(const Node& node, std::string_view key, const Slot& slot) {
  switch (slot.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      slot.store(&Reflection::SetInt32, &Reflection::AddInt32, BIA_TRY(to_int32(node, key)));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      slot.store(&Reflection::SetInt64, &Reflection::AddInt64, BIA_TRY(to_integer(node, key)));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      slot.store(&Reflection::SetUInt32, &Reflection::AddUInt32, BIA_TRY(to_uint32(node, key)));
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      slot.store(&Reflection::SetUInt64, &Reflection::AddUInt64, BIA_TRY(to_unsigned(node, key)));
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      slot.store(&Reflection::SetDouble, &Reflection::AddDouble, BIA_TRY(to_real(node, key)));
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      slot.store(&Reflection::SetFloat, &Reflection::AddFloat, float(BIA_TRY(to_real(node, key))));
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      slot.store(&Reflection::SetBool, &Reflection::AddBool, BIA_TRY(to_boolean(node, key)));
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      return scan_enum(node, key, slot);
    case FieldDescriptor::CPPTYPE_STRING:
      if (node.kind != Node::Kind::kScalar)
        return error_at(node, fmt::format("{} is not a string", key));
      slot.store(&Reflection::SetString, &Reflection::AddString, node.text);
      break;
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Reflection* reflection = slot.message.GetReflection();
      return scan_message(node, key,
                          slot.field->is_repeated()
                              ? *reflection->AddMessage(&slot.message, slot.field)
                              : *reflection->MutableMessage(&slot.message, slot.field));
    }
  }
  return {};
}

Result<void> scan_map(const Node& node, std::string_view key, const Slot& slot) {
  if (node.kind != Node::Kind::kMap) return error_at(node, fmt::format("{} is not a map", key));
  for (const auto& [name, value] : node.map) {
    Message* entry = slot.message.GetReflection()->AddMessage(&slot.message, slot.field);
    Node name_node = value;
    name_node.kind = Node::Kind::kScalar;
    name_node.text = name;
    BIA_TRY(scan_value(name_node, join(key, name), {*entry, entry->GetDescriptor()->map_key()}));
    BIA_TRY(scan_value(value, join(key, name), {*entry, entry->GetDescriptor()->map_value()}));
  }
  return {};
}

Result<void> scan_field(const Node& node, std::string_view key, const Slot& slot) {
  if (node.kind == Node::Kind::kNull) return {};
  if (slot.field->is_map()) return scan_map(node, key, slot);
  if (!slot.field->is_repeated()) return scan_value(node, key, slot);
  if (node.kind != Node::Kind::kList) return error_at(node, fmt::format("{} is not a list", key));
  for (size_t i = 0; i < node.list.size(); ++i)
    BIA_TRY(scan_value(node.list[i], fmt::format("{}[{}]", key, i), slot));
  return {};
}

const FieldDescriptor* field_of(const Descriptor* type, const std::string& name) {
  if (const FieldDescriptor* field = type->FindFieldByName(name)) return field;
  for (int i = 0; i < type->field_count(); ++i) {
    if (type->field(i)->json_name() == name) return type->field(i);
  }
  return nullptr;
}

/// google.protobuf.StringValue and its kin: a message of one scalar.
bool is_wrapper(const Descriptor& type) {
  return type.file()->name() == "google/protobuf/wrappers.proto";
}

/// Whether the varint at `path` in a message's bytes is `wanted`, whether or not the program knows
/// the extensions that lead there.
bool option_is(std::string_view bytes, std::span<const int> path, uint64_t wanted) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                                            int(bytes.size()));
  while (const uint32_t tag = in.ReadTag()) {
    const bool mine = int(tag >> 3) == path.front();
    if (mine && (tag & 7) == 2) {
      uint32_t size = 0;
      std::string inside;
      if (!in.ReadVarint32(&size) || !in.ReadString(&inside, int(size))) return false;
      // The last step of the path, packed: small values are one byte each.
      const bool found = path.size() > 1 ? option_is(inside, path.subspan(1), wanted)
                                         : inside.find(char(wanted)) != std::string::npos;
      if (found) return true;
    } else if (mine && (tag & 7) == 0) {
      uint64_t value = 0;
      if (!in.ReadVarint64(&value)) return false;
      if (path.size() == 1 && value == wanted) return true;
    } else if (!google::protobuf::internal::WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
  }
  return false;
}

bool is_required(const FieldDescriptor& field) {
  // google/api/field_behavior.proto: REQUIRED is 2; buf/validate/validate.proto:
  // FieldRules.required.
  static constexpr int kFieldBehavior[] = {1052};
  static constexpr int kRules[] = {1159, 25};
  const std::string options = field.options().SerializeAsString();
  return !options.empty() &&
         (option_is(options, kFieldBehavior, 2) || option_is(options, kRules, 1));
}

}  // namespace

Result<void> check_required(const Node& node, std::string_view key, const Message& message) {
  const Descriptor* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (!is_required(*field)) continue;
    const Reflection* reflection = message.GetReflection();
    const bool there = field->is_repeated() ? reflection->FieldSize(message, field) > 0
                                            : reflection->HasField(message, field);
    if (!there) return error_at(node, fmt::format("{} is missing", join(key, field->name())));
  }
  return {};
}

Result<void> scan_message(const Node& node, std::string_view key, Message& into) {
  const Descriptor* type = into.GetDescriptor();
  if (type->full_name() == "google.protobuf.Duration") {
    const Duration duration = BIA_TRY(to_duration(node, key));
    auto& message = static_cast<google::protobuf::Duration&>(into);
    message.set_seconds(duration.count() / 1'000'000'000);
    message.set_nanos(int32_t(duration.count() % 1'000'000'000));
    return {};
  }
  if (is_wrapper(*type) && node.kind == Node::Kind::kScalar)
    return scan_value(node, key, {into, type->field(0)});
  if (node.kind != Node::Kind::kMap) return error_at(node, fmt::format("{} is not a map", key));
  for (const auto& [name, value] : node.map) {
    const FieldDescriptor* field = field_of(type, name);
    if (field) {
      BIA_TRY(scan_field(value, join(key, name), {into, field}));
    } else if (!key.empty() || (!value.from_environment && !is_own_section(name))) {
      std::vector<std::string_view> known;
      for (int i = 0; i < type->field_count(); ++i) known.push_back(type->field(i)->name());
      if (key.empty()) known.insert(known.end(), kOwnSections.begin(), kOwnSections.end());
      return unknown_key(value, join(key, name), known);
    }
  }
  return check_required(node, key, into);
}

}  // namespace bia::config_detail
