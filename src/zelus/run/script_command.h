#pragma once
#include <functional>
#include <string>
#include <vector>

#include "zelus/options/flag_set.h"
#include "zelus/run/command.h"
#include "zelus/run/command_threads.h"
#include "zelus/run/log.h"
#include "zelus/run/settings.h"

namespace zelus::run {

/// What a command that loads a script works with.
struct ScriptWork {
  const options::FlagSet& flags;
  const GlobalSettings& global;
  CommandContext& context;
  exec::UserFactory& factory;
  Log& log;
  bia::fiber::ThreadGroup& threads;
};

struct ScriptCommand {
  std::vector<options::Flag> flags;
  std::function<std::string()> help;
  /// In a fiber of thread 0.
  std::function<Result<void>(const ScriptWork&)> work;
  /// Ends the error of a wrong number of arguments.
  std::string_view argument_hint = {};
};

/// Parses the command line (exactly one script), opens the log, does the work on threads, reports
/// what failed. Returns the exit code.
int run_script_command(const ScriptCommand& command, const std::vector<std::string>& arguments,
                       CommandContext& context);

}  // namespace zelus::run
