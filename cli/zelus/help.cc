#include "commands.h"
#include "zelus/run/description.h"

std::string root_help() {
  std::string text = "\n" + zelus::run::banner() +
                     "\n\nzelus is a load generator: it runs k6 scripts, and gRPC calls with ghz's "
                     "command line\n\n";
  text += "Usage:\n  zelus [command]\n\nCommands:\n";
  size_t width = 0;
  for (const Command& command : commands()) width = std::max(width, command.name.size());
  for (const Command& command : commands()) {
    text += "  " + std::string(command.name) + std::string(width - command.name.size() + 2, ' ') +
            std::string(command.summary) + "\n";
  }
  text +=
      "\nFlags:\n"
      "  -h, --help      Show help\n"
      "      --version   Show version information\n"
      "\n"
      "Examples:\n"
      "  # Run a test\n"
      "  $ zelus run test.js\n"
      "\n"
      "  # Call a gRPC service 10,000 times from 50 workers\n"
      "  $ zelus grpc --insecure --proto greeter.proto --call helloworld.Greeter.SayHello -d "
      "'{\"name\":\"Ann\"}' -c 50 -n 10000 "
      "127.0.0.1:9000\n"
      "\n"
      "Use \"zelus [command] --help\" for more information about a command.\n";
  return text;
}

int run_help_command(const std::vector<std::string>& arguments,
                     zelus::run::CommandContext& context) {
  for (const Command& command : commands()) {
    if (!arguments.empty() && command.name == arguments.front() && command.name != "help")
      return command.run({"--help"}, context);
  }
  // cobra says so and goes on.
  if (!arguments.empty() && !arguments.front().starts_with('-') && arguments.front() != "help")
    context.terminal->write_out("Unknown help topic [`" + arguments.front() + "`]\n");
  context.terminal->write_out(root_help());
  return 0;
}
