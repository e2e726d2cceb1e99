#pragma once
#include <memory>
#include <string>

#include "bia/base/result.h"
#include "report/bench.h"
#include "report/child.h"

namespace report {

/// A target that answers: started here, or found running.
struct Service {
  Target target;
  std::unique_ptr<Child> child;  ///< Null where it ran already.
  std::string log_path;
  pid_t pid = 0;  ///< 0: not known, no samples.
};

/// How long a service may take from start to its first answer once it is built; building has
/// kBuildLimit.
inline constexpr bia::Duration kStartLimit = std::chrono::seconds(15);
inline constexpr bia::Duration kBuildLimit = std::chrono::minutes(10);

/// Starts (building it where there is no binary) or finds the target and waits until its ports take
/// connections. Suspends. Errors: kFailedPrecondition with the end of the service's log;
/// kAlreadyExists for a port in use; kUnavailable where nothing listens.
bia::Result<Service> open_service(const Target& target, const BenchOptions& options,
                                  const std::string& work_folder, const BenchIo& io);

/// The last lines of a file, for errors.
std::string file_tail(const std::string& path, size_t bytes_max);
std::string read_file(const std::string& path);

}  // namespace report
