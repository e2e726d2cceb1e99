#include "commands.h"
#include "zelus/ghz/command.h"

int run_grpc_command(const std::vector<std::string>& arguments,
                     zelus::run::CommandContext& context) {
  zelus::ghz::CommandIo io;
  io.out = [&](std::string_view text) { context.terminal->write_out(text); };
  io.err = [&](std::string_view text) { context.terminal->write_err(text); };
  io.read_stdin = context.read_stdin;
  return zelus::ghz::run_command(arguments, io);
}
