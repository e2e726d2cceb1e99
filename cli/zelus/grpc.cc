#include "commands.h"
#include "zelus/ghz/command.h"

int run_grpc_command(const std::vector<std::string>& arguments,
                     zelus::run::CommandContext& context) {
  zelus::ghz::CommandIo io;
  io.out = [&](std::string_view text) { context.terminal->write_out(text); };
  io.err = [&](std::string_view text) { context.terminal->write_err(text); };
  io.read_stdin = context.read_stdin;
  io.variable = [&](std::string_view name) {
    const auto found = context.environment.find(std::string(name));
    return found == context.environment.end() ? std::string() : found->second;
  };
  return zelus::ghz::run_command(arguments, io);
}
