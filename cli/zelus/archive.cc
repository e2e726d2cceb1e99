#include "commands.h"

int run_archive_command(const std::vector<std::string>& arguments,
                        zelus::run::CommandContext& context) {
  return zelus::run::archive_command(arguments, context);
}
