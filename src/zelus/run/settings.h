#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zelus/options/flag_set.h"
#include "zelus/options/options.h"
#include "zelus/summary/report.h"

namespace zelus::run {

using bia::Result;
using Environment = std::map<std::string, std::string>;

/// Flags that every command takes, the environment under them (parity/k6.md 1.2).
struct GlobalSettings {
  std::string address;
  std::string config_path;
  bool config_given = false;
  std::string log_output = "stderr";
  std::string log_format;
  bool no_color = false;
  bool verbose = false;
  bool quiet = false;
  bool profiling = false;
  std::vector<std::string> secret_sources;
};
GlobalSettings global_settings(const options::FlagSet& flags, const Environment& environment);

/// What is neither an option of the script nor global (parity/k6.md 1.4).
struct RuntimeSettings {
  Environment env;  ///< __ENV
  bool extended_compatibility = true;
  bool enhanced_compatibility = false;  ///< experimental_enhanced, which k6 has deprecated
  std::string type;
  bool no_thresholds = false;
  summary::Mode summary_mode = summary::Mode::kCompact;
  std::string summary_export;
  bool machine_readable = false;
  bool latency_from_due = false;
};
/// Errors: k6's texts; what is not built names itself.
Result<RuntimeSettings> runtime_settings(const options::FlagSet& flags,
                                         const Environment& environment, bool include_system_env);

/// A flag, else its variable, else `otherwise`. Errors: a variable that is no boolean.
Result<bool> bool_setting(const options::FlagSet& flags, std::string_view flag,
                          const Environment& environment, const char* variable, bool otherwise);

/// The command line's layer of options. Errors: k6's texts.
Result<options::Options> command_line_options(const options::FlagSet& flags);

/// config.json; a missing default file is no error. Errors (exit=104).
Result<options::Options> config_file_options(const GlobalSettings& settings);

/// `collectors` of config.json: the settings of each output, as JSON. Errors (exit=104).
Result<std::map<std::string, std::string>> config_file_collectors(const GlobalSettings& settings);

/// Options and flags that k6 has and zelus does not: an error that names the first. Reads
/// consolidated options.
Result<void> refuse_unbuilt(const options::Options& options, const GlobalSettings& global);

}  // namespace zelus::run
