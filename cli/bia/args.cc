#include "args.h"

#include <fmt/format.h>

namespace bia::cli {
namespace {

Error bad(std::string message) {
  return Error(Code::kInvalidArgument, "ARGUMENT", std::move(message));
}

const Flag* find(const std::vector<Flag>& flags, std::string_view word) {
  for (const Flag& flag : flags) {
    if (word.size() == 2 && word[0] == '-' && word[1] != '-' && word[1] == flag.letter)
      return &flag;
    if (word.starts_with("--") && word.substr(2) == flag.name) return &flag;
  }
  return nullptr;
}

std::string spelled(const Flag& flag) {
  std::string text = flag.letter ? fmt::format("-{}, --{}", flag.letter, flag.name)
                                 : fmt::format("    --{}", flag.name);
  if (!flag.value.empty()) text += fmt::format(" {}", flag.value);
  return text;
}

}  // namespace

Result<size_t> Args::take_flag(const std::vector<std::string>& words, size_t at,
                               const std::vector<Flag>& flags) {
  const std::string& word = words[at];
  const size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const Flag* flag = find(flags, name);
  if (!flag) {
    std::string known;
    for (const Flag& one : flags)
      known += fmt::format("{}--{}", known.empty() ? "" : ", ", one.name);
    return bad(fmt::format("unknown flag {}", name))
        .with_hint(known.empty() ? "it takes no flags" : fmt::format("it takes {}", known));
  }
  std::vector<std::string>& values = values_[std::string(flag->name)];
  if (flag->value.empty()) {
    if (equals != std::string::npos) return bad(fmt::format("{} takes no value", name));
    values.emplace_back();
    return at + 1;
  }
  if (equals != std::string::npos) {
    values.push_back(word.substr(equals + 1));
    return at + 1;
  }
  if (at + 1 == words.size())
    return bad(fmt::format("{} needs a value: {} {}", name, name, flag->value));
  values.push_back(words[at + 1]);
  return at + 2;
}

Result<Args> Args::parse(const std::vector<std::string>& words, const std::vector<Flag>& flags) {
  Args args;
  for (size_t at = 0; at < words.size();) {
    if (words[at] == "--") {
      args.rest_.assign(words.begin() + ptrdiff_t(at) + 1, words.end());
      break;
    }
    if (words[at].size() > 1 && words[at][0] == '-') {
      at = BIA_TRY(args.take_flag(words, at, flags));
    } else {
      args.positional_.push_back(words[at++]);
    }
  }
  return args;
}

std::string Args::get(std::string_view name, std::string_view otherwise) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Args::all(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::string flags_help(const std::vector<Flag>& flags) {
  size_t width = 0;
  for (const Flag& flag : flags) width = std::max(width, spelled(flag).size());
  std::string text;
  for (const Flag& flag : flags)
    text += fmt::format("  {:<{}}   {}\n", spelled(flag), width, flag.help);
  return text;
}

}  // namespace bia::cli
