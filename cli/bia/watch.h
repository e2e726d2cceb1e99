#pragma once
#include <string>
#include <vector>

#include "build.h"

namespace bia::cli {

/// Runs the service and, whenever a source of it or of the project's api/ changes, builds it and
/// starts it anew; a build that fails leaves the old one running. Until SIGINT or SIGTERM, which
/// the service gets too. Its last exit code.
Result<int> run_watching(const BuiltService& built, const std::vector<std::string>& words, Io& io);

}  // namespace bia::cli
