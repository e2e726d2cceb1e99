// sprig's regular expressions: Go's regexp and RE2 have one syntax.
#include <fmt/format.h>
#include <re2/re2.h>

#include <map>
#include <memory>

#include "zelus/templates/function.h"
#include "zelus/templates/runes.h"

namespace zelus::templates {
namespace {

constexpr size_t kKeptMax = 64;

std::string_view go_words(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    default:
      return "expression too large";
  }
}

/// Compiled once a thread.
Result<const RE2*> compiled(const std::string& pattern) {
  thread_local std::map<std::string, std::unique_ptr<RE2>> kept;
  std::unique_ptr<RE2>& known = kept[pattern];
  if (known == nullptr) {
    RE2::Options options;
    options.set_log_errors(false);
    auto made = std::make_unique<RE2>(pattern, options);
    if (!made->ok()) {
      kept.erase(pattern);
      return call_error(fmt::format("error parsing regexp: {}: `{}`", go_words(made->error_code()),
                                    made->error_arg().empty() ? pattern : made->error_arg()));
    }
    known = std::move(made);
  }
  const RE2* found = known.get();
  if (kept.size() > kKeptMax) {
    std::unique_ptr<RE2> last = std::move(known);
    kept.clear();
    found = last.get();
    kept.emplace(pattern, std::move(last));
  }
  return found;
}

/// As compiled, with the words of Go's MustCompile.
Result<const RE2*> must_compiled(const std::string& pattern) {
  auto regex = compiled(pattern);
  if (regex.ok()) return regex;
  return call_error(fmt::format("regexp: Compile(`{}`): {}", pattern, regex.error().message()));
}

struct Span {
  size_t begin = 0;
  size_t end = 0;
};

/// Go's rule for all matches: an empty one next to the match before is none. `count` below 0: all.
std::vector<Span> all_matches(const RE2& regex, std::string_view text, int64_t count) {
  std::vector<Span> out;
  const re2::StringPiece piece(text.data(), text.size());
  size_t at = 0;
  size_t before = std::string_view::npos;
  while (at <= text.size() && (count < 0 || static_cast<int64_t>(out.size()) < count)) {
    re2::StringPiece match;
    if (!regex.Match(piece, at, text.size(), RE2::UNANCHORED, &match, 1)) break;
    const Span span{static_cast<size_t>(match.data() - text.data()),
                    static_cast<size_t>(match.data() - text.data()) + match.size()};
    bool accept = true;
    if (span.end == at) {
      accept = span.begin != before;
      if (at < text.size())
        next_rune(text, at);
      else
        ++at;
    } else {
      at = span.end;
    }
    before = span.end;
    if (accept) out.push_back(span);
  }
  return out;
}

/// Go's Expand: $1, ${1}, $name, $$.
void expand(std::string& out, std::string_view form, const RE2& regex,
            const std::vector<re2::StringPiece>& groups) {
  while (!form.empty()) {
    const size_t dollar = form.find('$');
    out += form.substr(0, dollar);
    if (dollar == std::string_view::npos) return;
    form.remove_prefix(dollar);
    if (form.starts_with("$$")) {
      out += '$';
      form.remove_prefix(2);
      continue;
    }
    const bool braced = form.starts_with("${");
    size_t end = braced ? 2 : 1;
    auto of_name = [](char c) {
      return c == '_' || is_digit(static_cast<unsigned char>(c)) ||
             is_letter(static_cast<unsigned char>(c));
    };
    const size_t begin = end;
    while (end < form.size() && of_name(form[end])) ++end;
    const std::string name(form.substr(begin, end - begin));
    if (name.empty() || (braced && (end >= form.size() || form[end] != '}'))) {
      out += '$';
      form.remove_prefix(1);
      continue;
    }
    form.remove_prefix(end + (braced ? 1 : 0));
    size_t group = groups.size();
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      if (name.size() < 6) group = std::stoul(name);
    } else if (const auto found = regex.NamedCapturingGroups().find(name);
               found != regex.NamedCapturingGroups().end()) {
      group = static_cast<size_t>(found->second);
    }
    if (group < groups.size() && groups[group].data() != nullptr)
      out.append(groups[group].data(), groups[group].size());
  }
}

enum class Form { kExpanded, kLiteral };

