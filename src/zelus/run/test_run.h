#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bia/fiber/threads.h"
#include "zelus/exec/engine.h"
#include "zelus/metrics/shard.h"
#include "zelus/metrics/snapshot.h"
#include "zelus/metrics/threshold.h"
#include "zelus/options/addresses.h"
#include "zelus/options/flag_set.h"
#include "zelus/output/outputs.h"
#include "zelus/run/log.h"
#include "zelus/run/rest_api.h"
#include "zelus/run/settings.h"
#include "zelus/run/terminal.h"

namespace zelus::run {

/// A script that was read, and its options.
struct LoadedTest {
  exec::ScriptSource source;
  exec::ScriptInfo info;
  options::Options script_options;
  RuntimeSettings runtime;
};

/// What loading needs.
struct LoadRequest {
  std::string name;  ///< a path, or "-"
  const options::FlagSet* flags = nullptr;
  const Environment* environment = nullptr;
  std::function<std::string()> read_stdin;
  bool include_system_env = true;
  bool keep_files = false;  ///< in `source.seen`
};
/// Reads a script, runs its top level once on `thread`, and reads its options. Suspends. Errors
/// carry k6's exit code.
Result<LoadedTest> load_test(const LoadRequest& request, exec::UserFactory& factory,
                             metrics::Registry& registry, Log& log, bia::fiber::Scheduler& thread);
/// The layers of options over the script's. Errors (exit=104 mostly).
Result<options::Options> layered_options(const options::FlagSet& flags,
                                         const GlobalSettings& global,
                                         const Environment& environment, const LoadedTest& test,
                                         options::Logger& log);
/// The same with scenarios derived. Errors (exit=104 mostly).
Result<options::Options> consolidated_options(const options::FlagSet& flags,
                                              const GlobalSettings& global,
                                              const Environment& environment,
                                              const LoadedTest& test, options::Logger& log);

/// Checks the options and their thresholds in k6's order: the thresholds' grammar, the scenarios,
/// metrics that are not there. Errors: exit=104.
Result<metrics::Thresholds> validated_thresholds(const options::Options& options,
                                                 const LoadedTest& test,
                                                 metrics::Registry& registry);

/// Puts k6's "could not initialize 'script.js': …" before errors of loading; exceptions are left as
/// they are.
bia::Error load_error(bia::Error error, const exec::ScriptSource& source);

/// Processor time that this process has used.
bia::Duration process_cpu_time();
/// The warning where `used` of `elapsed` on each of `threads` leaves no room; empty else, and for
/// runs too short to tell.
std::string bottleneck_warning(bia::Duration used, bia::Duration elapsed, size_t threads);

/// `zelus run` on the control thread of a thread group, from the script to the exit code (k6:
/// internal/cmd/run.go).
class TestRun {
 public:
  struct Setup {
    const options::FlagSet* flags = nullptr;
    const GlobalSettings* global = nullptr;
    const Environment* environment = nullptr;
    std::function<std::string()> read_stdin;
    Terminal* terminal = nullptr;
    Log* log = nullptr;
    exec::UserFactory* factory = nullptr;
    bia::fiber::ThreadGroup* threads = nullptr;  ///< thread 0 controls, the others run users
    /// The process ends with the run: where `left()` says so, the caller ends it before this is
    /// destroyed.
    bool leaves = false;
  };
  explicit TestRun(Setup setup);
  ~TestRun();

  /// Suspends. Errors carry k6's exit code; the caller logs them.
  Result<void> run();
  bool left() const { return left_; }

 private:
  Result<void> run_trapped();
  Result<void> configure();
  Result<void> prepare();
  Result<void> execute();
  void make_shards();
  Result<void> create_outputs();
  Result<void> start_outputs();
  /// The end: last thresholds, summary, outputs.
  Result<void> conclude(Result<void> result);
  void print_summary(const metrics::Snapshot& snapshot);
  Result<void> call_handle_summary(const std::string& data,
                                   std::optional<exec::SummaryFiles>& files);
  void write_files(const std::vector<std::pair<std::string, std::string>>& files);

  /// Views the run's state: use it before that goes on.
  summary::Input summary_input(const metrics::Snapshot& snapshot) const;
  class Rest;
  Result<void> start_rest();
  void stop_rest();

  void start_progress();
  void stop_progress();
  void draw_progress(bool go_back);
  void start_gauges();
  void start_thresholds();
  /// k6's warning of too many series, again whenever they have doubled.
  void start_series_watch();
  void warn_of_series();
  /// Where zelus itself had no processor time left, its figures are not the server's.
  void warn_of_bottleneck();
  void start_signals();
  void wait_for_signal();

  static constexpr size_t kSeriesLimit = 100'000;
  size_t series_limit_ = kSeriesLimit;
  bia::Duration cpu_before_{};
  Setup setup_;
  LoadedTest test_;
  options::Options options_;
  options::AddressRules addresses_;
  options::Segment segment_;
  metrics::Registry registry_;
  metrics::ThresholdSpecs threshold_specs_;
  std::unique_ptr<metrics::Thresholds> thresholds_;
  std::vector<std::unique_ptr<metrics::Shard>> shards_;
  std::unique_ptr<metrics::Aggregator> aggregator_;
  std::unique_ptr<output::Outputs> outputs_;
  std::unique_ptr<exec::RunState> state_;
  std::unique_ptr<exec::Engine> engine_;
  std::unique_ptr<RestSubject> rest_subject_;
  std::unique_ptr<RestApi> rest_;
  /// Fibers beside the run: progress, gauges, thresholds.
  std::vector<bia::fiber::Fiber> helpers_;
  bia::fiber::Fiber progress_;
  bia::fiber::Fiber signals_;
  /// Between the start of the users and the summary a signal ends the run; before and after, the
  /// process.
  bool trapped_ = false;
  bool left_ = false;
  bool signalled_ = false;
  bia::fiber::Parker linger_;
  bool drawing_ = false;
  int width_delta_ = 0;
};

}  // namespace zelus::run
