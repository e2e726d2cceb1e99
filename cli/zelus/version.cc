#include "commands.h"
#include "zelus/options/flag_set.h"
#include "zelus/run/flag_tables.h"
#include "zelus/run/log.h"

std::string version_text() {
  return "zelus v" ZELUS_VERSION " (k6 2.2.0 scripts and command line, " ZELUS_COMPILER
         ", linux/amd64)\n";
}

int run_version_command(const std::vector<std::string>& arguments,
                        zelus::run::CommandContext& context) {
  using zelus::options::Flag;
  std::vector<Flag> own = {{"json", 0, Flag::Kind::kBool, "",
                            "if set, output version information will be in JSON format"},
                           {"help", 'h', Flag::Kind::kBool, "", "help for version"}};
  std::vector<Flag> all(own.begin(), own.end() - 1);
  all.insert(all.end(), zelus::run::global_flags().begin(), zelus::run::global_flags().end());
  zelus::options::FlagSet flags(all);
  auto parsed = flags.parse(arguments);
  if (!parsed && parsed.error().reason() == "HELP") {
    context.terminal->write_out(
        "Show the application version and exit.\n\nUsage:\n  zelus version [flags]\n\nFlags:\n" +
        zelus::options::FlagSet::usages(own, 120));
    return 0;
  }
  if (!parsed) {
    auto log = zelus::run::Log::create({}, *context.terminal);
    return zelus::run::report_error(parsed.error(), **log);
  }
  bool json = flags.boolean("json").value_or(false);
  context.terminal->write_out(json ? "{\"compiler\":\"" ZELUS_COMPILER
                                     "\",\"k6\":\"v2.2.0\",\"version\":\"v" ZELUS_VERSION "\"}\n"
                                   : version_text());
  return 0;
}
