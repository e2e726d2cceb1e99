#include "zelus/templates/version.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/text.h"
#include "zelus/templates/convert.h"

namespace zelus::templates {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "-rc.1", "+build": dotted words behind `mark`; empty where there are none.
bool take_words(std::string_view& text, char mark, std::string& out) {
  if (!text.starts_with(mark)) return true;
  size_t end = 1;
  while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 ||
                               text[end] == '-' || text[end] == '.'))
    ++end;
  out = text.substr(1, end - 1);
  text.remove_prefix(end);
  return !out.empty() && out.front() != '.' && out.back() != '.' &&
         out.find("..") == std::string::npos;
}

/// A version whose parts may be x, X or * in a constraint, or not there.
struct Parts {
  std::string parts[3];
  std::string prerelease, metadata;
};

/// False where the text begins with none; else cut off the front.
bool take_parts(std::string_view& text, std::string_view letters, Parts& out) {
  if (text.starts_with('v')) text.remove_prefix(1);
  for (size_t i = 0; i < 3; ++i) {
    std::string_view rest = text;
    if (i > 0) {
      if (!rest.starts_with('.')) break;
      rest.remove_prefix(1);
    }
    const size_t end = std::min(rest.find_first_not_of(letters), rest.size());
    if (end == 0) {
      if (i == 0) return false;
      break;
    }
    out.parts[i] = rest.substr(0, end);
    text = rest.substr(end);
  }
  return take_words(text, '-', out.prerelease) && take_words(text, '+', out.metadata);
}

Result<Version> version_of(const Parts& parts, std::string_view original) {
  Version version;
  uint64_t* numbers[] = {&version.major, &version.minor, &version.patch};
  for (size_t i = 0; i < 3; ++i) {
    const std::string& text = parts.parts[i];
    if (text.empty()) continue;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), *numbers[i]);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size())
      return call_error(fmt::format(
          "Error parsing version segment: strconv.ParseUint: parsing \"{}\": value out of range",
          text));
  }
  for (const std::string& word : split_text(parts.prerelease, ".")) {
    if (word.size() > 1 && word[0] == '0' && is_number(word))
      return call_error("Version segment starts with 0");
  }
  version.prerelease = parts.prerelease;
  version.metadata = parts.metadata;
  version.original = original;
  return version;
}

