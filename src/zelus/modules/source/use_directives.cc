#include "zelus/modules/source/use_directives.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

#include "zelus/options/go_quote.h"

namespace zelus::modules {

using bia::Code;
using bia::Error;
using bia::Result;

namespace {

/// zelus runs what either of them runs.
constexpr std::array<std::string_view, 2> kVersions = {"1.8.1", "2.2.0"};
constexpr std::string_view kBlanks = " \t\r\n\v\f";

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

/// Takes `what` off the front of `text`.
bool take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

bool take_blanks(std::string_view& text) {
  const size_t count = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(count);
  return count > 0;
}

void skip_blanks_and_comments(std::string_view& text) {
  for (bool more = true; more;) {
    more = take_blanks(text);
    if (text.starts_with("//")) {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
      more = true;
    } else if (text.starts_with("/*")) {
      const size_t end = text.find("*/", 2);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
      more = true;
    }
  }
}

/// "1.8.x": a part that is left out or a wildcard has no number.
struct Version {
  std::array<std::optional<uint32_t>, 3> parts;
  bool pre_release = false;

  uint32_t part(size_t index) const { return parts[index].value_or(0); }
  auto order() const { return std::tuple(part(0), part(1), part(2), !pre_release); }
  /// How many parts have a number.
  size_t given() const {
    return static_cast<size_t>(std::find(parts.begin(), parts.end(), std::nullopt) - parts.begin());
  }
};

bool part_char(char c) { return (c >= '0' && c <= '9') || c == 'x' || c == 'X' || c == '*'; }
bool word_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.';
}

bool take_version(std::string_view& text, Version& version) {
  take(text, "v");
  for (size_t i = 0; i < version.parts.size(); ++i) {
    if (i > 0 && (text.size() < 2 || text[0] != '.' || !part_char(text[1]))) break;
    if (i > 0) text.remove_prefix(1);
    const size_t length =
        static_cast<size_t>(std::find_if_not(text.begin(), text.end(), part_char) - text.begin());
    if (length == 0) return false;
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + length, number);
    if (error == std::errc() && end == text.data() + length) version.parts[i] = number;
    text.remove_prefix(length);
  }
  for (char mark : {'-', '+'}) {
    if (text.size() < 2 || text[0] != mark || !word_char(text[1])) continue;
    if (mark == '-') version.pre_release = true;
    text.remove_prefix(1);
    text.remove_prefix(
        static_cast<size_t>(std::find_if_not(text.begin(), text.end(), word_char) - text.begin()));
  }
  return true;
}

/// Compares as many parts as `limit` gives.
int compare_given(const Version& version, const Version& limit) {
  for (size_t i = 0; i < limit.given(); ++i) {
    if (version.part(i) != limit.part(i)) return version.part(i) < limit.part(i) ? -1 : 1;
  }
  return 0;
}

bool satisfies(const Version& version, std::string_view op, const Version& limit) {
  const size_t given = limit.given();
  const bool whole = given == limit.parts.size();
  const bool at_least = version.order() >= limit.order();
  auto same = [&](size_t parts) {
    for (size_t i = 0; i < parts; ++i) {
      if (version.part(i) != limit.part(i)) return false;
    }
    return true;
  };
  const bool equal = whole ? version.order() == limit.order() : same(given);
  if (op.empty() || op == "=") return equal;
  if (op == "!=") return !equal;
  if (op == ">") return whole ? version.order() > limit.order() : compare_given(version, limit) > 0;
  if (op == ">=" || op == "=>") return at_least;
  if (op == "<") return version.order() < limit.order();
  if (op == "<=" || op == "=<")
    return whole ? version.order() <= limit.order() : compare_given(version, limit) <= 0;
  if (op == "^") {
    // What comes after the first part that is not 0 may grow.
    size_t fixed = 0;
    while (fixed + 1 < given && limit.part(fixed) == 0) ++fixed;
    return at_least && same(std::min(fixed + 1, given));
  }
  return at_least && same(std::min<size_t>(given, 2));  // ~ and ~>
}

