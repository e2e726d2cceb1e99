#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"

namespace zelus::options {

using bia::Duration;
using bia::Result;

/// A command-line flag as Go's pflag knows it.
struct Flag {
  enum class Kind { kBool, kInt, kDuration, kString, kStringSlice, kStringArray };
  std::string_view name;
  char shorthand = 0;
  Kind kind = Kind::kString;
  /// As help shows it; "" and zero values are not shown.
  std::string_view default_text;
  /// `back-quoted` words name the value in help.
  std::string_view usage;
  /// The value of a flag that is given without one; empty: it needs one (bools do not).
  std::string_view no_value = {};
  /// Accepted, not in help, with this note on stderr: "use --summary-mode=disabled instead".
  std::string_view deprecated = {};
};

/// Flags and arguments in pflag's grammar: --name=value, --name value, -n value, -nvalue, -n=value,
/// combined bool shorthands, `--` ends flags, arguments may stand between them.
class FlagSet {
 public:
  explicit FlagSet(std::vector<Flag> flags) : flags_(std::move(flags)) {}

  /// Errors: kInvalidArgument with pflag's texts. The reason is HELP for -h or --help.
  Result<void> parse(std::span<const std::string> arguments);

  const std::vector<std::string>& arguments() const { return arguments_; }
  bool changed(std::string_view name) const { return values_.contains(name); }
  /// nullopt unless given.
  std::optional<bool> boolean(std::string_view name) const;
  std::optional<int64_t> integer(std::string_view name) const;
  std::optional<Duration> duration(std::string_view name) const;
  std::optional<std::string> text(std::string_view name) const;
  /// All values given; slices are split at commas as CSV.
  std::vector<std::string> list(std::string_view name) const;
  /// Notes on deprecated flags that were given.
  const std::vector<std::string>& notes() const { return notes_; }

  /// pflag's FlagUsagesWrapped: one flag a paragraph, columns aligned, wrapped at `columns`.
  static std::string usages(std::span<const Flag> flags, size_t columns);

 private:
  const Flag* find(std::string_view name) const;
  const Flag* find(char shorthand) const;
  Result<void> set(const Flag& flag, std::string_view value);
  Result<void> parse_long(std::string_view argument, std::span<const std::string>& rest);
  Result<void> parse_short(std::string_view argument, std::span<const std::string>& rest);

  std::vector<Flag> flags_;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> arguments_;
  std::vector<std::string> notes_;
};

/// strconv.ParseBool with its error.
Result<bool> parse_bool(std::string_view text);

}  // namespace zelus::options
