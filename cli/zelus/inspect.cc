#include "commands.h"

int run_inspect_command(const std::vector<std::string>& arguments,
                        zelus::run::CommandContext& context) {
  return zelus::run::inspect_command(arguments, context);
}
