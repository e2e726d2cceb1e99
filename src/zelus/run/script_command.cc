#include "zelus/run/script_command.h"

namespace zelus::run {

namespace {
std::string format_name(const std::string& format) {
  return format == "json" ? "JSON" : format == "raw" ? "RAW" : "TEXT";
}
}  // namespace

int run_script_command(const ScriptCommand& command, const std::vector<std::string>& arguments,
                       CommandContext& context) {
  options::FlagSet flags(command.flags);
  auto parsed = flags.parse(arguments);
  if (!parsed && parsed.error().reason() == "HELP") {
    context.terminal->write_out(command.help());
    return 0;
  }
  for (const std::string& note : flags.notes()) context.terminal->write_out(note + "\n");
  GlobalSettings global = global_settings(flags, context.environment);
  Log::Settings log_settings{global.log_output, global.log_format, global.verbose, global.no_color};
  if (!parsed) log_settings = {};
  auto log = Log::create(log_settings, *context.terminal);
  if (!log) return report_error(log.error(), **Log::create({}, *context.terminal));
  if (parsed) parsed = check_arguments(flags, command.argument_hint);
  if (!parsed) return report_error(parsed.error(), **log);
  (*log)->log(options::LogLevel::kDebug, "Logger format: " + format_name(global.log_format));
  Result<void> result;
  auto factory = context.make_factory();
  auto ran = on_threads([&](bia::fiber::ThreadGroup& threads) {
    result = command.work({flags, global, context, *factory, **log, threads});
  });
  if (!ran) result = std::move(ran);
  return result ? 0 : report_error(result.error(), **log);
}

}  // namespace zelus::run
