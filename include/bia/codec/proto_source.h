#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace google::protobuf {
class Descriptor;
class DescriptorPool;
class FileDescriptor;
class MethodDescriptor;
class ServiceDescriptor;
}  // namespace google::protobuf

namespace bia::codec {

/// Protos that arrive at run time: .proto files, a descriptor set, or what a server's reflection
/// sends. `google/protobuf/*`, `google/api/{annotations,http}.proto`, `grpc/health/v1/health.proto`
/// and `grpc/reflection/*` may be imported without being there. Owns the descriptors.
class ProtoSource {
 public:
  /// Reads files (blocks: before the run or in `fiber::offload`). An import, and a file that does
  /// not exist as given, is looked for in each of `import_paths`; without any, in the working
  /// folder. Errors: kInvalidArgument with one "file:line:column: what" a line.
  static Result<std::unique_ptr<ProtoSource>> from_files(
      const std::vector<std::string>& files, const std::vector<std::string>& import_paths);
  /// A serialized FileDescriptorSet (ghz: --protoset, k6: client.loadProtoset).
  static Result<std::unique_ptr<ProtoSource>> from_descriptor_set(std::string_view bytes);
  /// Serialized FileDescriptorProtos in any order, as reflection sends them.
  static Result<std::unique_ptr<ProtoSource>> from_file_descriptors(
      const std::vector<std::string>& files);
  ~ProtoSource();

  const google::protobuf::DescriptorPool& pool() const;
  /// The files asked for, not their imports.
  const std::vector<const google::protobuf::FileDescriptor*>& files() const;
  /// Of `files()` and their imports.
  std::vector<const google::protobuf::ServiceDescriptor*> services() const;
  /// "pkg.Service/Method", "/pkg.Service/Method" or "pkg.Service.Method"; null where there is none.
  const google::protobuf::MethodDescriptor* find_method(std::string_view name) const;
  const google::protobuf::ServiceDescriptor* find_service(std::string_view name) const;
  const google::protobuf::Descriptor* find_message(std::string_view name) const;

 private:
  struct Impl;
  explicit ProtoSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia::codec
