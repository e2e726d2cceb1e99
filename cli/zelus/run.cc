#include "commands.h"

int run_test_command(const std::vector<std::string>& arguments,
                     zelus::run::CommandContext& context) {
  return zelus::run::run_command(arguments, context);
}
