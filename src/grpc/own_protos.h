#pragma once
#include <memory>

namespace google::protobuf {
class DescriptorPool;
}

namespace bia::grpc {

/// Descriptors of the services that every server has: grpc/health/v1/health.proto,
/// grpc/reflection/v1/reflection.proto and v1alpha's, Kratos' metadata/metadata.proto. A pool of
/// their own: in the program's they would collide with those of a user who generates them too.
std::unique_ptr<google::protobuf::DescriptorPool> make_own_protos();

}  // namespace bia::grpc
