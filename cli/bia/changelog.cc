// bia changelog: Kratos' release notes and commits since, from a repository's own history.
#include "changelog.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "command.h"
#include "git.h"
#include "temp_folder.h"

namespace bia::cli {
namespace {

namespace fs = std::filesystem;

struct Group {
  std::string_view type;
  std::string_view heading;
};
/// Kratos' order. The last takes what has another type, or none.
constexpr std::array<Group, 7> kGroups = {{{"break", "Breaking Changes"},
                                           {"deps", "Dependencies"},
                                           {"feat", "New Features"},
                                           {"fix", "Bug Fixes"},
                                           {"build", "Builds"},
                                           {"chore", "Chores"},
                                           {"", "Others"}}};

std::string_view take_until(std::string_view& rest, char end) {
  const std::string_view part = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return part;
}

size_t group_of(std::string_view subject, std::string_view body) {
  const std::string_view head = subject.substr(0, subject.find(':'));
  const std::string_view type = head.substr(0, head.find_first_of("(! "));
  const bool typed = head.size() < subject.size();
  if (typed && head.ends_with('!')) return 0;
  for (std::string_view footer : {"BREAKING CHANGE: ", "BREAKING-CHANGE: "}) {
    if (body.starts_with(footer) || body.find("\n" + std::string(footer)) != body.npos) return 0;
  }
  for (size_t i = 0; i + 1 < kGroups.size(); ++i) {
    // Kratos' own history has "fix text" too.
    if (type == kGroups[i].type) return i;
  }
  return kGroups.size() - 1;
}

/// A repository's folder; a clone of its history alone where it is elsewhere.
class Repository {
 public:
  static Result<Repository> open(std::string where) {
    std::error_code error;
    if (fs::is_directory(where, error)) return Repository(std::move(where), std::nullopt);
    TempFolder clone = BIA_TRY(TempFolder::create());
    std::string folder = clone.path().string();
    BIA_TRY(git_output({"clone", "--quiet", "--bare", "--filter=tree:0", "--", where, folder},
                       "clone " + where));
    return Repository(std::move(folder), std::move(clone));
  }

  Result<std::string> git(std::vector<std::string> words, std::string_view what) const {
    words.insert(words.begin(), {"-C", folder_});
    return git_output(words, fmt::format("{} in {}", what, folder_));
  }
  /// Errors: kNotFound.
  Result<void> check(const std::string& revision) const {
    const Error unknown(Code::kNotFound, "REVISION",
                        fmt::format("there is no revision \"{}\"", revision));
    if (revision.empty() || revision.starts_with('-')) return unknown;
    if (git({"rev-parse", "--verify", "--quiet", revision + "^{commit}"}, "").ok()) return {};
    return Error(unknown).with_hint(
        "write a tag, a branch, dev for what came after the last release, or FROM..TO");
  }
  /// The newest release that `revision` contains, below `limit` where there is one; its tag.
  Result<std::string> release(const std::string& revision, std::optional<Version> limit) const {
    const std::string tags = BIA_TRY(git({"tag", "--list", "--merged", revision}, "list the tags"));
    std::string newest;
    Version best{};
    for (std::string_view rest = tags; !rest.empty();) {
      const std::string_view tag = take_until(rest, '\n');
      Version version{};
      if (!parse_version(tag, version) || (limit && version >= *limit)) continue;
      if (newest.empty() || version > best) {
        newest = tag;
        best = version;
      }
    }
    return newest;
  }
  /// `from` may be empty: from the beginning.
  Result<std::string> changes(const std::string& from, const std::string& to) const {
    return changelog_of(BIA_TRY(git(
        {"log", "--no-merges", "--format=%s%x1f%b%x1e", from.empty() ? to : from + ".." + to, "--"},
        "read the history")));
  }

 private:
  Repository(std::string folder, std::optional<TempFolder> clone)
      : folder_(std::move(folder)), clone_(std::move(clone)) {}
  std::string folder_;
  std::optional<TempFolder> clone_;
};

Result<int> print_release(const Repository& repository, const std::string& tag, Io& io) {
  constexpr std::string_view kLine = "--------------------------------------------";
  std::optional<Version> version(std::in_place);
  if (!parse_version(tag, *version)) version.reset();
  const std::string before = version ? BIA_TRY(repository.release(tag, version))
                                     : BIA_TRY(repository.release(tag + "^", std::nullopt));
  const std::string head = BIA_TRY(repository.git(
      {"log", "-1", "--format=Author: %an%nDate: %cI", tag, "--"}, "read the history"));
  std::string notes = BIA_TRY(repository.changes(before, tag));
  if (notes.empty()) notes = "no release info\n";
  fmt::print(io.out, "{}Version: {}\n\n{}\n\n{}\n{}\n", head, tag, kLine, notes, kLine);
  return 0;
}

Result<int> run_changelog(const Args& args, Io& io) {
  if (args.positional().size() > 1)
    return Error(Code::kInvalidArgument, "ARGUMENT", "bia changelog takes one version")
        .with_hint("bia changelog v1.2.0, bia changelog dev or bia changelog v1.1.0..main");
  const char* variable = getenv("BIA_REPO");
  const Repository repository =
      BIA_TRY(Repository::open(args.get("repo", variable ? variable : ".")));
  const std::string what = args.positional().empty() ? "latest" : args.positional()[0];
  BIA_TRY(repository.git({"rev-parse", "--git-dir"}, "find a repository"));
  if (const size_t dots = what.find(".."); dots != std::string::npos) {
    const std::string from = what.substr(0, dots);
    const std::string to = what.substr(dots + 2);
    BIA_TRY(repository.check(from));
    BIA_TRY(repository.check(to));
    io.out << BIA_TRY(repository.changes(from, to));
    return 0;
  }
  if (what != "dev" && what != "latest") {
    BIA_TRY(repository.check(what));
    return print_release(repository, what, io);
  }
  BIA_TRY(repository.check("HEAD"));
  const std::string latest = BIA_TRY(repository.release("HEAD", std::nullopt));
  if (what == "dev") {
    io.out << BIA_TRY(repository.changes(latest, "HEAD"));
    return 0;
  }
  if (latest.empty())
    return Error(Code::kNotFound, "NO_RELEASE", "the repository has no tag like v1.2.3")
        .with_hint("bia changelog dev prints all commits");
  return print_release(repository, latest, io);
}

}  // namespace

std::string changelog_of(std::string_view commits) {
  std::array<std::string, kGroups.size()> texts;
  while (!commits.empty()) {
    std::string_view commit = take_until(commits, kCommitEnd);
    while (commit.starts_with('\n')) commit.remove_prefix(1);
    const std::string_view subject = take_until(commit, kSubjectEnd);
    if (subject.empty()) continue;
    texts[group_of(subject, commit)] += fmt::format("- {}\n", subject);
  }
  std::string out;
  for (size_t i = 0; i < kGroups.size(); ++i) {
    if (!texts[i].empty()) out += fmt::format("### {}\n{}", kGroups[i].heading, texts[i]);
  }
  return out;
}

Command changelog_command() {
  return {
      "changelog",
      "[VERSION | dev | FROM..TO] [--repo DIR|URL]",
      "what changed in a release, or since the last one",
      {{"repo", 'r', "DIR|URL",
        "a git repository; default: $BIA_REPO, else the one of the working folder"}},
      "Without a VERSION the last release. Tags like v1.2.3 are the releases. Commits are listed "
      "by their type (Conventional Commits: \"feat(user): text\"), from git alone.",
      run_changelog};
}

}  // namespace bia::cli
