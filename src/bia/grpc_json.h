#pragma once
#include <memory>

#include "bia/bia/service.h"
#include "bia/grpc/server.h"

namespace bia {

/// The method for callers of application/grpc+json, as Kratos serves them: protojson with every
/// field out, unknown ones passed over on the way in. Null for a message that has no JSON here
/// (proto2 groups).
std::shared_ptr<const grpc::MethodHandler> json_handler(const grpc::MethodHandler& binary,
                                                        const MethodInfo& method);

}  // namespace bia
