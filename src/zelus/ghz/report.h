#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bia/base/error.h"

namespace zelus::ghz {

/// One finished call.
struct Detail {
  int64_t end_unix_ns;
  int64_t latency_ns;
  bia::Code code;
  uint32_t error;  ///< Index into Report::errors; kNoError where the call was OK.
};
inline constexpr uint32_t kNoError = UINT32_MAX;

struct Bucket {
  double mark_seconds;
  uint64_t count;
  double frequency;
};

struct LatencyPercentile {
  int percentage;
  int64_t latency_ns;
};

/// A run's figures, by ghz's formulas (its runner/reporter.go).
struct Report {
  std::string name;
  int64_t date_unix_ns = 0;  ///< End of the run.
  std::string end_reason;    ///< normal, timeout, cancel
  uint64_t count = 0;
  int64_t total_ns = 0;
  int64_t average_ns = 0;
  int64_t fastest_ns = 0;
  int64_t slowest_ns = 0;
  double rps = 0;
  std::map<std::string, uint64_t> error_distribution;
  std::map<std::string, uint64_t> status_distribution;
  std::vector<LatencyPercentile> percentiles;
  std::vector<Bucket> histogram;
  std::vector<Detail> details;
  std::vector<std::string> errors;
  std::map<std::string, std::string> tags;
  std::string options_json;  ///< An object, as ghz's report has it.
};

/// Where ghz's own details end; beyond it percentiles and histogram here still count every call.
inline constexpr size_t kDetailsMax = 1'000'000;

/// What one thread measured; merged at the end. Adding allocates only as the lists grow.
class Tally {
 public:
  enum class Keep { kLatencies, kDetails };
  explicit Tally(Keep keep) : keep_(keep) {}
  void add(int64_t end_unix_ns, int64_t latency_ns, bia::Code code, std::string_view message);
  void merge(Tally&& other);
  uint64_t count() const { return count_; }

 private:
  friend Report make_report(Tally tally, int64_t total_ns, bool count_errors);
  Keep keep_;
  uint64_t count_ = 0;
  long double latency_sum_ns_ = 0;
  uint64_t by_code_[17] = {};
  std::vector<int64_t> ok_latencies_;
  std::vector<int64_t> error_latencies_;
  std::vector<Detail> details_;
  std::vector<std::string> errors_;
  std::vector<uint64_t> error_counts_;
  std::map<std::string, uint32_t, std::less<>> error_index_;
};

/// Distributions, percentiles (nearest rank), the histogram of 11 marks.
Report make_report(Tally tally, int64_t total_ns, bool count_errors);

/// "rpc error: code = X desc = …", as grpc-go words it.
std::string rpc_error_text(bia::Code code, std::string_view message);

}  // namespace zelus::ghz
