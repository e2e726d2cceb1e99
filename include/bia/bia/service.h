#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "bia/bia/context.h"
#include "bia/bia/openapi.h"

namespace google::protobuf {
class FileDescriptor;
class Message;
}  // namespace google::protobuf
namespace bia::codec {
class JsonReader;
class JsonWriter;
}  // namespace bia::codec
namespace bia::http {
struct PathParams;
}

namespace bia {

class Service;
class Violations;

/// The fields of a google.api.HttpBody; views into it.
struct RawBody {
  std::string_view content_type;
  std::string_view bytes;
};

/// One google.api.http binding, as protoc-gen-bia writes it.
struct HttpRule {
  /// "*" is every method.
  std::string_view method;
  std::string_view path_template;
  /// The message that the body is decoded into: the request or a field of it. Null: the body is not
  /// read.
  google::protobuf::Message* (*body)(google::protobuf::Message& request) = nullptr;
  bool (*read_body)(codec::JsonReader& in, google::protobuf::Message& request) = nullptr;
  /// Path values into their fields.
  Result<void> (*bind_path)(const http::PathParams& params,
                            google::protobuf::Message& request) = nullptr;
  /// The whole reply or the field of `response_body`.
  void (*write_reply)(codec::JsonWriter& out, const google::protobuf::Message& reply) = nullptr;
  /// The message that `write_reply` writes; null where that is no message.
  const google::protobuf::Message* (*reply_message)(const google::protobuf::Message& reply) =
      nullptr;
  /// Where the body is a google.api.HttpBody: takes the bytes as they came. Null elsewhere.
  void (*take_raw)(google::protobuf::Message& request, std::string_view content_type,
                   std::string_view bytes) = nullptr;
  /// Where the reply is a google.api.HttpBody: its bytes and their type. Null elsewhere.
  RawBody (*raw_reply)(const google::protobuf::Message& reply) = nullptr;
};

enum class MethodKind : uint8_t { kUnary, kClientStream, kServerStream, kBidiStream };

/// One rpc, as protoc-gen-bia writes it.
struct MethodInfo {
  std::string_view operation;
  MethodKind kind = MethodKind::kUnary;
  std::span<const HttpRule> http;
  std::unique_ptr<google::protobuf::Message> (*new_request)() = nullptr;
  std::unique_ptr<google::protobuf::Message> (*new_reply)() = nullptr;
  /// Calls the user's method; `request` and `reply` are null where a stream takes their place.
  Result<void> (*invoke)(Service& service, Context& context,
                         const google::protobuf::Message* request,
                         google::protobuf::Message* reply) = nullptr;
  /// Checks the rules of the request's .proto; null where it has none.
  void (*validate)(const google::protobuf::Message& request, Violations& out) = nullptr;
};

struct ServiceInfo {
  std::string_view full_name;
  std::span<const MethodInfo> methods;
  const google::protobuf::FileDescriptor* (*file)() = nullptr;
  std::span<const OpenApiOperation> openapi = {};
  std::span<const OpenApiSchema> schemas = {};
};

/// What the generated base class of a service derives from. One object serves all threads at once.
class Service {
 public:
  virtual ~Service();
  virtual const ServiceInfo& service_info() const = 0;
};

/// Appends Kratos' error body: {"code":404,"reason":"USER_NOT_FOUND","message":"user bob
/// missing","metadata":{"id":"7"}}.
void append_error_json(const Error& error, std::string& body);

}  // namespace bia
