#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/time.h"
#include "zelus/metrics/snapshot.h"
#include "zelus/metrics/stream.h"
#include "zelus/options/logger.h"

namespace zelus::output {

using bia::Duration;
using bia::Error;
using bia::Result;

/// What the outputs of a run are made with; all of it outlives them.
struct Context {
  options::Logger& log;
  /// The process' variables: K6_PROMETHEUS_RW_…, K6_CSV_….
  const std::map<std::string, std::string>& environment;
  metrics::SystemTags system_tags = metrics::SystemTags::defaults();
  const metrics::Thresholds& thresholds;
  const metrics::ThresholdSpecs& threshold_specs;
  /// Writes to standard output; may be called on a helper thread.
  std::function<void(std::string_view)> write_stdout;
  /// `collectors` of config.json: JSON text by output.
  std::map<std::string, std::string> collectors;
};

/// One `-o NAME[=ARG]`. Lives on the aggregator's thread; its methods run in fibers of that thread,
/// one at a time.
class Output {
 public:
  virtual ~Output() = default;
  /// For the line "output:" of the description: "json (out.json)".
  virtual std::string description() const = 0;
  /// Before the first sample. Errors stop the run before it begins. May suspend.
  virtual Result<void> start() { return {}; }

  /// Whether it wants single samples; else it gets snapshots, every `interval`.
  virtual bool wants_samples() const = 0;
  virtual Duration interval() const = 0;
  /// In the order of each thread. May suspend. What goes wrong is logged: the run goes on.
  virtual void add_samples(const metrics::SampleChunk& samples) { static_cast<void>(samples); }
  /// With Detail::kSeries. May suspend.
  virtual void add_snapshot(const metrics::Snapshot& snapshot) { static_cast<void>(snapshot); }

  /// After the last samples or snapshot. May suspend.
  virtual Result<void> stop() { return {}; }
};

/// Makes the output of one `-o`. Errors: k6's texts (exit code 255); kUnimplemented naming an
/// output of k6 that is not built.
Result<std::unique_ptr<Output>> create_output(std::string_view name_and_argument,
                                              const Context& context);

}  // namespace zelus::output
