#pragma once
#include <string>
#include <string_view>

namespace bia::cli {

/// Ends a commit and its subject in what `changelog_of` reads.
inline constexpr char kCommitEnd = '\x1e';
inline constexpr char kSubjectEnd = '\x1f';

/// Commits ("subject<kSubjectEnd>body<kCommitEnd>" each) under Kratos' headings, in its order. The
/// type is Conventional Commits': "feat(user)!: text"; '!' or a footer "BREAKING CHANGE:" makes it
/// a breaking one.
std::string changelog_of(std::string_view commits);

}  // namespace bia::cli
