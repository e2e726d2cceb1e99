#pragma once
#include <string>
#include <vector>

#include "output.h"

namespace bia::protoc {

// OpenAPI 3.1 from the same rules that serve: what `bia proto openapi` prints and a service shows
// at /docs.

/// What bia::OpenApiOperation and bia::OpenApiSchema view.
struct OpenApiOperation {
  std::string path;
  std::string method;
  std::string json;
  std::string operation;
  std::string body;
  std::string reply;
  std::string about;
  bool raw_body = false;
  bool raw_reply = false;
  bool message_reply = false;
};
struct OpenApiProperty {
  std::string name;
  std::string proto_name;
  std::string json;
  bool required = false;
};
struct OpenApiSchema {
  std::string name;
  std::string json;
  std::vector<OpenApiProperty> properties = {};
  std::string numbers = {};
};

/// One for each binding whose method OpenAPI knows; a binding of every method is six.
std::vector<OpenApiOperation> openapi_operations(const pb::ServiceDescriptor* service);
/// Of every message and enum that those lead to, and of errors.
std::vector<OpenApiSchema> openapi_schemas(const pb::ServiceDescriptor* service);

/// A field's value as a schema; `null` is added for what may be absent.
std::string field_schema(const pb::FieldDescriptor* field);
/// {"$ref":"#/components/schemas/…"}, or the schema itself of a well-known type.
std::string message_schema(const pb::Descriptor* type);
/// A leading or else trailing comment, in one line; empty where there is none.
template <typename Descriptor>
std::string comment_text(const Descriptor* descriptor) {
  pb::SourceLocation where;
  if (!descriptor->GetSourceLocation(&where)) return {};
  std::string text;
  for (char c : where.leading_comments.empty() ? where.trailing_comments : where.leading_comments) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (space && (text.empty() || text.back() == ' ')) continue;
    text += space ? ' ' : c;
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}
bool is_required(const pb::FieldDescriptor* field);

/// What a field's rules add to its schema: to the value's (a list's or map's elements), and to a
/// whole list's or map's. Members without braces; empty where there are none.
struct SchemaMembers {
  std::string value;
  std::string whole;
};
SchemaMembers rule_members(const pb::FieldDescriptor* field);
bool rules_require(const pb::FieldDescriptor* field);

}  // namespace bia::protoc
