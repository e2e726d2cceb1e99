#include "bia/app/app_args.h"

#include <fmt/format.h>

namespace bia {
namespace {

Error bad_argument(std::string message) {
  return Error(Code::kInvalidArgument, "ARGUMENT", std::move(message))
      .with_hint("the service takes -conf PATH, -env PREFIX, -set KEY=VALUE, --version and --help");
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
    if (name == "conf" || name == "env" || name == "set") {
      if (!has_value && i + 1 == argc) return bad_argument(fmt::format("-{} needs a value", name));
      const std::string_view given = has_value ? value : argv[++i];
      if (given.empty()) return bad_argument(fmt::format("-{} needs a value", name));
      if (name == "env") {
        args.environment_prefix = given;
      } else {
        (name == "conf" ? args.config_paths : args.overrides).emplace_back(given);
      }
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
      "usage: {} [-conf PATH]... [-env PREFIX] [-set KEY=VALUE]...\n\n"
      "  -conf PATH       configuration: a YAML, JSON or TOML file, or a folder whose files are "
      "merged (default \"{}\"), or etcd://HOST:PORT/KEY; may be repeated, later ones win\n"
      "  -env PREFIX      environment variables that are keys: with -env APP_, "
      "APP_SERVER__HTTP__ADDR is server.http.addr; over the files\n"
      "  -set KEY=VALUE   one key, over all else; may be repeated\n"
      "  --version        print name and version\n"
      "  -h, --help       print this\n",
      program, kConfigPathDefault);
}

}  // namespace bia