int compare_words(const std::string& a, const std::string& b) {
  if (a == b) return 0;
  const bool number_a = is_number(a), number_b = is_number(b);
  if (number_a != number_b) return number_a ? -1 : 1;
  if (number_a && a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a < b ? -1 : 1;
}

int compare_prereleases(const std::string& a, const std::string& b) {
  if (a == b) return 0;
  if (a.empty() || b.empty()) return a.empty() ? 1 : -1;  // A release comes after.
  const auto left = split_text(a, "."), right = split_text(b, ".");
  for (size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    if (const int order = compare_words(left[i], right[i]); order != 0) return order;
  }
  return left.size() < right.size() ? -1 : left.size() > right.size() ? 1 : 0;
}

struct Constraint {
  std::string_view op;
  Version version;
  bool dirty = false;  ///< A part is a wildcard or not there,
  bool minor_dirty = false;
  bool patch_dirty = false;

  bool tilde(const Version& v) const {
    if (compare_versions(v, version) < 0) return false;
    if (version.major == 0 && version.minor == 0 && version.patch == 0 && !minor_dirty &&
        !patch_dirty)
      return true;
    return v.major == version.major && (v.minor == version.minor || minor_dirty);
  }
  bool caret(const Version& v) const {
    if (compare_versions(v, version) < 0 || v.major != version.major) return false;
    if (version.major > 0 || minor_dirty) return true;
    if (version.minor > 0 || patch_dirty) return v.minor == version.minor;
    return v.minor == 0 && v.patch == version.patch;
  }
  bool differs(const Version& v) const {
    if (!dirty) return compare_versions(v, version) != 0;
    if (v.major != version.major) return true;
    if (minor_dirty) return false;
    if (v.minor != version.minor) return true;
    return patch_dirty ? compare_prereleases(v.prerelease, version.prerelease) != 0
                       : compare_versions(v, version) != 0;
  }
  bool above(const Version& v) const {
    if (!dirty) return compare_versions(v, version) > 0;
    if (v.major != version.major) return v.major > version.major;
    if (minor_dirty) return false;
    return patch_dirty ? v.minor > version.minor : compare_versions(v, version) > 0;
  }
  bool at_most(const Version& v) const {
    if (!dirty) return compare_versions(v, version) <= 0;
    if (v.major > version.major) return false;
    return !(v.major == version.major && v.minor > version.minor && !minor_dirty);
  }

  bool check(const Version& v) const {
    if (op == "!=" && !dirty) return differs(v);
    // A constraint without a pre-release takes releases alone.
    if (!v.prerelease.empty() && version.prerelease.empty()) return false;
    if (op == "!=") return differs(v);
    if (op == ">") return above(v);
    if (op == "<") return compare_versions(v, version) < 0;
    if (op == ">=" || op == "=>") return compare_versions(v, version) >= 0;
    if (op == "<=" || op == "=<") return at_most(v);
    if (op == "~" || op == "~>") return tilde(v);
    if (op == "^") return caret(v);
    return dirty ? tilde(v) : compare_versions(v, version) == 0;
  }
};

bool is_any(std::string_view part) {
  return part.empty() || part == "x" || part == "X" || part == "*";
}

Result<Constraint> take_constraint(std::string_view& text, std::string_view whole) {
  auto improper = [whole] { return call_error(fmt::format("improper constraint: {}", whole)); };
  Constraint out;
  for (std::string_view op : {"!=", ">=", "=>", "<=", "=<", "~>", "=", ">", "<", "~", "^"}) {
    if (!text.starts_with(op)) continue;
    out.op = op;
    text.remove_prefix(op.size());
    break;
  }
  text = text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
  Parts parts;
  if (!take_parts(text, "0123456789xX*", parts)) return improper();
  if (is_any(parts.parts[0])) {
    out.dirty = true;
    for (std::string& part : parts.parts) part = "0";
  } else if (is_any(parts.parts[1])) {
    out.dirty = out.minor_dirty = true;
    parts.parts[1] = parts.parts[2] = "0";
  } else if (is_any(parts.parts[2])) {
    out.dirty = out.patch_dirty = true;
    parts.parts[2] = "0";
  }
  for (const std::string& part : parts.parts) {
    if (!is_number(part)) return call_error("constraint Parser Error");
  }
  out.version = BIA_TRY(version_of(parts, ""));
  return out;
}

/// Constraints that all must hold, with blanks or commas between them; "1.2 - 1.4" is a range.
Result<std::vector<Constraint>> all_of(std::string_view whole) {
  auto improper = [whole] { return call_error(fmt::format("improper constraint: {}", whole)); };
  std::vector<Constraint> out;
  std::string_view text = bia::trim_space(whole);
  do {
    out.push_back(BIA_TRY(take_constraint(text, whole)));
    const size_t blanks = std::min(text.find_first_not_of(" \t"), text.size());
    std::string_view rest = text.substr(blanks);
    if (blanks > 0 && rest.starts_with("- ")) {
      out.back().op = ">=";
      rest.remove_prefix(2);
      text = rest.substr(std::min(rest.find_first_not_of(" \t"), rest.size()));
      out.push_back(BIA_TRY(take_constraint(text, whole)));
      out.back().op = "<=";
      rest = text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
    } else if (!rest.empty() && blanks == 0 && rest[0] != ',') {
      return improper();
    }
    if (rest.starts_with(',')) rest.remove_prefix(1);
    text = rest.substr(std::min(rest.find_first_not_of(" \t"), rest.size()));
  } while (!text.empty());
  return out;
}

}  // namespace

Result<Version> parse_version(std::string_view text) {
  Parts parts;
  std::string_view rest = text;
  if (!take_parts(rest, "0123456789", parts) || !rest.empty())
    return call_error("Invalid Semantic Version");
  return version_of(parts, text);
}

