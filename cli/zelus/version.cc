#include <algorithm>

#include "commands.h"

std::string version_text() {
  return "zelus v" ZELUS_VERSION " (k6 2.2.0 scripts and command line, " ZELUS_COMPILER
         ", linux/amd64)\n";
}

int run_version_command(const std::vector<std::string>& arguments,
                        zelus::run::CommandContext& context) {
  bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  context.terminal->write_out(json ? "{\"compiler\":\"" ZELUS_COMPILER
                                     "\",\"k6\":\"v2.2.0\",\"version\":\"v" ZELUS_VERSION "\"}\n"
                                   : version_text());
  return 0;
}
