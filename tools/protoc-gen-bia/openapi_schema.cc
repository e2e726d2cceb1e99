#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <map>
#include <set>

#include "bia/service/openapi_document.h"
#include "http_rule.h"
#include "openapi.h"

namespace bia::protoc {
namespace {
using Field = pb::FieldDescriptor;

std::string schema_ref(std::string_view name) {
  return fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", name);
}

/// google.api.field_behavior, packed or not.
std::set<int> behaviors(const Field* field) {
  constexpr int kFieldBehavior = 1052;
  std::set<int> found;
  const pb::UnknownFieldSet& fields =
      field->options().GetReflection()->GetUnknownFields(field->options());
  for (int i = 0; i < fields.field_count(); ++i) {
    if (fields.field(i).number() != kFieldBehavior) continue;
    if (fields.field(i).type() == pb::UnknownField::TYPE_VARINT)
      found.insert(static_cast<int>(fields.field(i).varint()));
    if (fields.field(i).type() == pb::UnknownField::TYPE_LENGTH_DELIMITED) {
      for (char c : fields.field(i).length_delimited()) found.insert(c);
    }
  }
  return found;
}

std::string scalar_schema(const Field* field) {
  switch (field->type()) {
    case Field::TYPE_INT32:
    case Field::TYPE_SINT32:
    case Field::TYPE_SFIXED32:
      return R"({"type":"integer","format":"int32"})";
    case Field::TYPE_UINT32:
    case Field::TYPE_FIXED32:
      return R"({"type":"integer","format":"uint32","minimum":0})";
    case Field::TYPE_INT64:
    case Field::TYPE_SINT64:
    case Field::TYPE_SFIXED64:
      return R"({"type":"string","format":"int64"})";
    case Field::TYPE_UINT64:
    case Field::TYPE_FIXED64:
      return R"({"type":"string","format":"uint64"})";
    case Field::TYPE_DOUBLE:
      return R"({"type":"number","format":"double"})";
    case Field::TYPE_FLOAT:
      return R"({"type":"number","format":"float"})";
    case Field::TYPE_BOOL:
      return R"({"type":"boolean"})";
    case Field::TYPE_BYTES:
      return R"({"type":"string","contentEncoding":"base64"})";
    case Field::TYPE_ENUM:
      if (field->enum_type()->full_name() == "google.protobuf.NullValue")
        return R"({"type":"null"})";
      return schema_ref(field->enum_type()->full_name());
    case Field::TYPE_MESSAGE:
      return message_schema(field->message_type());
    default:
      return R"({"type":"string"})";
  }
}

/// {"type":"x","format":"y"} as {"type":["x","null"],"format":"y"}.
std::string or_null(const std::string& schema) {
  return fmt::format(R"({{"anyOf":[{},{{"type":"null"}}]}})", schema);
}

std::string well_known_schema(const pb::Descriptor* type) {
  switch (type->well_known_type()) {
    case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP:
      return R"({"type":"string","format":"date-time"})";
    case pb::Descriptor::WELLKNOWNTYPE_DURATION:
      return R"({"type":"string","pattern":"^-?[0-9]+(\\.[0-9]{1,9})?s$"})";
    case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK:
      return R"({"type":"string","format":"field-mask"})";
    case pb::Descriptor::WELLKNOWNTYPE_STRUCT:
      return R"({"type":"object","additionalProperties":true})";
    case pb::Descriptor::WELLKNOWNTYPE_VALUE:
      return "{}";
    case pb::Descriptor::WELLKNOWNTYPE_LISTVALUE:
      return R"({"type":"array","items":{}})";
    case pb::Descriptor::WELLKNOWNTYPE_ANY:
      return R"({"type":"object","properties":{"@type":{"type":"string"}},"additionalProperties":true})";
    case pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      break;
    default:  // wrappers
      return scalar_schema(type->FindFieldByNumber(1));
  }
  return type->full_name() == "google.protobuf.Empty" ? R"({"type":"object"})" : std::string();
}

/// Adds members to a schema's object.
std::string with(std::string schema, const std::string& members) {
  if (members.empty()) return schema;
  schema.pop_back();
  return schema + (schema == "{" ? "" : ",") + members + "}";
}

std::string with_comment(const std::string& schema, const std::string& comment) {
  return comment.empty() ? schema : with(schema, R"("description":)" + openapi_string(comment));
}

OpenApiProperty property_of(const Field* field) {
  std::string extra;
  const std::string comment = comment_text(field);
  if (!comment.empty()) extra += R"("description":)" + openapi_string(comment);
  const std::set<int> behavior = behaviors(field);
  const auto flag = [&](bool on, std::string_view text) {
    if (!on) return;
    if (!extra.empty()) extra += ',';
    extra += text;
  };
  flag(behavior.contains(3), R"("readOnly":true)");
  flag(behavior.contains(4), R"("writeOnly":true)");
  flag(field->options().deprecated(), R"("deprecated":true)");
  return {field->json_name(), field->name(), with(field_schema(field), extra), is_required(field)};
}

OpenApiSchema object_schema(const pb::Descriptor* type) {
  OpenApiSchema schema{type->full_name(), with_comment(R"({"type":"object"})", comment_text(type))};
  for (int i = 0; i < type->field_count(); ++i)
    schema.properties.push_back(property_of(type->field(i)));
  return schema;
}

OpenApiSchema enum_schema(const pb::EnumDescriptor* type) {
  std::string names;
  std::string numbers;
  std::set<int> seen;
  for (int i = 0; i < type->value_count(); ++i) {
    const pb::EnumValueDescriptor* value = type->value(i);
    names += (names.empty() ? "" : ",") + openapi_string(value->name());
    if (seen.insert(value->number()).second)
      numbers += fmt::format("{}{}", numbers.empty() ? "" : ",", value->number());
  }
  const std::string comment = comment_text(type);
  return {type->full_name(),
          with_comment(fmt::format(R"({{"type":"string","enum":[{}]}})", names), comment),
          {},
          with_comment(fmt::format(R"({{"type":"integer","enum":[{}]}})", numbers), comment)};
}

void collect(const pb::Descriptor* type, std::map<std::string, OpenApiSchema>& schemas) {
  if (!well_known_schema(type).empty()) return;
  if (!type->options().map_entry()) {
    const auto [entry, added] = schemas.emplace(type->full_name(), OpenApiSchema());
    if (!added) return;
    entry->second = object_schema(type);
  }
  for (int i = 0; i < type->field_count(); ++i) {
    const Field* field = type->field(i);
    if (field->message_type()) collect(field->message_type(), schemas);
    if (field->enum_type() && field->enum_type()->full_name() != "google.protobuf.NullValue")
      schemas.emplace(field->enum_type()->full_name(), enum_schema(field->enum_type()));
  }
}

OpenApiSchema error_schema() {
  return {std::string(kOpenApiError),
          R"({"type":"object","description":"The body of every answer that is no success."})",
          {{"code", "code",
            R"({"type":"integer","format":"int32","description":"The HTTP status."})", true},
           {"reason", "reason",
            R"({"type":"string","description":"For programs: USER_NOT_FOUND."})", true},
           {"message", "message", R"({"type":"string","description":"For people."})", true},
           {"metadata", "metadata", R"({"type":"object","additionalProperties":{"type":"string"}})",
            true}}};
}

}  // namespace

bool is_required(const Field* field) {
  return behaviors(field).contains(2) || rules_require(field);
}

std::string message_schema(const pb::Descriptor* type) {
  const std::string known = well_known_schema(type);
  return known.empty() ? schema_ref(type->full_name()) : known;
}

namespace {

/// The type's own lower bound gives way to the rules'.
std::string ruled(std::string schema, const std::string& members) {
  constexpr std::string_view kBound = R"(,"minimum":0)";
  if (const size_t at = schema.find(kBound);
      at != std::string::npos && members.find(R"("minimum":)") != std::string::npos)
    schema.erase(at, kBound.size());
  return with(schema, members);
}

}  // namespace

std::string field_schema(const Field* field) {
  const SchemaMembers members = rule_members(field);
  if (field->is_map()) {
    const Field* value = field->message_type()->map_value();
    return with(fmt::format(R"({{"type":"object","additionalProperties":{}}})",
                            ruled(scalar_schema(value), members.value)),
                members.whole);
  }
  if (field->is_repeated())
    return with(
        fmt::format(R"({{"type":"array","items":{}}})", ruled(scalar_schema(field), members.value)),
        members.whole);
  const std::string schema = ruled(scalar_schema(field), members.value);
  const bool absent = field->message_type() != nullptr && schema != "{}";
  return absent ? or_null(schema) : schema;
}

std::vector<OpenApiSchema> openapi_schemas(const pb::ServiceDescriptor* service) {
  std::map<std::string, OpenApiSchema> schemas;
  std::string error;
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    if (http_rules(method, error).empty()) continue;
    collect(method->input_type(), schemas);
    collect(method->output_type(), schemas);
  }
  std::vector<OpenApiSchema> list;
  if (schemas.empty() && service->method_count() == 0) return list;
  schemas.emplace(kOpenApiError, error_schema());
  for (auto& [name, schema] : schemas) list.push_back(std::move(schema));
  return list;
}

}  // namespace bia::protoc
