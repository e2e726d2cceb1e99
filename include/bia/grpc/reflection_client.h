#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "bia/grpc/client.h"

namespace bia::grpc {

/// Asks a server's reflection (grpc.reflection.v1, else v1alpha) for the file that declares
/// `symbol`, a full name without a leading dot, and for all that it imports: serialized
/// FileDescriptorProtos, for `codec::ProtoSource::from_file_descriptors`. Suspends. Errors: what
/// the server says (kNotFound), kUnimplemented where it has no reflection, kUnavailable,
/// kDeadlineExceeded.
Result<std::vector<std::string>> reflect_files(Channel& channel, std::string_view symbol,
                                               const Metadata& metadata, Deadline deadline);

/// Full names of the services that the server lists.
Result<std::vector<std::string>> reflect_services(Channel& channel, const Metadata& metadata,
                                                  Deadline deadline);

}  // namespace bia::grpc
