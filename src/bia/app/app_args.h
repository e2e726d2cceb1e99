#pragma once
#include <string>
#include <vector>

#include "bia/base/result.h"

namespace bia {

/// The command line of a service.
struct AppArgs {
  /// As given; none: "configs".
  std::vector<std::string> config_paths;
  std::string environment_prefix;
  std::vector<std::string> overrides;
  enum class Action { kServe, kHelp, kVersion } action = Action::kServe;

  /// `-conf PATH`, `-env PREFIX`, `-set KEY=VALUE`, `-conf=PATH` and the same with two dashes, as
  /// Go's flag package reads them; -h,
  /// --help, --version. Errors: kInvalidArgument for anything else.
  static Result<AppArgs> parse(int argc, const char* const* argv);
};

inline constexpr const char* kConfigPathDefault = "configs";

/// What -h prints.
std::string app_help(std::string_view program);

}  // namespace bia
