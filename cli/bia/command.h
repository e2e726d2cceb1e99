#pragma once
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "args.h"
#include "bia/base/result.h"

namespace bia::cli {

/// Where a command prints. Results go to `out`, the rest to `err`.
struct Io {
  std::ostream& out;
  std::ostream& err;
};

/// A subcommand. Its file defines it; commands.cc lists it.
struct Command {
  std::string_view name;
  /// After the name, e.g. "NAME [--force]".
  std::string_view usage;
  std::string_view summary;
  std::vector<Flag> flags;
  /// More of its help, after the flags.
  std::string_view details;
  /// Returns the exit code. Errors are printed by main, with exit code 1.
  Result<int> (*run)(const Args& args, Io& io);
  /// What its first argument is one of, for completion; empty: a file or a name.
  std::vector<std::string_view> words = {};
};

Command new_command();
Command proto_command();
Command run_command();
Command bench_command();
Command changelog_command();
Command upgrade_command();
Command completion_command();
Command version_command();
/// In the order of the help.
std::vector<Command> all_commands();

/// Runs `bia WORDS…` and returns the exit code; errors are printed to io.err.
int run_program(const std::vector<std::string>& words, Io& io);

}  // namespace bia::cli
