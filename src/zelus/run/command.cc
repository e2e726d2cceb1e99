#include "zelus/run/command.h"

#include <fmt/format.h>

#include "zelus/run/flag_tables.h"
#include "zelus/run/script_command.h"
#include "zelus/run/test_run.h"

namespace zelus::run {

using bia::Code;
using bia::Error;
using options::LogLevel;

namespace {

constexpr size_t kHelpColumns = 120;

const char* const kRunHead =
    "Start a test. Runs k6 scripts; the flags, the output and the exit codes are those of k6.\n"
    "\n"
    "Usage:\n"
    "  zelus run [flags]\n"
    "\n"
    "Examples:\n"
    "  # Run a single VU, once.\n"
    "  zelus run script.js\n"
    "\n"
    "  # Run a single VU, 10 times.\n"
    "  zelus run -i 10 script.js\n"
    "\n"
    "  # Run 5 VUs, splitting 10 iterations between them.\n"
    "  zelus run -u 5 -i 10 script.js\n"
    "\n"
    "  # Run 5 VUs for 10s.\n"
    "  zelus run -u 5 -d 10s script.js\n"
    "\n"
    "  # Ramp VUs from 0 to 100 over 10s, stay there for 60s, then 10s down to 0.\n"
    "  zelus run -u 0 -s 10s:100 -s 60s:100 -s 10s:0\n"
    "\n";

}  // namespace

std::string run_help() {
  std::vector<options::Flag> own = option_flags();
  for (const auto* more : {&runtime_flags(), &config_flags()})
    own.insert(own.end(), more->begin(), more->end());
  own.push_back({"help", 'h', options::Flag::Kind::kBool, "", "help for run"});
  return std::string(kRunHead) + "Flags:\n" + options::FlagSet::usages(own, kHelpColumns) +
         "\nGlobal Flags:\n" + options::FlagSet::usages(global_flags(), kHelpColumns);
}

int report_error(const Error& error, options::Logger& log) {
  std::vector<options::LogField> fields;
  // k6's errors stay word for word; ours say what to do.
  std::string hint =
                  error.code() == Code::kUnimplemented || error.code() == Code::kResourceExhausted
                      ? error.hint()
                      : "",
              inner;
  for (const auto& [key, value] : error.metadata()) {
    if (key == "hint") inner = value;
    if (key == "source") fields.push_back({"source", value});
    if (key == "error") fields.push_back({"error", value});
  }
  if (!inner.empty()) hint = inner;
  if (!hint.empty()) fields.push_back({"hint", hint});
  log.log(LogLevel::kError, error.message(), std::span<const options::LogField>(fields));
  return options::exit_of(error);
}

int run_command(const std::vector<std::string>& arguments, CommandContext& context) {
  auto work = [](const ScriptWork& given) {
    TestRun run({&given.flags, &given.global, &given.context.environment, given.context.read_stdin,
                 given.context.terminal, &given.log, &given.factory, &given.threads,
                 given.context.leave != nullptr});
    Result<void> result = run.run();
    if (run.left()) given.context.leave(result ? 0 : report_error(result.error(), given.log));
    return result;
  };
  return run_script_command(
      {run_flags(), run_help, work,
       ": arg should either be \"-\", if reading script from stdin, or a path "
       "to a script file"},
      arguments, context);
}

}  // namespace zelus::run
