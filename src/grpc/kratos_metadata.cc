#include "grpc/kratos_metadata.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <utility>
#include <vector>

#include "grpc/proto_wire.h"

namespace bia::grpc {
namespace {

namespace pb = google::protobuf;

/// Files import no cycles, and `written` ends each branch: what is left is a path of imports.
void append_files(const pb::FileDescriptor& file, std::set<const pb::FileDescriptor*>& written,
                  std::string& set) {
  if (!written.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) append_files(*file.dependency(i), written, set);
  pb::FileDescriptorProto proto;
  file.CopyTo(&proto);
  put_bytes(set, 1, proto.SerializeAsString());
}

}  // namespace

Result<void> KratosMetadata::add_methods(MethodTable& methods) {
  MethodHandler list;
  list.path = "/kratos.api.Metadata/ListServices";
  list.unary = [this](ServerCall&, std::string_view, std::string& reply) {
    list_services(reply);
    return Result<void>();
  };
  BIA_TRY(methods.add(std::move(list)));
  MethodHandler describe;
  describe.path = "/kratos.api.Metadata/GetServiceDesc";
  describe.unary = [this](ServerCall&, std::string_view request, std::string& reply) {
    return service_desc(request, reply);
  };
  return methods.add(std::move(describe));
}

void KratosMetadata::list_services(std::string& reply) const {
  const auto& services = methods_.services();
  for (const std::string& name : std::set<std::string>(services.begin(), services.end()))
    put_bytes(reply, 1, name);
  for (const std::string& path : methods_.paths()) put_bytes(reply, 2, path);
}

Result<void> KratosMetadata::service_desc(std::string_view request, std::string& reply) const {
  const std::string name = BIA_TRY(only_string(request, "GetServiceDescRequest"));
  const pb::FileDescriptor* file =
      methods_.services().contains(name) ? reflection_.file_of(name) : nullptr;
  if (file == nullptr) return Error(Code::kNotFound, "", fmt::format("service {} not found", name));
  std::set<const pb::FileDescriptor*> written;
  std::string set;
  append_files(*file, written, set);
  put_bytes(reply, 1, set);
  return {};
}

}  // namespace bia::grpc
