#include "zelus/options/flag_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "zelus/options/duration.h"

namespace zelus::options {

using bia::Code;
using bia::Error;

namespace {

Error bad(std::string text) { return Error(Code::kInvalidArgument, "BAD_FLAG", std::move(text)); }
Error help() { return Error(Code::kCancelled, "HELP", "pflag: help requested"); }

/// encoding/csv on one record: commas separate, double quotes protect.
std::vector<std::string> split_csv(std::string_view text) {
  std::vector<std::string> fields;
  if (text.empty()) return fields;
  std::string field;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      field += '"';
      ++i;
    } else if (c == '"' && (quoted || field.empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.push_back(std::move(field));
      field.clear();
    } else {
      field += c;
    }
  }
  fields.push_back(std::move(field));
  return fields;
}

/// The value's name in help, and the usage without its quotes (pflag.UnquoteUsage).
std::pair<std::string, std::string> unquote_usage(const Flag& flag) {
  std::string usage(flag.usage);
  size_t open = usage.find('`');
  size_t close = open == std::string::npos ? open : usage.find('`', open + 1);
  if (close != std::string::npos) {
    std::string name = usage.substr(open + 1, close - open - 1);
    return {name, usage.substr(0, open) + name + usage.substr(close + 1)};
  }
  switch (flag.kind) {
    case Flag::Kind::kBool:
      return {"", usage};
    case Flag::Kind::kInt:
      return {"int", usage};
    case Flag::Kind::kDuration:
      return {"duration", usage};
    case Flag::Kind::kString:
      return {"string", usage};
    case Flag::Kind::kStringSlice:
      return {"strings", usage};
    case Flag::Kind::kStringArray:
      break;
  }
  return {"stringArray", usage};
}

/// pflag's wrapN: the text up to the last blank that fits, and the rest.
std::pair<std::string, std::string> cut(size_t width, size_t slop, const std::string& text) {
  if (width + slop > text.size()) return {text, ""};
  size_t blank = text.find_last_of(" \t\n", width == 0 ? 0 : width - 1);
  if (blank == std::string::npos || blank == 0) return {text, ""};
  size_t newline = text.find_last_of('\n', width == 0 ? 0 : width - 1);
  if (newline != std::string::npos && newline > 0 && newline < blank)
    return {text.substr(0, newline), text.substr(newline + 1)};
  return {text.substr(0, blank), text.substr(blank + 1)};
}

std::string wrapped(size_t indent, size_t columns, const std::string& text) {
  std::string margin = "\n" + std::string(indent, ' ');
  auto indented = [&](const std::string& part) {
    std::string out;
    for (char c : part) out += c == '\n' ? margin : std::string(1, c);
    return out;
  };
  if (columns <= indent) return indented(text);
  size_t width = columns - indent;
  if (width < 24) return indented(text);
  constexpr size_t kSlop = 5;
  width -= kSlop;
  auto [line, rest] = cut(width, kSlop, text);
  std::string out = indented(line);
  while (!rest.empty()) {
    std::tie(line, rest) = cut(width, kSlop, rest);
    out += margin + indented(line);
  }
  return out;
}

}  // namespace

Result<bool> parse_bool(std::string_view text) {
  static constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
  static constexpr std::array<std::string_view, 6> kFalse = {"0",     "f",     "F",
                                                             "FALSE", "false", "False"};
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return false;
  return bad(fmt::format("strconv.ParseBool: parsing \"{}\": invalid syntax", text));
}

const Flag* FlagSet::find(std::string_view name) const {
  auto found = std::find_if(flags_.begin(), flags_.end(),
                            [&](const Flag& flag) { return flag.name == name; });
  return found == flags_.end() ? nullptr : &*found;
}

const Flag* FlagSet::find(char shorthand) const {
  auto found = std::find_if(flags_.begin(), flags_.end(),
                            [&](const Flag& flag) { return flag.shorthand == shorthand; });
  return found == flags_.end() ? nullptr : &*found;
}

Result<void> FlagSet::set(const Flag& flag, std::string_view value) {
  Result<void> valid;
  auto check = [&](auto parsed) {
    if (!parsed) valid = std::move(parsed).error();
  };
  if (flag.kind == Flag::Kind::kBool) check(parse_bool(value));
  if (flag.kind == Flag::Kind::kInt) check(parse_int(value));
  if (flag.kind == Flag::Kind::kDuration) check(bia::parse_go_duration(value));
  if (!valid) {
    std::string name = flag.shorthand ? fmt::format("-{}, --{}", flag.shorthand, flag.name)
                                      : fmt::format("--{}", flag.name);
    return bad(fmt::format("invalid argument \"{}\" for \"{}\" flag: {}", value, name,
                           valid.error().message()));
  }
  auto& values = values_[std::string(flag.name)];
  if (flag.kind == Flag::Kind::kStringSlice) {
    for (std::string& part : split_csv(value)) values.push_back(std::move(part));
  } else if (flag.kind == Flag::Kind::kStringArray) {
    values.emplace_back(value);
  } else {
    values.assign(1, std::string(value));
  }
  if (!flag.deprecated.empty())
    notes_.push_back(fmt::format("Flag --{} has been deprecated, {}", flag.name, flag.deprecated));
  return {};
}

