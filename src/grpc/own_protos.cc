#include "grpc/own_protos.h"

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string>
#include <string_view>

#include "bia/base/assert.h"

namespace bia::grpc {
namespace {

constexpr std::string_view kHealth = R"(
syntax = "proto3";
package grpc.health.v1;
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
  ServingStatus status = 1;
}
service Health {
  rpc Check(HealthCheckRequest) returns (HealthCheckResponse);
  rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse);
}
)";

// After the package, which is all that v1 and v1alpha differ in.
constexpr std::string_view kReflection = R"(
service ServerReflection {
  rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse);
}
message ServerReflectionRequest {
  string host = 1;
  oneof message_request {
    string file_by_filename = 3;
    string file_containing_symbol = 4;
    ExtensionRequest file_containing_extension = 5;
    string all_extension_numbers_of_type = 6;
    string list_services = 7;
  }
}
message ExtensionRequest { string containing_type = 1; int32 extension_number = 2; }
message ServerReflectionResponse {
  string valid_host = 1;
  ServerReflectionRequest original_request = 2;
  oneof message_response {
    FileDescriptorResponse file_descriptor_response = 4;
    ExtensionNumberResponse all_extension_numbers_response = 5;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }
}
message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
message ExtensionNumberResponse { string base_type_name = 1; repeated int32 extension_number = 2; }
message ListServiceResponse { repeated ServiceResponse service = 1; }
message ServiceResponse { string name = 1; }
message ErrorResponse { int32 error_code = 1; string error_message = 2; }
)";

// Without Kratos' google.api.http: it is served over gRPC alone, there too.
constexpr std::string_view kMetadata = R"(
syntax = "proto3";
package kratos.api;
import "google/protobuf/descriptor.proto";
service Metadata {
  rpc ListServices(ListServicesRequest) returns (ListServicesReply);
  rpc GetServiceDesc(GetServiceDescRequest) returns (GetServiceDescReply);
}
message ListServicesRequest {}
message ListServicesReply { repeated string services = 1; repeated string methods = 2; }
message GetServiceDescRequest { string name = 1; }
message GetServiceDescReply { google.protobuf.FileDescriptorSet file_desc_set = 1; }
)";

// Of google's file, what errors carry: a caller reads it by reflection (grpcurl).
constexpr std::string_view kErrorDetails = R"(
syntax = "proto3";
package google.rpc;
message ErrorInfo {
  string reason = 1;
  string domain = 2;
  map<string, string> metadata = 3;
}
message BadRequest {
  message FieldViolation { string field = 1; string description = 2; }
  repeated FieldViolation field_violations = 1;
}
)";

void add(google::protobuf::DescriptorPool& pool, const std::string& name, const std::string& text) {
  google::protobuf::io::ArrayInputStream input(text.data(), static_cast<int>(text.size()));
  google::protobuf::io::Tokenizer tokenizer(&input, nullptr);
  google::protobuf::FileDescriptorProto file;
  bool parsed = google::protobuf::compiler::Parser().Parse(&tokenizer, &file);
  file.set_name(name);
  BIA_ASSERT(parsed && pool.BuildFile(file) != nullptr);
}

}  // namespace

std::unique_ptr<google::protobuf::DescriptorPool> make_own_protos() {
  auto pool = std::make_unique<google::protobuf::DescriptorPool>();
  add(*pool, "grpc/health/v1/health.proto", std::string(kHealth));
  for (std::string version : {"v1", "v1alpha"}) {
    add(*pool, "grpc/reflection/" + version + "/reflection.proto",
        "syntax = \"proto3\";\npackage grpc.reflection." + version + ";\n" +
            std::string(kReflection));
  }
  google::protobuf::FileDescriptorProto descriptor;
  google::protobuf::FileDescriptorProto::descriptor()->file()->CopyTo(&descriptor);
  BIA_ASSERT(pool->BuildFile(descriptor) != nullptr);
  add(*pool, "metadata/metadata.proto", std::string(kMetadata));
  add(*pool, "google/rpc/error_details.proto", std::string(kErrorDetails));
  return pool;
}

}  // namespace bia::grpc