Value replace_all(const RE2& regex, std::string_view text, std::string_view form, Form how) {
  std::string out;
  const re2::StringPiece piece(text.data(), text.size());
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  size_t last_end = 0;
  for (size_t at = 0; at <= text.size();) {
    if (!regex.Match(piece, at, text.size(), RE2::UNANCHORED, groups.data(),
                     static_cast<int>(groups.size())))
      break;
    const auto begin = static_cast<size_t>(groups[0].data() - text.data());
    const size_t end = begin + groups[0].size();
    out += text.substr(last_end, begin - last_end);
    if (end > last_end || begin == 0) {
      if (how == Form::kLiteral)
        out += form;
      else
        expand(out, form, regex, groups);
    }
    last_end = end;
    size_t next = at;
    if (next < text.size()) next_rune(text, next);
    at = next > end ? next : at + 1 > end ? at + 1 : end;
  }
  return Value::text(out += text.substr(std::min(last_end, text.size())));
}

std::vector<std::string> split(const RE2& regex, const std::string& text, int64_t count) {
  std::vector<std::string> parts;
  if (count == 0) return parts;
  if (!regex.pattern().empty() && text.empty()) return {""};
  size_t begin = 0, end = 0;
  for (const Span& match : all_matches(regex, text, count)) {
    if (count > 0 && static_cast<int64_t>(parts.size()) == count - 1) break;
    end = match.begin;
    if (match.end != 0) parts.push_back(text.substr(begin, end - begin));
    begin = match.end;
  }
  if (end != text.size()) parts.push_back(text.substr(begin));
  return parts;
}

using Compile = Result<const RE2*> (*)(const std::string& pattern);

Result<Value> must_match(Args args) {
  const RE2* regex = BIA_TRY(compiled(args[0].as_text()));
  return Value::boolean(RE2::PartialMatch(args[1].as_text(), *regex));
}
Result<Value> match(Args args) {
  auto matched = must_match(args);
  return matched.ok() ? std::move(matched) : Result<Value>(Value::boolean(false));
}
Result<Value> find_all(Args args, Compile compile) {
  const RE2* regex = BIA_TRY(compile(args[0].as_text()));
  std::vector<std::string> found;
  for (const Span& span : all_matches(*regex, args[1].as_text(), args[2].as_int()))
    found.push_back(args[1].as_text().substr(span.begin, span.end - span.begin));
  return Value::strings(found);
}
Result<Value> find(Args args, Compile compile) {
  const RE2* regex = BIA_TRY(compile(args[0].as_text()));
  const auto found = all_matches(*regex, args[1].as_text(), 1);
  if (found.empty()) return Value::text("");
  return Value::text(args[1].as_text().substr(found[0].begin, found[0].end - found[0].begin));
}
Result<Value> replace(Args args, Compile compile, Form form) {
  const RE2* regex = BIA_TRY(compile(args[0].as_text()));
  return replace_all(*regex, args[1].as_text(), args[2].as_text(), form);
}
Result<Value> split_list(Args args, Compile compile) {
  const RE2* regex = BIA_TRY(compile(args[0].as_text()));
  return Value::strings(split(*regex, args[1].as_text(), args[2].as_int()));
}

Result<Value> quote_meta(Args args) {
  std::string out;
  for (char c : args[0].as_text()) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return Value::text(std::move(out));
}

constexpr Function kFunctions[] = {
    {"regexMatch", "ss", match},
    {"mustRegexMatch", "ss", must_match},
    {"regexFindAll", "ssi", [](Args args) { return find_all(args, must_compiled); }},
    {"mustRegexFindAll", "ssi", [](Args args) { return find_all(args, compiled); }},
    {"regexFind", "ss", [](Args args) { return find(args, must_compiled); }},
    {"mustRegexFind", "ss", [](Args args) { return find(args, compiled); }},
    {"regexReplaceAll", "sss",
     [](Args args) { return replace(args, must_compiled, Form::kExpanded); }},
    {"mustRegexReplaceAll", "sss",
     [](Args args) { return replace(args, compiled, Form::kExpanded); }},
    {"regexReplaceAllLiteral", "sss",
     [](Args args) { return replace(args, must_compiled, Form::kLiteral); }},
    {"mustRegexReplaceAllLiteral", "sss",
     [](Args args) { return replace(args, compiled, Form::kLiteral); }},
    {"regexSplit", "ssi", [](Args args) { return split_list(args, must_compiled); }},
    {"mustRegexSplit", "ssi", [](Args args) { return split_list(args, compiled); }},
    {"regexQuoteMeta", "s", quote_meta},
};

}  // namespace

std::span<const Function> regex_functions() { return kFunctions; }

}  // namespace zelus::templates
