#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <ostream>

#include "bia/config/config_node.h"
#include "command.h"

namespace bia::cli {
namespace {

std::string program_help() {
  std::string text = "bia: microservices for C++\n\nusage: bia COMMAND [ARGUMENTS]\n\n";
  for (const Command& command : all_commands())
    text += fmt::format("  {:<10} {}\n", command.name, command.summary);
  text += fmt::format("  {:<10} {}\n", "help", "print this, or a command's help: bia help COMMAND");
  return text;
}

std::string command_help(const Command& command) {
  std::string text = fmt::format("bia {}: {}\n\nusage: bia {} {}\n", command.name, command.summary,
                                 command.name, command.usage);
  if (!command.flags.empty()) text += "\n" + flags_help(command.flags);
  if (!command.details.empty()) text += fmt::format("\n{}\n", command.details);
  return text;
}

Error unknown_command(const std::string& name) {
  const std::vector<Command> table = all_commands();
  std::vector<std::string_view> names = {"help"};
  for (const Command& command : table) names.push_back(command.name);
  const std::string_view near = config_detail::closest(name, names);
  return Error(Code::kInvalidArgument, "COMMAND",
               fmt::format("unknown command \"{}\"{}", name,
                           near.empty() ? "" : fmt::format("; did you mean {}?", near)))
      .with_hint("bia help lists them");
}

Result<int> dispatch(const std::vector<std::string>& words, Io& io) {
  const std::vector<Command> table = all_commands();
  const auto find = [&](const std::string& name) {
    return std::find_if(table.begin(), table.end(),
                        [&](const Command& command) { return command.name == name; });
  };
  const std::string name = words.empty() ? "help" : words[0];
  if (name == "help" || name == "-h" || name == "--help") {
    if (words.size() < 2) {
      io.out << program_help();
      return 0;
    }
    const auto command = find(words[1]);
    if (command == table.end()) return unknown_command(words[1]);
    io.out << command_help(*command);
    return 0;
  }
  const auto command = find(name == "-v" || name == "--version" ? "version" : name);
  if (command == table.end()) return unknown_command(name);
  const std::vector<std::string> arguments(words.begin() + 1, words.end());
  if (!arguments.empty() && (arguments[0] == "-h" || arguments[0] == "--help")) {
    io.out << command_help(*command);
    return 0;
  }
  auto args = Args::parse(arguments, command->flags);
  if (!args) return std::move(args).error().in("bia " + name);
  return command->run(*args, io);
}

Result<int> print_version(const Args&, Io& io) {
  io.out << "bia version v" BIA_VERSION "\n";
  return 0;
}

}  // namespace

std::vector<Command> all_commands() {
  return {new_command(),       proto_command(),   run_command(),        bench_command(),
          changelog_command(), upgrade_command(), completion_command(), version_command()};
}

Command version_command() { return {"version", "", "print the version", {}, {}, print_version}; }

int run_program(const std::vector<std::string>& words, Io& io) {
  auto code = dispatch(words, io);
  if (code) return *code;
  fmt::print(io.err, "ERROR: {}\n", code.error().text());
  return 1;
}

}  // namespace bia::cli
