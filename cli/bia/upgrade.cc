// bia upgrade: is there a newer version where this one came from?
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <cstdlib>
#include <ostream>

#include "command.h"
#include "git.h"

namespace bia::cli {
namespace {

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
  const std::string tags = BIA_TRY(
      git_output({"ls-remote", "--tags", "--", repository}, "list the tags of " + repository));
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
