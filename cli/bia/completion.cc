// bia completion: what a shell sources, made from the table of commands.
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>

#include "command.h"

namespace bia::cli {
namespace {

std::string flags_of(const Command& command) {
  std::string text;
  for (const Flag& flag : command.flags)
    text += fmt::format("{}--{}", text.empty() ? "" : " ", flag.name);
  return text;
}

std::string names() {
  std::string text = "help";
  for (const Command& command : all_commands()) text += fmt::format(" {}", command.name);
  return text;
}

std::string words_of(const Command& command) {
  return fmt::format("{}", fmt::join(command.words, " "));
}

std::string bash() {
  std::string cases = fmt::format("    help) first=\"{}\" ;;\n", names());
  for (const Command& command : all_commands())
    cases += fmt::format("    {}) words=\"{}\" first=\"{}\" ;;\n", command.name, flags_of(command),
                         words_of(command));
  return fmt::format(
      "_bia() {{\n"
      "  local words= first= current=${{COMP_WORDS[COMP_CWORD]}}\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{}\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case ${{COMP_WORDS[1]}} in\n{}  esac\n"
      "  case $current in\n"
      "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
      "    *)\n"
      "      if [ \"$COMP_CWORD\" = 2 ] && [ -n \"$first\" ]; then\n"
      "        COMPREPLY=($(compgen -W \"$first\" -- \"$current\"))\n"
      "      else\n"
      "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "      fi ;;\n"
      "  esac\n"
      "}}\n"
      "complete -F _bia bia\n",
      names(), cases);
}

std::string zsh() { return "#compdef bia\nautoload -U +X bashcompinit && bashcompinit\n" + bash(); }

std::string fish() {
  const auto first = [](std::string_view command, const std::string& words) {
    return fmt::format(
        "complete -c bia -n '__fish_seen_subcommand_from {0}; and not __fish_seen_subcommand_from "
        "{1}' -f -a '{1}'\n",
        command, words);
  };
  std::string text = "complete -c bia -n __fish_use_subcommand -f -a help\n";
  // Not by what was seen: "help" is among the words.
  text += fmt::format("complete -c bia -n '__fish_prev_arg_in help' -f -a '{}'\n", names());
  for (const Command& command : all_commands()) {
    text += fmt::format("complete -c bia -n __fish_use_subcommand -f -a {} -d '{}'\n", command.name,
                        command.summary);
    if (!command.words.empty()) text += first(command.name, words_of(command));
    for (const Flag& flag : command.flags)
      text += fmt::format("complete -c bia -n '__fish_seen_subcommand_from {}' -l {}{}\n",
                          command.name, flag.name, flag.value.empty() ? "" : " -r");
  }
  return text;
}

Result<int> print_completion(const Args& args, Io& io) {
  const std::string shell = args.positional().empty() ? "" : args.positional()[0];
  if (args.positional().size() == 1 && (shell == "bash" || shell == "zsh" || shell == "fish")) {
    io.out << (shell == "bash" ? bash() : shell == "zsh" ? zsh() : fish());
    return 0;
  }
  return Error(Code::kInvalidArgument, "SHELL", "bia completion takes bash, zsh or fish")
      .with_hint("source <(bia completion bash)");
}

}  // namespace

Command completion_command() {
  return {"completion",
          "bash|zsh|fish",
          "print a shell's completion script",
          {},
          "source <(bia completion bash); bia completion fish | source",
          print_completion,
          {"bash", "zsh", "fish"}};
}

}  // namespace bia::cli
