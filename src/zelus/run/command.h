#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "zelus/exec/user.h"
#include "zelus/run/terminal.h"

namespace zelus::run {

/// What the process gives a command.
struct CommandContext {
  Terminal* terminal = nullptr;
  std::map<std::string, std::string> environment;
  std::function<std::string()> read_stdin;
  /// Makes the users; tests give their own.
  std::function<std::unique_ptr<exec::UserFactory>()> make_factory;
  /// Ends the process at once: a run does not take itself apart then. Null: commands return.
  void (*leave)(int exit_code) = nullptr;
};

/// `zelus run ARGUMENTS`: k6's flags, output and exit codes. Call bia::fiber::block_signals before.
int run_command(const std::vector<std::string>& arguments, CommandContext& context);
std::string run_help();
/// `zelus inspect ARGUMENTS`: the script's options as JSON.
int inspect_command(const std::vector<std::string>& arguments, CommandContext& context);
/// `zelus archive ARGUMENTS`: a script with its files and options as one tar.
int archive_command(const std::vector<std::string>& arguments, CommandContext& context);
/// `zelus new ARGUMENTS`: writes a script to start from.
int new_command(const std::vector<std::string>& arguments, CommandContext& context);
/// `zelus pause`, `resume`, `scale`, `stats`, `status` (k6 1.x): asks the REST API of another
/// zelus at --address.
int rest_command(std::string_view name, const std::vector<std::string>& arguments,
                 CommandContext& context);

/// Logs an error as k6's root command does and returns its exit code.
int report_error(const bia::Error& error, options::Logger& log);

}  // namespace zelus::run
