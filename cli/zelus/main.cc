#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <numeric>
#include <utility>

#include "bia/fiber/scheduler.h"
#include "commands.h"
#include "zelus/modules/factory.h"
#include "zelus/options/flag_set.h"
#include "zelus/run/flag_tables.h"
#include "zelus/run/log.h"

extern char** environ;

namespace {

constexpr Command kCommands[] = {
    {"run", "Run a test (a k6 script)", run_test_command},
    {"inspect", "Inspect a script", run_inspect_command},
    {"archive", "Create an archive", run_archive_command},
    {"new", "Create a script to start from", run_new_command},
    {"grpc", "Load a gRPC service (ghz's command line)", run_grpc_command},
    {"pause", "Pause a running test", run_pause_command},
    {"resume", "Resume a paused test", run_resume_command},
    {"scale", "Scale a running test", run_scale_command},
    {"stats", "Show the metrics of a running test", run_stats_command},
    {"status", "Show the status of a running test", run_status_command},
    {"completion", "Write completions for a shell", run_completion_command},
    {"version", "Show version information", run_version_command},
    {"help", "Help about any command", run_help_command},
};

constexpr std::string_view kNotBuilt[] = {"cloud", "deps", "features", "login", "x"};

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

/// Where the command stands among the arguments: as cobra, after flags that k6 knows everywhere and
/// their values. arguments.size() where there is none.
size_t command_index(const std::vector<std::string>& arguments) {
  size_t at = 0;
  for (; at < arguments.size() && arguments[at].starts_with('-'); ++at) {
    const std::string& argument = arguments[at];
    for (const zelus::options::Flag& flag : zelus::run::global_flags()) {
      bool named = argument == "--" + std::string(flag.name) ||
                   (flag.shorthand && argument == std::string{'-', flag.shorthand});
      if (named && flag.kind != zelus::options::Flag::Kind::kBool) ++at;
    }
  }
  return std::min(at, arguments.size());
}

int run_without_command(const std::vector<std::string>& arguments,
                        zelus::run::CommandContext& context) {
  std::vector<zelus::options::Flag> all = zelus::run::global_flags();
  all.push_back({"version", 0, zelus::options::Flag::Kind::kBool, "", "Show version information"});
  zelus::options::FlagSet flags(all);
  auto parsed = flags.parse(arguments);
  if (!parsed && parsed.error().reason() != "HELP")
    return refuse(bia::Code::kInvalidArgument, "UNKNOWN_FLAG", parsed.error().message(), context);
  if (flags.boolean("version").value_or(false)) return run_version_command({}, context);
  return run_help_command({}, context);
}

/// Letters to insert, delete or replace to make one of the other.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

/// cobra's "Did you mean this?"; empty where nothing is near.
std::string suggestions(std::string_view typed) {
  constexpr size_t kFarthest = 2;
  std::string lower(typed);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string text;
  for (const Command& command : kCommands) {
    bool near = edit_distance(lower, command.name) <= kFarthest || command.name.starts_with(lower);
    if (near) text += "\t" + std::string(command.name) + "\n";
  }
  return text.empty() ? "" : "\n\nDid you mean this?\n" + text;
}

int dispatch(const std::vector<std::string>& arguments, zelus::run::CommandContext& context) {
  size_t at = command_index(arguments);
  if (at == arguments.size()) return run_without_command(arguments, context);
  std::vector<std::string> rest = arguments;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
  for (const Command& command : kCommands) {
    if (command.name == arguments[at]) return command.run(rest, context);
  }
  for (std::string_view known : kNotBuilt) {
    if (known == arguments[at])
      return refuse(bia::Code::kUnimplemented, "NOT_BUILT",
                    "the command \"" + arguments[at] + "\" is known to k6 but not built into zelus",
                    context);
  }
  return refuse(
      bia::Code::kInvalidArgument, "UNKNOWN_COMMAND",
      "unknown command \"" + arguments[at] + "\" for \"zelus\"" + suggestions(arguments[at]),
      context);
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
  context.leave = [](int exit_code) {
    std::fflush(nullptr);
    std::cout.flush();
    ::_exit(exit_code);
  };
  return dispatch(std::vector<std::string>(argv + 1, argv + argc), context);
}
