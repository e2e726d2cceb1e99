#pragma once
#include <string>

#include "bia/base/result.h"
#include "report/bench.h"
#include "report/result.h"
#include "report/service.h"

namespace report {

/// Samples of one service, one each 200 ms, on one clock for all of its loads.
class Watch {
 public:
  explicit Watch(pid_t pid) : pid_(pid), start_(bia::now()) {}
  /// False once the process has ended.
  bool sample();
  /// Where a load begins or ends: takes the place of the last sample where that is so near that a
  /// rate between both would be noise. False once the process has ended.
  bool sample_boundary();
  double seconds() const { return std::chrono::duration<double>(bia::now() - start_).count(); }
  const std::vector<TimedSample>& samples() const { return samples_; }
  std::vector<TimedSample> take() { return std::move(samples_); }

 private:
  pid_t pid_;
  bia::TimePoint start_;
  std::vector<TimedSample> samples_;
};

inline constexpr bia::Duration kSampleInterval = std::chrono::milliseconds(200);

enum class Protocol { kHttp, kGrpc };

/// Runs one load generator against the service while it is watched. Suspends. Errors: kNotFound
/// without zelus; kFailedPrecondition where the load generator refuses to start. What goes wrong
/// later makes the result partial.
bia::Result<LoadResult> run_one_load(Protocol protocol, Service& service, Watch& watch,
                                     const BenchOptions& options, const std::string& work_folder,
                                     const BenchIo& io);

}  // namespace report