int compare_versions(const Version& a, const Version& b) {
  if (a.major != b.major) return a.major < b.major ? -1 : 1;
  if (a.minor != b.minor) return a.minor < b.minor ? -1 : 1;
  if (a.patch != b.patch) return a.patch < b.patch ? -1 : 1;
  return compare_prereleases(a.prerelease, b.prerelease);
}

Result<bool> version_fits(std::string_view constraint, const Version& version) {
  bool fits = false;
  for (const std::string& any : split_text(constraint, "||")) {
    const auto constraints = BIA_TRY(all_of(any));
    fits = fits || std::all_of(constraints.begin(), constraints.end(),
                               [&version](const Constraint& one) { return one.check(version); });
  }
  return fits;
}

namespace {

Value natural(uint64_t value) { return Value::integer(static_cast<int64_t>(value), Type::kUint64); }

Value made(uint64_t major, uint64_t minor, uint64_t patch) {
  return Value::version(
      {major, minor, patch, {}, {}, fmt::format("{}.{}.{}", major, minor, patch)});
}

Result<Value> next_patch(Args args) {
  const Version& v = args[0].as_version();
  return made(v.major, v.minor, v.prerelease.empty() ? v.patch + 1 : v.patch);
}

Result<Value> compared(Args args) {
  if (!args[1].is(Type::kVersion))
    return call_error("wrong type for value; expected *semver.Version");
  return Value::integer(compare_versions(args[0].as_version(), args[1].as_version()));
}
Result<Value> compared_is(Args args, int order) {
  return Value::boolean(BIA_TRY(compared(args)).as_int() == order);
}

constexpr Function kMethods[] = {
    {"Major", "", [](Args a) -> Result<Value> { return natural(a[0].as_version().major); }},
    {"Minor", "", [](Args a) -> Result<Value> { return natural(a[0].as_version().minor); }},
    {"Patch", "", [](Args a) -> Result<Value> { return natural(a[0].as_version().patch); }},
    {"Prerelease", "",
     [](Args a) -> Result<Value> { return Value::text(a[0].as_version().prerelease); }},
    {"Metadata", "",
     [](Args a) -> Result<Value> { return Value::text(a[0].as_version().metadata); }},
    {"Original", "",
     [](Args a) -> Result<Value> { return Value::text(a[0].as_version().original); }},
    {"String", "",
     [](Args a) -> Result<Value> {
       const Version& v = a[0].as_version();
       return Value::text(fmt::format("{}.{}.{}{}{}{}{}", v.major, v.minor, v.patch,
                                      v.prerelease.empty() ? "" : "-", v.prerelease,
                                      v.metadata.empty() ? "" : "+", v.metadata));
     }},
    {"IncMajor", "",
     [](Args a) -> Result<Value> { return made(a[0].as_version().major + 1, 0, 0); }},
    {"IncMinor", "",
     [](Args a) -> Result<Value> {
       return made(a[0].as_version().major, a[0].as_version().minor + 1, 0);
     }},
    {"IncPatch", "", next_patch},
    {"Compare", "a", compared},
    {"Equal", "a", [](Args args) { return compared_is(args, 0); }},
    {"LessThan", "a", [](Args args) { return compared_is(args, -1); }},
    {"GreaterThan", "a", [](Args args) { return compared_is(args, 1); }},
};

Result<Value> semver_compare(Args args) {
  BIA_TRY(version_fits(args[0].as_text(), Version()));  // What is wrong with it comes first.
  const Version version = BIA_TRY(parse_version(args[1].as_text()));
  return Value::boolean(BIA_TRY(version_fits(args[0].as_text(), version)));
}

constexpr Function kFunctions[] = {
    {"semver", "s",
     [](Args args) -> Result<Value> {
       return Value::version(BIA_TRY(parse_version(args[0].as_text())));
     }},
    {"semverCompare", "ss", semver_compare},
};

}  // namespace

std::span<const Function> version_methods() { return kMethods; }
std::span<const Function> version_functions() { return kFunctions; }

}  // namespace zelus::templates
