#pragma once
#include <string>

#include "bia/base/result.h"

namespace bia {

/// The command line of a service.
struct AppArgs {
  std::string config_path = "configs";
  enum class Action { kServe, kHelp, kVersion } action = Action::kServe;

  /// `-conf PATH`, `-conf=PATH` and the same with two dashes, as Go's flag package reads them; -h,
  /// --help, --version. Errors: kInvalidArgument for anything else.
  static Result<AppArgs> parse(int argc, const char* const* argv);
};

/// What -h prints.
std::string app_help(std::string_view program);

}  // namespace bia
