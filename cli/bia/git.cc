#include "git.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>

namespace bia::cli {
namespace {

/// Of one command, above which it is refused.
constexpr size_t kOutputBytesMax = 64 * 1024 * 1024;

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

bool parse_version(std::string_view text, Version& version) {
  if (text.starts_with('v')) text.remove_prefix(1);
  for (size_t i = 0; i < version.size(); ++i) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version[i]);
    if (error != std::errc()) return false;
    text.remove_prefix(size_t(end - text.data()));
    if (i + 1 < version.size()) {
      if (!text.starts_with('.')) return false;
      text.remove_prefix(1);
    }
  }
  return text.empty();
}

Result<std::string> git_output(const std::vector<std::string>& words, std::string_view what) {
  std::string command = "GIT_TERMINAL_PROMPT=0 git";
  for (const std::string& word : words) command += " " + quoted(word);
  command += " 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  char bytes[4096];
  for (size_t got = 0; pipe && (got = fread(bytes, 1, sizeof bytes, pipe)) > 0;) {
    text.append(bytes, got);
    if (text.size() > kOutputBytesMax) break;
  }
  const bool failed = !pipe || pclose(pipe) != 0;
  if (text.size() > kOutputBytesMax)
    return Error(Code::kResourceExhausted, "GIT",
                 fmt::format("git prints more than {} bytes to {}", kOutputBytesMax, what));
  if (failed)
    return Error(Code::kUnavailable, "GIT", fmt::format("git cannot {}", what))
        .with_hint("is it a repository, and reachable?");
  return text;
}

}  // namespace bia::cli
