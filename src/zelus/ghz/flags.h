#pragma once
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace zelus::ghz {

/// One flag as ghz 0.121 declares it.
struct Flag {
  enum class Kind { kString, kUint, kInt, kDuration, kBool };
  std::string_view name;
  char letter;  ///< 0 where there is none.
  Kind kind;
  std::string_view default_text;
  std::string_view help;
};

/// In the order of ghz's help.
std::span<const Flag> flags();

/// What was typed: flag name to value ("true"/"false" for booleans), and the host.
struct ParsedFlags {
  std::map<std::string, std::string, std::less<>> values;
  std::string host;
  bool help = false;
  bool version = false;

  bool has(std::string_view name) const { return values.find(name) != values.end(); }
  /// The typed value, else the flag's default.
  std::string_view get(std::string_view name) const;
};

/// kingpin's grammar, as ghz has it: `--flag=v`, `--flag v`, `-f v`, `-fv`, `--no-flag`; a flag
/// twice is an error; `@file` expands to the file's lines. Errors: kInvalidArgument with kingpin's
/// texts.
bia::Result<ParsedFlags> parse_flags(const std::vector<std::string>& arguments);

/// `zelus grpc --help`: usage with every flag, its default and its meaning.
std::string help_text();

}  // namespace zelus::ghz
