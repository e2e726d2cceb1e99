#include "zelus/run/command.h"
#include "zelus/run/flag_tables.h"
#include "zelus/run/go_json.h"
#include "zelus/run/script_command.h"
#include "zelus/run/test_run.h"

namespace zelus::run {

namespace {

using options::Flag;

constexpr size_t kHelpColumns = 120;

std::vector<Flag> inspect_flags() {
  std::vector<Flag> flags;
  for (Flag flag : runtime_flags()) {
    if (flag.name == "include-system-env-vars") flag.default_text = "";
    flags.push_back(flag);
  }
  flags.push_back({"execution-requirements", 0, Flag::Kind::kBool, "",
                   "include calculations of execution requirements for the test"});
  return flags;
}

std::string help() {
  return "Inspect a script.\n\nUsage:\n  zelus inspect [file] [flags]\n\nFlags:\n" +
         options::FlagSet::usages(inspect_flags(), kHelpColumns) + "\nGlobal Flags:\n" +
         options::FlagSet::usages(global_flags(), kHelpColumns);
}

Result<std::string> requirements(const options::FlagSet& flags, const GlobalSettings& global,
                                 const Environment& environment, const LoadedTest& test, Log& log) {
  options::Options all = BIA_TRY(consolidated_options(flags, global, environment, test, log));
  BIA_TRY(options::validate(all, test.info.functions));
  auto segment = BIA_TRY(options::Segment::create(all.execution_segment.value_or(""),
                                                  all.execution_segment_sequence.value_or("")));
  auto plan = options::plan_of(*all.scenarios, segment);
  std::string json = options::to_json(all);
  json.pop_back();
  return json + ",\"totalDuration\":\"" + bia::format_go_duration(plan.back().offset) +
         "\",\"maxVUs\":" + std::to_string(options::possible_max(plan)) + "}";
}

}  // namespace

int inspect_command(const std::vector<std::string>& arguments, CommandContext& context) {
  std::vector<Flag> all = inspect_flags();
  all.insert(all.end(), global_flags().begin(), global_flags().end());
  auto work = [](const ScriptWork& given) -> Result<void> {
    const options::FlagSet& flags = given.flags;
    metrics::Registry registry;
    LoadRequest request{flags.arguments().front(), &flags, &given.context.environment,
                        given.context.read_stdin, /*include_system_env=*/false};
    auto test = load_test(request, given.factory, registry, given.log, given.threads.scheduler(1));
    if (!test) return std::move(test).error();
    Result<std::string> text = options::to_json(test->script_options);
    if (flags.boolean("execution-requirements").value_or(false))
      text = requirements(flags, given.global, given.context.environment, *test, given.log);
    if (text) text = go_indented(*text);
    if (!text) return std::move(text).error();
    given.context.terminal->write_out(*text);
    return {};
  };
  return run_script_command({std::move(all), help, work}, arguments, context);
}

}  // namespace zelus::run
