#pragma once
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace bia::cli {

/// A flag that a subcommand takes: "--NAME", and "-S" where `letter` is set.
struct Flag {
  std::string_view name;
  char letter = 0;
  /// What its value is called in help, e.g. "DIR"; empty: it has none.
  std::string_view value;
  std::string_view help;
};

/// A subcommand's arguments: "--name value", "--name=value", "-n value", positional ones, and what
/// follows "--".
class Args {
 public:
  /// Errors: kInvalidArgument for an unknown flag, with what is close to it, or a missing or
  /// superfluous value.
  static Result<Args> parse(const std::vector<std::string>& words, const std::vector<Flag>& flags);

  bool has(std::string_view name) const { return values_.contains(std::string(name)); }
  /// The last value given; `otherwise` where there is none.
  std::string get(std::string_view name, std::string_view otherwise = {}) const;
  /// All values given, in order.
  std::vector<std::string> all(std::string_view name) const;
  const std::vector<std::string>& positional() const { return positional_; }
  /// After "--".
  const std::vector<std::string>& rest() const { return rest_; }

 private:
  Result<size_t> take_flag(const std::vector<std::string>& words, size_t at,
                           const std::vector<Flag>& flags);
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> positional_;
  std::vector<std::string> rest_;
};

/// "  -f, --force        overwrite what is there" a line.
std::string flags_help(const std::vector<Flag>& flags);

}  // namespace bia::cli