/// One group of constraints that all have to hold. Nullopt: not well formed.
std::optional<bool> meets_all(const Version& version, std::string_view group) {
  bool all = true;
  take_blanks(group);
  for (bool more = true; more;) {
    std::string_view op;
    for (std::string_view known : {"!=", ">=", "=>", "<=", "=<", "~>", "=", ">", "<", "~", "^"}) {
      if (op.empty() && take(group, known)) op = known;
    }
    take_blanks(group);
    Version limit;
    if (!take_version(group, limit)) return std::nullopt;
    bool apart = take_blanks(group);
    if (op.empty() && apart && group.starts_with("- ")) {  // "1.0 - 1.5"
      group.remove_prefix(2);
      take_blanks(group);
      Version last;
      if (!take_version(group, last)) return std::nullopt;
      all = all && satisfies(version, ">=", limit) && satisfies(version, "<=", last);
      apart = take_blanks(group);
    } else {
      all = all && satisfies(version, op, limit);
    }
    const bool comma = take(group, ",");
    if (comma) take_blanks(group);
    more = comma || !group.empty();
    if (more && !comma && !apart) return std::nullopt;
  }
  return all;
}

Error with_exit(std::string text, const char* code, const char* reason) {
  return Error(Code::kInvalidArgument, reason, std::move(text)).with_metadata("exit", code);
}

}  // namespace

Result<bool> meets(std::string_view version, std::string_view constraint) {
  Version of;
  take_version(version, of);
  bool any = false;
  for (bool more = true; more;) {
    const size_t end = constraint.find("||");
    const std::string_view group = constraint.substr(0, end);
    const std::optional<bool> met = meets_all(of, group);
    if (!met) {
      return Error(Code::kInvalidArgument, "BAD_CONSTRAINT",
                   fmt::format("improper constraint: {}", group));
    }
    any = any || *met;
    more = end != std::string_view::npos;
    if (more) constraint.remove_prefix(end + 2);
  }
  return any;
}

Result<void> UseDirectives::read(std::string_view url, std::string_view source) {
  if (source.starts_with("#!")) source.remove_prefix(std::min(source.find('\n'), source.size()));
  for (;;) {
    skip_blanks_and_comments(source);
    while (take(source, ";")) skip_blanks_and_comments(source);
    if (source.empty() || (source[0] != '"' && source[0] != '\'')) return {};
    const size_t end = source.find(source[0], 1);
    if (end == std::string_view::npos) return {};
    BIA_TRY(add(url, source.substr(1, end - 1)));
    source.remove_prefix(end + 1);
  }
}

Result<void> UseDirectives::add(std::string_view url, std::string_view directive) {
  if (!take(directive, "use") || !take_blanks(directive) || !take(directive, "k6")) return {};
  std::string name = "k6";
  std::string_view constraint = trimmed(directive), with = constraint;
  if (take(with, "with") && take_blanks(with) && with.starts_with("k6/x/")) {
    const size_t end = std::min(with.find_first_of(kBlanks), with.size());
    name = with.substr(0, end);
    constraint = trimmed(with.substr(end));
  }
  std::string& known = asked_[name];
  if (constraint.empty()) return {};
  if (auto read = meets(kVersions[0], constraint); !read) {
    return with_exit(
        fmt::format("error while parsing use directives constraint {} for {} in {}: {}",
                    options::go_quote(constraint), options::go_quote(name), options::go_quote(url),
                    read.error().message()),
        "255", "BAD_DIRECTIVE");
  }
  if (!known.empty()) {
    return with_exit(
        fmt::format("error while parsing use directives in {}: already have constraint for {}, "
                    "when parsing {}",
                    options::go_quote(url), options::go_quote(name), options::go_quote(constraint)),
        "255", "BAD_DIRECTIVE");
  }
  known = constraint;
  return {};
}

Result<void> UseDirectives::check() const {
  for (const auto& [name, constraint] : asked_) {
    const bool met = name == "k6" &&
                     (constraint.empty() || std::any_of(kVersions.begin(), kVersions.end(),
                                                        [&](std::string_view version) {
                                                          return meets(version, constraint).value();
                                                        }));
    if (met) continue;
    const std::string asked = constraint.empty() ? name : fmt::format("{} {}", name, constraint);
    return with_exit(fmt::format("the script asks for {} (\"use k6 {}\"): zelus {}. "
                                 "K6_AUTO_EXTENSION_RESOLUTION=false leaves such lines unchecked",
                                 asked, name == "k6" ? constraint : "with " + asked,
                                 name == "k6" ? fmt::format("runs scripts of k6 {} and {}",
                                                            kVersions[0], kVersions[1])
                                              : std::string("has no extensions of k6")),
                     "107", "UNMET_DIRECTIVE");
  }
  return {};
}

}  // namespace zelus::modules
