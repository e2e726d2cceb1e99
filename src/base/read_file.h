#pragma once
#include <string>

#include "bia/base/result.h"

namespace bia {

/// All of a file; blocks. Errors, in the words of Go's os.ReadFile: kNotFound, "open PATH: no such
/// file or directory"; kPermissionDenied; kInvalidArgument, "read PATH: is a directory";
/// kUnavailable for others.
Result<std::string> read_file(const std::string& path);

}  // namespace bia
