#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace zelus::ghz {

/// The terminal as the command sees it; tests give their own.
struct CommandIo {
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
  std::function<std::string()> read_stdin;
  /// An environment variable's value, "" where there is none. Null: none at all.
  std::function<std::string(std::string_view)> variable = nullptr;
};

/// `zelus grpc ARGUMENTS`: ghz's command line, output and exit codes (0 also where calls failed; 1
/// for a bad command line or set-up). Call `bia::fiber::block_signals` before.
int run_command(const std::vector<std::string>& arguments, const CommandIo& io);

}  // namespace zelus::ghz
