// bia upgrade: is there a newer version where this one came from?
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <ostream>

#include "command.h"

namespace bia::cli {
namespace {

using Version = std::array<int, 3>;

/// "v1.2.3"; pre-releases and all else are no version to upgrade to.
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

/// The tags of a repository, a line each: "<hash>\trefs/tags/v1.2.3".
Result<std::string> tags_of(const std::string& repository) {
  std::string quoted = "'";
  for (char c : repository) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  const std::string command =
      "GIT_TERMINAL_PROMPT=0 git ls-remote --tags -- " + quoted + "' 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  char bytes[4096];
  for (size_t got = 0; pipe && (got = fread(bytes, 1, sizeof bytes, pipe)) > 0;)
    text.append(bytes, got);
  if (!pipe || pclose(pipe) != 0)
    return Error(Code::kUnavailable, "GIT",
                 fmt::format("git cannot list the tags of {}", repository))
        .with_hint("is it a repository, and reachable?");
  return text;
}

Result<int> check(const Args& args, Io& io) {
  const char* variable = getenv("BIA_REPO");
  const std::string repository = args.get("repo", variable ? variable : "");
  if (repository.empty()) {
    return Error(Code::kInvalidArgument, "REPO", "bia does not know where its releases are")
        .with_hint(
            "bia upgrade --repo URL, or set BIA_REPO: the git repository that bia came from");
  }
  Version mine{};
  parse_version(BIA_VERSION, mine);
  Version newest = mine;
  std::string_view rest;
  const std::string tags = BIA_TRY(tags_of(repository));
  for (rest = tags; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const size_t slash = line.rfind('/');
    Version version{};
    if (slash != std::string_view::npos && parse_version(line.substr(slash + 1), version))
      newest = std::max(newest, version);
  }
  if (newest == mine) {
    fmt::print(io.out, "bia v{} is the newest of {}\n", BIA_VERSION, repository);
    return 0;
  }
  fmt::print(io.out,
             "bia v{0}.{1}.{2} is there, this is v{3}. To upgrade:\n\n"
             "$ git clone --branch v{0}.{1}.{2} {4} bia && cd bia && make && make install\n",
             newest[0], newest[1], newest[2], BIA_VERSION, repository);
  return 0;
}

}  // namespace

Command upgrade_command() {
  return {"upgrade",
          "[--repo URL]",
          "see whether there is a newer bia",
          {{"repo", 'r', "URL", "the git repository that bia came from; default: $BIA_REPO"}},
          "Changes nothing. Tags like v1.2.3 are the releases.",
          check};
}

}  // namespace bia::cli
