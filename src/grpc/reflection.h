#pragma once
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bia/grpc/server.h"
#include "grpc/method_table.h"

namespace google::protobuf {
class DescriptorPool;
class FileDescriptor;
}  // namespace google::protobuf

namespace bia::grpc {

/// grpc.reflection.v1.ServerReflection and v1alpha's, whose messages are the same.
class ReflectionService {
 public:
  ReflectionService();
  ~ReflectionService();
  void add_file(const google::protobuf::FileDescriptor* file);
  /// `methods` is also what list_services lists; it must outlive this object.
  Result<void> add_methods(MethodTable& methods);
  /// One ServerReflectionResponse for one ServerReflectionRequest. `sent` has the names of files
  /// that the stream got already: they are not sent again as dependencies.
  Result<std::string> answer(std::string_view request, std::set<std::string>& sent) const;
  /// The file that defines this service or other symbol; null where none does.
  const google::protobuf::FileDescriptor* file_of(const std::string& symbol) const;

 private:
  struct Answer;
  Result<void> serve(ServerCall& call) const;
  Answer list_services() const;
  Answer file(const google::protobuf::FileDescriptor* found, const std::string& what,
              std::set<std::string>& sent) const;
  Answer file_of_extension(std::string_view extension_request, std::set<std::string>& sent) const;
  Answer extension_numbers(const std::string& type) const;
  /// The first that `look_up(pool)` finds in the pools of the added files, and last in that of the
  /// services of gRPC itself.
  template <typename LookUp>
  auto find(LookUp look_up) const
      -> decltype(look_up(std::declval<const google::protobuf::DescriptorPool&>()));

  std::vector<const google::protobuf::DescriptorPool*> pools_;
  std::unique_ptr<google::protobuf::DescriptorPool> own_pool_;
  const MethodTable* methods_ = nullptr;
};

}  // namespace bia::grpc
