#pragma once
#include <string>

#include "output.h"

namespace bia::protoc {

// Enums with Kratos' options errors.default_code and errors.code (errors/errors.proto): of each
// value with a code a constructor and a test, `error_user_not_found(message)`,
// `is_user_not_found(error)`.

bool has_errors(const pb::FileDescriptor* file);
/// "file:line:column: what" of the first code out of range or name used twice, else empty.
std::string check_errors(const pb::FileDescriptor* file);
void declare_errors(const pb::FileDescriptor* file, Output& out);

}  // namespace bia::protoc
