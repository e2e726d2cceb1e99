#include "bia/app_args.h"

#include <fmt/format.h>

namespace bia {
namespace {

Error bad_argument(std::string message) {
  return Error(Code::kInvalidArgument, "ARGUMENT", std::move(message))
      .with_hint("the service takes -conf PATH, --version and --help");
}

}  // namespace

Result<AppArgs> AppArgs::parse(int argc, const char* const* argv) {
  AppArgs args;
  for (int i = 1; i < argc; ++i) {
    const std::string_view text = argv[i];
    if (!text.starts_with('-') || text == "-" || text == "--")
      return bad_argument(fmt::format("unexpected argument {}", text));
    std::string_view name = text.substr(text.starts_with("--") ? 2 : 1);
    const size_t equals = name.find('=');
    const bool has_value = equals != std::string_view::npos;
    const std::string_view value = has_value ? name.substr(equals + 1) : std::string_view();
    name = name.substr(0, equals);
    if (name == "conf") {
      if (!has_value && i + 1 == argc) return bad_argument("-conf needs a path");
      args.config_path = has_value ? value : argv[++i];
      if (args.config_path.empty()) return bad_argument("-conf needs a path");
    } else if ((name == "h" || name == "help") && !has_value) {
      args.action = Action::kHelp;
      return args;
    } else if (name == "version" && !has_value) {
      args.action = Action::kVersion;
      return args;
    } else {
      return bad_argument(fmt::format("unknown flag {}", text));
    }
  }
  return args;
}

std::string app_help(std::string_view program) {
  return fmt::format(
      "usage: {} [-conf PATH]\n\n"
      "  -conf PATH   configuration: a YAML file, or a folder whose files are merged (default "
      "\"{}\")\n"
      "  --version    print name and version\n"
      "  -h, --help   print this\n",
      program, AppArgs().config_path);
}

}  // namespace bia
