#include "cel/type.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <array>

namespace bia::cel {
namespace pb = google::protobuf;

std::string_view kind_name(Kind kind) {
  constexpr std::array<std::string_view, 15> kNames = {"null_type",
                                                       "bool",
                                                       "int",
                                                       "uint",
                                                       "double",
                                                       "string",
                                                       "bytes",
                                                       "google.protobuf.Duration",
                                                       "google.protobuf.Timestamp",
                                                       "list",
                                                       "map",
                                                       "message",
                                                       "type",
                                                       "error",
                                                       "dyn"};
  return kNames[static_cast<size_t>(kind)];
}

const Type* Types::add(Type type) { return &list_.emplace_back(type); }
const Type* Types::of(Kind kind) { return add({.kind = kind}); }
const Type* Types::list_of(const Type* element) {
  return add({.kind = Kind::kList, .element = element});
}
const Type* Types::map_of(const Type* key, const Type* element) {
  return add({.kind = Kind::kMap, .key = key, .element = element});
}

const Type* Types::of_message(const pb::Descriptor* message) {
  switch (message->well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_DOUBLEVALUE:
    case pb::Descriptor::WELLKNOWNTYPE_FLOATVALUE:
      return add({.kind = Kind::kDouble, .nullable = true});
    case pb::Descriptor::WELLKNOWNTYPE_INT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_INT32VALUE:
      return add({.kind = Kind::kInt, .nullable = true});
    case pb::Descriptor::WELLKNOWNTYPE_UINT64VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_UINT32VALUE:
      return add({.kind = Kind::kUint, .nullable = true});
    case pb::Descriptor::WELLKNOWNTYPE_STRINGVALUE:
      return add({.kind = Kind::kString, .nullable = true});
    case pb::Descriptor::WELLKNOWNTYPE_BYTESVALUE:
      return add({.kind = Kind::kBytes, .nullable = true});
    case pb::Descriptor::WELLKNOWNTYPE_BOOLVALUE:
      return add({.kind = Kind::kBool, .nullable = true});
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
      return of(Kind::kDuration);
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return of(Kind::kTimestamp);
    case pb::Descriptor::WELLKNOWNTYPE_VALUE:
    case pb::Descriptor::WELLKNOWNTYPE_ANY:
      return of(Kind::kDyn);
    case pb::Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return list_of(of(Kind::kDyn));
    case pb::Descriptor::WELLKNOWNTYPE_STRUCT:
      return map_of(of(Kind::kString), of(Kind::kDyn));
    default:
      return add({.kind = Kind::kMessage, .message = message});
  }
}

const Type* Types::of_element(const pb::FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
    case pb::FieldDescriptor::CPPTYPE_INT64:
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return of(Kind::kInt);
    case pb::FieldDescriptor::CPPTYPE_UINT32:
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return of(Kind::kUint);
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
      return of(Kind::kDouble);
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return of(Kind::kBool);
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return of(field->type() == pb::FieldDescriptor::TYPE_BYTES ? Kind::kBytes : Kind::kString);
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return of_message(field->message_type());
}

const Type* Types::of_field(const pb::FieldDescriptor* field) {
  if (field->is_map()) {
    const pb::Descriptor* entry = field->message_type();
    return map_of(of_element(entry->map_key()), of_element(entry->map_value()));
  }
  return field->is_repeated() ? list_of(of_element(field)) : of_element(field);
}

std::string type_text(const Type& type) {
  switch (type.kind) {
    case Kind::kList:
      return fmt::format("list({})", type.element ? type_text(*type.element) : "dyn");
    case Kind::kMap:
      return fmt::format("map({}, {})", type.key ? type_text(*type.key) : "dyn",
                         type.element ? type_text(*type.element) : "dyn");
    case Kind::kMessage:
      return type.message->full_name();
    default:
      return fmt::format("{}{}", kind_name(type.kind), type.nullable ? " or null" : "");
  }
}

bool is_assignable(const Type& from, const Type& to) {
  if (from.kind == Kind::kDyn || to.kind == Kind::kDyn) return true;
  if (from.kind == Kind::kNull)
    return to.kind == Kind::kNull || to.nullable || to.kind == Kind::kMessage ||
           to.kind == Kind::kDuration || to.kind == Kind::kTimestamp;
  if (from.kind != to.kind) return false;
  if (from.kind == Kind::kMessage) return from.message->full_name() == to.message->full_name();
  if (from.key && to.key && !is_assignable(*from.key, *to.key)) return false;
  return !from.element || !to.element || is_assignable(*from.element, *to.element);
}

bool is_same(const Type& a, const Type& b) {
  auto alike = [](const Type* x, const Type* y) { return x && y ? is_same(*x, *y) : x == y; };
  return a.kind == b.kind && a.nullable == b.nullable && a.message == b.message &&
         alike(a.key, b.key) && alike(a.element, b.element);
}

}  // namespace bia::cel
