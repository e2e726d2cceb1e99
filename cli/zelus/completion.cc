#include <fmt/format.h>

#include <algorithm>

#include "commands.h"
#include "zelus/run/flag_tables.h"
#include "zelus/run/log.h"

namespace {

using zelus::options::Flag;

/// What may follow a command: its flags' names.
std::vector<std::string> words_after(std::string_view command) {
  std::vector<std::string> words = {"--help"};
  std::vector<Flag> flags;
  if (command == "run") flags = zelus::run::run_flags();
  if (command == "inspect") {
    flags = zelus::run::runtime_flags();
    flags.insert(flags.end(), zelus::run::global_flags().begin(), zelus::run::global_flags().end());
    words.emplace_back("--execution-requirements");
  }
  if (command == "new") words.insert(words.end(), {"--force", "--template"});
  if (command == "completion") words = {"bash", "zsh", "fish", "powershell"};
  for (const Flag& flag : flags) {
    if (flag.deprecated.empty()) words.push_back("--" + std::string(flag.name));
  }
  std::sort(words.begin(), words.end());
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string command_names() {
  std::vector<std::string> names;
  for (const Command& command : commands()) names.emplace_back(command.name);
  return joined(names);
}

std::string bash() {
  std::string text =
      "# bash completion for zelus: source <(zelus completion bash)\n"
      "_zelus() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    words='" +
      command_names() +
      " --help --version'\n"
      "  else\n"
      "    case $command in\n";
  for (const Command& command : commands())
    text +=
        fmt::format("      {}) words='{}' ;;\n", command.name, joined(words_after(command.name)));
  return text +
         "    esac\n"
         "  fi\n"
         "  case $word in\n"
         "    -*) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\") ;;\n"
         "    *) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\"; "
         "[ \"$COMP_CWORD\" -eq 1 ] || compgen -f -- \"$word\") ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _zelus zelus\n";
}

std::string zsh() {
  return "#compdef zelus\n"
         "# zsh completion for zelus: source <(zelus completion zsh)\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash();
}

std::string fish() {
  std::string text = "# fish completion for zelus: zelus completion fish | source\n";
  for (const Command& command : commands()) {
    text += fmt::format("complete -c zelus -n __fish_use_subcommand -f -a {} -d '{}'\n",
                        command.name, [&] {
                          std::string summary(command.summary);
                          std::erase(summary, '\'');
                          return summary;
                        }());
    for (const std::string& word : words_after(command.name)) {
      text +=
          fmt::format("complete -c zelus -n '__fish_seen_subcommand_from {}' {}\n", command.name,
                      word.starts_with("--") ? "-l " + word.substr(2) : "-f -a " + word);
    }
  }
  return text;
}

std::string powershell() {
  std::string text =
      "# PowerShell completion for zelus: zelus completion powershell | Out-String | "
      "Invoke-Expression\n"
      "Register-ArgumentCompleter -Native -CommandName zelus -ScriptBlock {\n"
      "  param($word, $line)\n"
      "  $all = @{\n";
  for (const Command& command : commands())
    text += fmt::format("    '{}' = '{}'\n", command.name, joined(words_after(command.name)));
  return text +
         "  }\n"
         "  $parts = $line.CommandElements\n"
         "  $known = if ($parts.Count -gt 1) { $all[\"$($parts[1])\"] } else { $null }\n"
         "  $words = if ($known) { $known } else { '" +
         command_names() +
         "' }\n"
         "  $words -split ' ' | Where-Object { $_ -like \"$word*\" }\n"
         "}\n";
}

const char* const kHelp =
    "Writes completions for a shell to standard output.\n\n"
    "Usage:\n  zelus completion bash|zsh|fish|powershell\n\n"
    "Examples:\n"
    "  source <(zelus completion bash)\n"
    "  zelus completion fish | source\n";

}  // namespace

int run_completion_command(const std::vector<std::string>& arguments,
                           zelus::run::CommandContext& context) {
  std::string shell = arguments.empty() ? "--help" : arguments.front();
  std::string text = shell == "bash"                      ? bash()
                     : shell == "zsh"                     ? zsh()
                     : shell == "fish"                    ? fish()
                     : shell == "powershell"              ? powershell()
                     : shell == "--help" || shell == "-h" ? kHelp
                                                          : "";
  if (arguments.size() <= 1 && !text.empty()) {
    context.terminal->write_out(text);
    return 0;
  }
  auto log = zelus::run::Log::create({}, *context.terminal);
  return zelus::run::report_error(
      bia::Error(bia::Code::kInvalidArgument, "UNKNOWN_SHELL",
                 fmt::format("completion takes one of bash, zsh, fish and powershell, not \"{}\"",
                             joined(arguments))),
      **log);
}
