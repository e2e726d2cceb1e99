#pragma once
// Std alone: protoc-gen-bia uses it too.
#include <span>
#include <string_view>

namespace bia {

// A service as OpenAPI 3.1 describes it: pieces in JSON, as protoc-gen-bia writes them. How it is
// served (options of JSON, an envelope) is known where they are put together.

/// A field of a message.
struct OpenApiProperty {
  std::string_view name;  ///< lowerCamelCase
  std::string_view proto_name;
  std::string_view json;  ///< its schema
  bool required = false;
};

/// A message or an enum.
struct OpenApiSchema {
  std::string_view name;
  std::string_view json;  ///< of a message: without its fields
  std::span<const OpenApiProperty> properties = {};
  std::string_view numbers = {};  ///< of an enum: as numbers; empty for a message
};

/// A binding.
struct OpenApiOperation {
  std::string_view path;
  std::string_view method;
  std::string_view json;       ///< without requestBody and responses
  std::string_view operation;  ///< "/helloworld.v1.Greeter/SayHello"
  std::string_view body;       ///< the schema; empty: none is read
  std::string_view reply;      ///< the schema
  std::string_view about;      ///< the reply's description
  bool raw_body = false;       ///< a google.api.HttpBody
  bool raw_reply = false;
  bool message_reply = false;  ///< no single field: the options of JSON apply
};

}  // namespace bia
