#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/http/proxy.h"
#include "bia/net/tls.h"
#include "zelus/options/addresses.h"
#include "zelus/options/logger.h"

namespace zelus::metrics {
class Registry;
class Shard;
}  // namespace zelus::metrics

/// What the executors know of virtual users; src/zelus/modules implements it with JavaScript, tests
/// with a few lines.
namespace zelus::exec {

using bia::Duration;
using bia::Result;
using bia::TimePoint;

/// Files by absolute path.
using FileTree = std::map<std::string, std::string, std::less<>>;

/// A script as the command line found it.
struct ScriptSource {
  std::string name;  ///< as given: "script.js", "-"
  std::string url;   ///< "file:///abs/script.js"; k6 prints it in stacks
  std::string text;
  /// Read instead of the disk: the files of an archive.
  std::shared_ptr<const FileTree> archive = nullptr;
  /// Gets what the first pass reads, where somebody wants it.
  std::shared_ptr<FileTree> seen = nullptr;

  /// The file at `path`: of the archive, else what `from_disk()` gives.
  template <typename FromDisk>
  Result<std::string> read(const std::string& path, FromDisk&& from_disk) const {
    if (archive) {
      auto found = archive->find(path);
      if (found != archive->end()) return found->second;
      return bia::Error(bia::Code::kNotFound, "NO_FILE",
                        "stat " + path + ": no such file in the archive");
    }
    Result<std::string> bytes = from_disk();
    if (bytes && seen) (*seen)[path] = *bytes;
    return bytes;
  }
};

/// How https:// modules are had.
struct RemoteModuleOptions {
  /// Null: no proxy. An error is one of the first fetch.
  Result<std::shared_ptr<const bia::http::ProxyRules>> proxies =
      std::shared_ptr<const bia::http::ProxyRules>();
  std::string cache_folder;  ///< empty: nothing is kept on disk
  std::string lock_name;     ///< of the file that `lock` was read from
  /// URL → SHA-256: what a module has to be. Null: no lock.
  std::shared_ptr<const std::map<std::string, std::string, std::less<>>> lock;
  /// Gets the modules that were read, in the form of `lock`, where somebody wants them.
  std::shared_ptr<std::map<std::string, std::string, std::less<>>> taken;
  bool offline = false;  ///< from `cache_folder` only
};

/// What is fixed before the script is read (parity/k6.md 1.4).
struct RuntimeOptions {
  std::map<std::string, std::string> env;  ///< __ENV
  bool extended_compatibility = true;      ///< the global `global`
  RemoteModuleOptions remote = {};
  /// `"use k6 …"` asks for what there is (K6_AUTO_EXTENSION_RESOLUTION).
  bool extension_resolution = true;
};

/// What the first pass over the script (`__VU` = 0) found.
struct ScriptInfo {
  std::string options_json;  ///< `export const options`, as JSON.stringify gives it; empty where
                             ///< there is none
  std::vector<std::string>
      functions;  ///< all that are exported; without any there is nothing to run
  bool has_setup = false;
  bool has_teardown = false;
  bool has_handle_summary = false;
};

/// The consolidated options that users need. The names are k6's.
struct UserOptions {
  std::string user_agent = "Grafana k6/1.8.1";
  std::string options_json = "{}";   ///< `exec.test.options`: what `inspect` prints
  std::optional<int> max_redirects;  ///< 10 where no option says otherwise
  int batch = 20;
  int batch_per_host = 6;
  int64_t rps = 0;
  bool throw_on_failed_request = false;  ///< `throw`
  bool discard_response_bodies = false;
  bool no_connection_reuse = false;
  bool no_vu_connection_reuse = false;
  bool no_cookies_reset = false;
  bia::net::TlsClientOptions tls;                         ///< of https
  std::shared_ptr<const bia::http::ProxyRules> proxies;   ///< null: none
  std::vector<std::pair<std::string, std::string>> tags;  ///< run tags (`--tag`, `options.tags`)
  std::optional<std::vector<std::string>> system_tags;    ///< k6's names; those that are on
  options::AddressRules addresses;
  /// --latency-from=due: durations count from when an iteration was due, and iteration_start_delay
  /// is recorded.
  bool latency_from_due = false;
  std::string http_debug;  ///< "", "headers" (or any other text), "full"
};

/// Numbers of the run that `exec.instance` and `exec.scenario` show. One object for the run,
/// implemented by the executors; any thread.
class RunView {
 public:
  virtual ~RunView() = default;
  virtual int64_t vus_active() const = 0;
  virtual int64_t vus_initialized() const = 0;
  virtual uint64_t iterations_completed() const = 0;
  virtual uint64_t iterations_interrupted() const = 0;
  /// Milliseconds since the run began.
  virtual double run_duration_ms() const = 0;
  /// 0 to 1 for the scenario of that name; its start in Unix milliseconds.
  virtual double scenario_progress(std::string_view scenario) const = 0;
  virtual double scenario_start_ms(std::string_view scenario) const = 0;
  /// `exec.test.abort(text)`: ends the run (exit 108); `exec.test.fail(text)`: marks it (exit 110).
  virtual void abort(std::string_view text) = 0;
  virtual void mark_failed(std::string_view text) = 0;
};

/// What a user is given when a scenario takes it. Lives as long as the activation.
struct Activation {
  std::string scenario = "default";
  std::string executor = "shared-iterations";
  std::string exec = "default";                           ///< the exported function
  std::map<std::string, std::string> env;                 ///< laid over __ENV
  std::vector<std::pair<std::string, std::string>> tags;  ///< of the scenario
};

/// Claimed by the executor before each iteration.
struct IterationNumbers {
  uint64_t in_scenario_instance = 0;
  uint64_t in_scenario_test = 0;
  /// When the iteration was due, where an arrival rate says so; else the epoch.
  TimePoint due{};
};

/// How a piece of script ended.
struct Outcome {
  enum class Kind {
    kOk,
    kException,    ///< logged by the user already where k6 logs it (iterations); `text` has it for
                   ///< setup and teardown
    kBadResult,    ///< what setup or handleSummary returned cannot be used; `text` says why
    kInterrupted,  ///< by `interrupt`, a stop time or `exec.test.abort`
  };
  Kind kind = Kind::kOk;
  std::string text;           ///< "TypeError: x\n\tat default (file:///s.js:4:20)\n"
  bool rejection = false;     ///< of kException: a promise that nobody caught
  bool aborted_test = false;  ///< the iteration that called exec.test.abort(): it counts as
                              ///< interrupted but is sampled
};

/// What handleSummary gives: (path, bytes), in its order.
using SummaryFiles = std::vector<std::pair<std::string, std::string>>;

/// One virtual user. Belongs to one thread; all but `interrupt` run in its own fiber (stack:
/// bia::fiber::kStackBytesUser) and may suspend.
class User {
 public:
  virtual ~User() = default;
  /// Runs the script's top level for this user.
  virtual Result<void> init() = 0;
  /// `exec.vu.idInTest`, where it is not the number the user was made with: with execution
  /// segments. Before `init`.
  virtual void set_id_in_test(uint64_t id) { static_cast<void>(id); }
  /// Before the first iteration for a scenario. `activation` outlives the activation. May be called
  /// again for another scenario.
  virtual void activate(const Activation& activation) = 0;
  /// The JSON that `setup` returned; parsed once per user. Null: `undefined`.
  virtual void set_setup_data(std::shared_ptr<const std::string> json) = 0;
  /// One iteration: the function, the event loop drained, data_sent and data_received, then
  /// iteration_duration and iterations unless interrupted. An exception is logged here
  /// (`source=stacktrace executor= scenario=`). No pause for minIterationDuration.
  virtual Outcome run_iteration(const IterationNumbers& numbers) = 0;
  /// JSON of what `setup` returned; nullopt for undefined. Sampled with group `::setup`.
  virtual Outcome run_setup(std::optional<std::string>& json) = 0;
  virtual Outcome run_teardown() = 0;
  /// Calls the exported `handleSummary` with the parsed `data_json`; `files` gets what it returned,
  /// null where that is nothing.
  virtual Outcome handle_summary(std::string_view data_json,
                                 std::optional<SummaryFiles>& files) = 0;
  /// Ends the JavaScript that runs at its next check. From another fiber of the same thread,
  /// together with `Fiber::cancel` of the user's fiber, which ends its waits; the next `run_*` is
  /// then called in a new fiber, and clears the mark. For an end known beforehand `set_stop_at`
  /// does all of this without a cancellation.
  virtual void interrupt() = 0;
  /// Waits and JavaScript (endless loops too, which let no other fiber of the thread run) are
  /// interrupted at that time. TimePoint::max(): never.
  virtual void set_stop_at(TimePoint at) = 0;
};

/// Makes the users of one run. `load` first, on any thread, in a fiber; then `configure`; then
/// `make_user` on each user's thread.
class UserFactory {
 public:
  virtual ~UserFactory() = default;
  /// Compiles the script and what it imports, and runs the first pass, which declares metrics in
  /// `registry`. Errors carry k6's texts; the metadata "exit" has k6's exit code (107 for an
  /// exception in init, 255 for no exported function …).
  virtual Result<ScriptInfo> load(const ScriptSource& source, const RuntimeOptions& options,
                                  metrics::Registry& registry, options::Logger& logger) = 0;
  /// Once, after the options are consolidated. `run` outlives the users. `stop` set: every script
  /// of the run is interrupted.
  virtual Result<void> configure(UserOptions options, RunView& run,
                                 const std::atomic<bool>* stop) = 0;
  /// `vu` is `__VU`: from 1; 0 for the passing users of setup, teardown and handleSummary. `shard`
  /// is that of the calling thread. Errors: kResourceExhausted.
  virtual Result<std::unique_ptr<User>> make_user(uint64_t vu, metrics::Shard& shard) = 0;
  /// The run is over and the process is about to end: users that are destroyed from now on need not
  /// give back memory.
  virtual void end() {}
  /// The same without destroying users: gives back the memory of the calling thread, whose users
  /// are not touched any more, and whose thread does nothing else. False where they must be
  /// destroyed, as something of theirs is to be closed.
  virtual bool leave_thread() { return false; }
};

}  // namespace zelus::exec