Result<void> FlagSet::parse_long(std::string_view argument, std::span<const std::string>& rest) {
  std::string_view body = argument.substr(2);
  size_t equals = body.find('=');
  std::string_view name = body.substr(0, equals);
  if (name.empty() || name.front() == '-' || name.front() == '=')
    return bad(fmt::format("bad flag syntax: {}", argument));
  const Flag* flag = find(name);
  if (!flag) {
    if (name == "help") return help();
    return bad(fmt::format("unknown flag: --{}", name));
  }
  if (equals != std::string_view::npos) return set(*flag, body.substr(equals + 1));
  if (flag->kind == Flag::Kind::kBool) return set(*flag, "true");
  if (!flag->no_value.empty()) return set(*flag, flag->no_value);
  if (rest.empty()) return bad(fmt::format("flag needs an argument: --{}", name));
  std::string value = rest.front();
  rest = rest.subspan(1);
  return set(*flag, value);
}

Result<void> FlagSet::parse_short(std::string_view argument, std::span<const std::string>& rest) {
  std::string_view letters = argument.substr(1);
  while (!letters.empty()) {
    char letter = letters.front();
    std::string_view all = letters;
    letters.remove_prefix(1);
    const Flag* flag = find(letter);
    if (!flag) {
      if (letter == 'h') return help();
      return bad(fmt::format("unknown shorthand flag: '{}' in -{}", letter, all));
    }
    if (letters.size() > 1 && letters.front() == '=') return set(*flag, letters.substr(1));
    if (flag->kind == Flag::Kind::kBool) {
      BIA_TRY(set(*flag, "true"));
      continue;
    }
    if (!flag->no_value.empty()) {
      BIA_TRY(set(*flag, flag->no_value));
      continue;
    }
    if (!letters.empty()) return set(*flag, letters);
    if (rest.empty()) return bad(fmt::format("flag needs an argument: '{}' in -{}", letter, all));
    std::string value = rest.front();
    rest = rest.subspan(1);
    return set(*flag, value);
  }
  return {};
}

Result<void> FlagSet::parse(std::span<const std::string> arguments) {
  while (!arguments.empty()) {
    std::string argument = arguments.front();
    arguments = arguments.subspan(1);
    if (argument == "--") {
      arguments_.insert(arguments_.end(), arguments.begin(), arguments.end());
      return {};
    }
    if (argument.size() < 2 || argument.front() != '-') {
      arguments_.push_back(std::move(argument));
    } else if (argument[1] == '-') {
      BIA_TRY(parse_long(argument, arguments));
    } else {
      BIA_TRY(parse_short(argument, arguments));
    }
  }
  return {};
}

std::optional<std::string> FlagSet::text(std::string_view name) const {
  auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> FlagSet::list(std::string_view name) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

// Values were checked when they were set.
std::optional<bool> FlagSet::boolean(std::string_view name) const {
  auto value = text(name);
  return value ? std::optional(*parse_bool(*value)) : std::nullopt;
}
std::optional<int64_t> FlagSet::integer(std::string_view name) const {
  auto value = text(name);
  return value ? std::optional(*parse_int(*value)) : std::nullopt;
}
std::optional<Duration> FlagSet::duration(std::string_view name) const {
  auto value = text(name);
  return value ? std::optional(*bia::parse_go_duration(*value)) : std::nullopt;
}

std::string FlagSet::usages(std::span<const Flag> flags, size_t columns) {
  struct Line {
    std::string left;
    std::string usage;
  };
  std::vector<Line> lines;
  size_t widest = 0;
  for (const Flag& flag : flags) {
    if (!flag.deprecated.empty()) continue;
    auto [value_name, usage] = unquote_usage(flag);
    std::string left = flag.shorthand ? fmt::format("  -{}, --{}", flag.shorthand, flag.name)
                                      : fmt::format("      --{}", flag.name);
    if (!value_name.empty()) left += " " + value_name;
    if (!flag.no_value.empty()) left += fmt::format("[=\"{}\"]", flag.no_value);
    if (!flag.default_text.empty()) {
      bool quoted = flag.kind == Flag::Kind::kString;
      usage += quoted ? fmt::format(" (default \"{}\")", flag.default_text)
                      : fmt::format(" (default {})", flag.default_text);
    }
    widest = std::max(widest, left.size());
    lines.push_back({std::move(left), std::move(usage)});
  }
  std::string out;
  for (const Line& line : lines) {
    out += line.left + std::string(widest - line.left.size() + 3, ' ') +
           wrapped(widest + 3, columns, line.usage) + "\n";
  }
  return out;
}

}  // namespace zelus::options
