#pragma once
#include <string>
#include <string_view>

#include "grpc/method_table.h"
#include "grpc/reflection.h"

namespace bia::grpc {

/// Kratos' kratos.api.Metadata: names of the services and methods served, and the files that
/// describe a service.
class KratosMetadata {
 public:
  /// Both outlive this object; `reflection` has the files.
  KratosMetadata(const MethodTable& methods, const ReflectionService& reflection)
      : methods_(methods), reflection_(reflection) {}
  Result<void> add_methods(MethodTable& methods);
  /// Append a ListServicesReply; a GetServiceDescReply, each file once and after those it imports.
  void list_services(std::string& reply) const;
  Result<void> service_desc(std::string_view request, std::string& reply) const;

 private:
  const MethodTable& methods_;
  const ReflectionService& reflection_;
};

}  // namespace bia::grpc
