#pragma once
#include <google/protobuf/compiler/code_generator.h>

#include <string>

namespace bia::protoc {

/// From NAME.proto: NAME.bia.h and NAME.bia.cc with the JSON of each message, and of each service
/// its base class and its clients. Kratos' parameters omitempty=false and omitempty_prefix=PATH:
/// see serve_unmapped.
class Generator final : public google::protobuf::compiler::CodeGenerator {
 public:
  uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }
  bool Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                google::protobuf::compiler::GeneratorContext* context,
                std::string* error) const override;
  /// With the parameter "openapi=NAME[,title=TITLE][,version=VERSION]" one OpenAPI document of all
  /// files, and no C++.
  bool GenerateAll(const std::vector<const google::protobuf::FileDescriptor*>& files,
                   const std::string& parameter,
                   google::protobuf::compiler::GeneratorContext* context,
                   std::string* error) const override;
};

}  // namespace bia::protoc
