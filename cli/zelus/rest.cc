#include "commands.h"

int run_pause_command(const std::vector<std::string>& arguments,
                      zelus::run::CommandContext& context) {
  return zelus::run::rest_command("pause", arguments, context);
}
int run_resume_command(const std::vector<std::string>& arguments,
                       zelus::run::CommandContext& context) {
  return zelus::run::rest_command("resume", arguments, context);
}
int run_scale_command(const std::vector<std::string>& arguments,
                      zelus::run::CommandContext& context) {
  return zelus::run::rest_command("scale", arguments, context);
}
int run_stats_command(const std::vector<std::string>& arguments,
                      zelus::run::CommandContext& context) {
  return zelus::run::rest_command("stats", arguments, context);
}
int run_status_command(const std::vector<std::string>& arguments,
                       zelus::run::CommandContext& context) {
  return zelus::run::rest_command("status", arguments, context);
}
