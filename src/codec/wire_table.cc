#include "bia/codec/wire_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "codec/wire_table_impl.h"

namespace bia::codec {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

WireType wire_type_of(FieldType type) {
  switch (type) {
    case Field::TYPE_DOUBLE:
    case Field::TYPE_FIXED64:
    case Field::TYPE_SFIXED64:
      return WireType::kFixed64;
    case Field::TYPE_FLOAT:
    case Field::TYPE_FIXED32:
    case Field::TYPE_SFIXED32:
      return WireType::kFixed32;
    case Field::TYPE_STRING:
    case Field::TYPE_BYTES:
    case Field::TYPE_MESSAGE:
      return WireType::kBytes;
    default:
      return WireType::kVarint;
  }
}

/// Walks the descriptors, each message once.
class Builder {
 public:
  explicit Builder(WireTable::Impl& impl) : impl_(impl) {}

  const MessageTable* message(const pb::Descriptor* type) {
    auto [known, added] = messages_.try_emplace(type, nullptr);
    if (!added) return known->second;
    MessageTable* table = impl_.messages.emplace_back(std::make_unique<MessageTable>()).get();
    known->second = table;
    table->full_name = type->full_name();
    table->well_known = type->well_known_type();
    for (int i = 0; i < type->oneof_decl_count(); ++i)
      table->oneofs.push_back(type->oneof_decl(i)->full_name());
    table->fields.resize(static_cast<size_t>(type->field_count()));
    for (int i = 0; i < type->field_count(); ++i) {
      fill(table->fields[static_cast<size_t>(i)], type->field(i));
      const FieldTable& field = table->fields[static_cast<size_t>(i)];
      table->has_required |= field.is_required;
      table->by_number.emplace_back(field.number, i);
      table->by_name.emplace_back(field.json_name, i);
      if (field.proto_name != field.json_name) table->by_name.emplace_back(field.proto_name, i);
    }
    std::sort(table->by_number.begin(), table->by_number.end());
    std::stable_sort(table->by_name.begin(), table->by_name.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    return table;
  }
  std::string error;

 private:
  void fill(FieldTable& field, const Field* from) {
    if (from->type() == Field::TYPE_GROUP && error.empty())
      error = from->full_name() + " is a group, which is not supported; use a message field";
    field.number = static_cast<uint32_t>(from->number());
    field.index = from->index();
    field.type = from->type();
    field.wire_type = wire_type_of(from->type());
    field.is_repeated = from->is_repeated();
    field.is_packed = from->is_packed();
    field.is_map = from->is_map();
    field.is_required = from->is_required();
    field.has_presence = from->has_presence();
    field.in_oneof = from->containing_oneof() != nullptr;
    if (from->real_containing_oneof()) field.real_oneof = from->real_containing_oneof()->index();
    field.json_name = from->json_name();
    field.proto_name = from->name();
    field.kind = from->type_name();
    if (from->message_type()) field.message = message(from->message_type());
    if (from->enum_type()) field.enumeration = enumeration(from->enum_type());
  }

  const EnumTable* enumeration(const pb::EnumDescriptor* type) {
    auto [known, added] = enums_.try_emplace(type, nullptr);
    if (!added) return known->second;
    EnumTable* table = impl_.enums.emplace_back(std::make_unique<EnumTable>()).get();
    known->second = table;
    table->full_name = type->full_name();
    table->is_null_value = type->full_name() == "google.protobuf.NullValue";
    table->is_closed = type->file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO2;
    for (int i = 0; i < type->value_count(); ++i) {
      table->by_name.emplace_back(type->value(i)->name(), type->value(i)->number());
      table->by_number.emplace_back(type->value(i)->number(), type->value(i)->name());
    }
    std::sort(table->by_name.begin(), table->by_name.end());
    std::stable_sort(table->by_number.begin(), table->by_number.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    return table;
  }

  WireTable::Impl& impl_;
  std::unordered_map<const pb::Descriptor*, const MessageTable*> messages_;
  std::unordered_map<const pb::EnumDescriptor*, const EnumTable*> enums_;
};

template <typename Entries, typename Key>
auto* find_in(const Entries& entries, const Key& key) {
  auto found =
      std::lower_bound(entries.begin(), entries.end(), key,
                       [](const auto& entry, const Key& wanted) { return entry.first < wanted; });
  return found != entries.end() && found->first == key ? &found->second : nullptr;
}

}  // namespace

const int32_t* EnumTable::find(std::string_view name) const { return find_in(by_name, name); }
const std::string* EnumTable::find(int32_t number) const { return find_in(by_number, number); }

const FieldTable* MessageTable::find(std::string_view name) const {
  const int* index = find_in(by_name, name);
  return index ? &fields[static_cast<size_t>(*index)] : nullptr;
}
const FieldTable* MessageTable::find(uint32_t number) const {
  const int* index = find_in(by_number, number);
  return index ? &fields[static_cast<size_t>(*index)] : nullptr;
}

WireTable::WireTable(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WireTable::~WireTable() = default;

Result<std::shared_ptr<const WireTable>> WireTable::create(const pb::Descriptor* type) {
  auto impl = std::make_unique<Impl>();
  Builder builder(*impl);
  impl->root = builder.message(type);
  if (!builder.error.empty())
    return Error(Code::kUnimplemented, "UNSUPPORTED_FIELD", builder.error);
  return std::shared_ptr<const WireTable>(new WireTable(std::move(impl)));
}

std::string_view WireTable::full_name() const { return impl_->root->full_name; }

Result<void> WireTable::json_to_wire(std::string_view json, std::string& wire,
                                     UnknownFields unknown) const {
  JsonReader in(json);
  encode_message(*impl_->root, in, wire, unknown, 0);
  return in.finish();
}

Result<void> WireTable::encode(JsonSource& source, std::string& wire, UnknownFields unknown) const {
  if (encode_message(*impl_->root, source, wire, unknown, 0)) return {};
  return Error(Code::kInvalidArgument, "CODEC", "");
}

Result<void> WireTable::wire_to_json(std::string_view wire, std::string& json,
                                     const WireToJsonOptions& options) const {
  JsonTextSink sink(json);
  return decode_message(*impl_->root, wire, sink, options);
}

Result<void> WireTable::decode(std::string_view wire, JsonSink& sink,
                               const WireToJsonOptions& options) const {
  return decode_message(*impl_->root, wire, sink, options);
}

}  // namespace bia::codec
