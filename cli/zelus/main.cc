#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <iterator>

#include "bia/fiber/scheduler.h"
#include "commands.h"
#include "zelus/modules/factory.h"
#include "zelus/run/log.h"

extern char** environ;

namespace {

constexpr Command kCommands[] = {
    {"run", "Run a test (a k6 script)", run_test_command},
    {"inspect", "Inspect a script", run_inspect_command},
    {"archive", "Create an archive", run_archive_command},
    {"new", "Create a script to start from", run_new_command},
    {"grpc", "Load a gRPC service (ghz's command line)", run_grpc_command},
    {"completion", "Write completions for a shell", run_completion_command},
    {"version", "Show version information", run_version_command},
    {"help", "Help about any command", run_help_command},
};

constexpr std::string_view kNotBuilt[] = {"cloud",  "deps",  "features", "login",  "pause",
                                          "resume", "scale", "stats",    "status", "x"};

/// Those that may stand before a command, as k6's.
constexpr std::string_view kGlobalFlags[] = {
    "--address",    "-a",           "--config",        "-c",       "--help",  "-h",
    "--log-format", "--log-output", "--no-color",      "-q",       "--quiet", "--profiling-enabled",
    "-v",           "--verbose",    "--secret-source", "--version"};

bool is_global_flag(std::string_view flag) {
  std::string_view name = flag.substr(0, flag.find('='));
  return std::find(std::begin(kGlobalFlags), std::end(kGlobalFlags), name) !=
         std::end(kGlobalFlags);
}

int refuse(bia::Code code, const char* reason, std::string text,
           zelus::run::CommandContext& context) {
  auto log = zelus::run::Log::create({}, *context.terminal);
  return zelus::run::report_error(bia::Error(code, reason, std::move(text)), **log);
}

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    std::string_view pair(*entry);
    size_t equals = pair.find('=');
    if (equals != std::string_view::npos)
      all.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return all;
}

int dispatch(const std::vector<std::string>& arguments, zelus::run::CommandContext& context) {
  // As cobra: flags may come before the command.
  size_t at = 0;
  while (at < arguments.size() && arguments[at].starts_with('-')) ++at;
  std::vector<std::string> rest(arguments.begin(),
                                arguments.begin() + static_cast<std::ptrdiff_t>(at));
  if (at == arguments.size()) {
    for (const std::string& flag : rest) {
      if (!is_global_flag(flag))
        return refuse(bia::Code::kInvalidArgument, "UNKNOWN_FLAG", "unknown flag: " + flag,
                      context);
    }
    if (std::find(rest.begin(), rest.end(), "--version") != rest.end())
      return run_version_command({}, context);
    return run_help_command({}, context);
  }
  rest.insert(rest.end(), arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1, arguments.end());
  for (const Command& command : kCommands) {
    if (command.name == arguments[at]) return command.run(rest, context);
  }
  for (std::string_view known : kNotBuilt) {
    if (known == arguments[at])
      return refuse(bia::Code::kUnimplemented, "NOT_BUILT",
                    "the command \"" + arguments[at] + "\" is known to k6 but not built into zelus",
                    context);
  }
  return refuse(bia::Code::kInvalidArgument, "UNKNOWN_COMMAND",
                "unknown command \"" + arguments[at] + "\" for \"zelus\"", context);
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  bia::fiber::block_signals();
  zelus::run::CommandContext context;
  context.environment = environment();
  auto term = context.environment.find("TERM");
  std::string_view terminal_type =
      term == context.environment.end() ? std::string_view() : term->second;
  zelus::run::Terminal terminal(
      {STDOUT_FILENO, zelus::run::is_terminal(STDOUT_FILENO, terminal_type)},
      {STDERR_FILENO, zelus::run::is_terminal(STDERR_FILENO, terminal_type)});
  context.terminal = &terminal;
  context.read_stdin = [] {
    return std::string(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  };
  context.make_factory = zelus::modules::make_user_factory;
  return dispatch(std::vector<std::string>(argv + 1, argv + argc), context);
}
