#include "commands.h"

int run_new_command(const std::vector<std::string>& arguments,
                    zelus::run::CommandContext& context) {
  return zelus::run::new_command(arguments, context);
}
