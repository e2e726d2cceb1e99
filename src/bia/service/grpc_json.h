#pragma once
#include <functional>
#include <memory>

#include "bia/bia/service.h"
#include "bia/grpc/server.h"

namespace bia {

/// The method for callers of application/grpc+json, as Kratos serves them: protojson with every
/// field out, unknown ones passed over on the way in. Null for a message that has no JSON here
/// (proto2 groups). `refuse` is called in the place of a unary `binary` with a message that cannot
/// be read.
using RefuseCall = std::function<Result<void>(grpc::ServerCall& call, Error error)>;
std::shared_ptr<const grpc::MethodHandler> json_handler(const grpc::MethodHandler& binary,
                                                        const MethodInfo& method,
                                                        RefuseCall refuse);

}  // namespace bia
