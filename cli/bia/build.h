#pragma once
#include <string>
#include <vector>

#include "bia/base/time.h"
#include "command.h"

namespace bia::cli {

/// A service that was built: its folder and its program (both absolute).
struct BuiltService {
  std::string folder;
  std::string name;
  std::string program;
};

/// Configures (the first time) and builds the project in `folder`, or the one above that it is part
/// of, into that project's build/ with CMake, whose output goes to stderr. `name` chooses among
/// several programs of cmd/; empty: the only one. Blocks. Errors: kNotFound for a folder that is no
/// project, kInvalidArgument where `name` has to be given, kFailedPrecondition for a build that
/// failed.
Result<BuiltService> build_service(const std::string& folder, const std::string& name, Io& io);

/// Runs a program with the terminal's stdout and stderr; blocks. Its exit code; 128 + N for a
/// signal N. One that runs on after `limit` is told to end, and soon after that killed. Errors:
/// kNotFound; kDeadlineExceeded.
Result<int> run_process(const std::vector<std::string>& words, Duration limit = Duration::max());

}  // namespace bia::cli
