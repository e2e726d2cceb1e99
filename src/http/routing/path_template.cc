#include "http/routing/path_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bia/http/router.h"
#include "http/message/chars.h"

namespace bia::http {
namespace {

class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : text_(text) {}

  Result<PathTemplate> parse() {
    if (!take('/')) return bad("a path template begins with '/'");
    if (at_ < text_.size()) {
      BIA_TRY(segments());
      if (take(':')) {
        BIA_TRY(verb());
      }
    } else {
      result_.segments.push_back({});
    }
    if (at_ < text_.size()) return bad("unexpected character");
    return std::move(result_);
  }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Error bad(std::string_view what) const {
    return Error(Code::kInvalidArgument, "BAD_PATH_TEMPLATE",
                 fmt::format("path template \"{}\", column {}: {}", text_, at_ + 1, what));
  }

  Result<void> segments() {
    do {
      if (result_.segments.size() == PathTemplate::kSegmentsMax) {
        return bad(fmt::format("more than {} segments", PathTemplate::kSegmentsMax));
      }
      if (take('{')) {
        if (in_variable_) return bad("a variable inside a variable");
        BIA_TRY(variable());
      } else {
        BIA_TRY(segment());
      }
    } while (take('/'));
    return {};
  }

  Result<void> segment() {
    if (take('*')) {
      const bool rest = take('*');
      if (rest && std::exchange(has_rest_, true)) return bad("'**' appears twice");
      result_.segments.push_back({rest ? PathTemplate::Kind::kRest : PathTemplate::Kind::kOne, {}});
      return {};
    }
    const size_t begin = at_;
    while (at_ < text_.size() && is_literal(text_[at_])) ++at_;
    // An empty last segment is a trailing slash: "/debug/".
    if (at_ == begin && !(at_ == text_.size() && !in_variable_))
      return bad("expected a segment: text, '*', '**' or '{name}'");
    result_.segments.push_back(
        {PathTemplate::Kind::kLiteral, std::string(text_.substr(begin, at_ - begin))});
    return {};
  }

  Result<void> variable() {
    PathTemplate::Variable variable;
    const size_t begin = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    variable.name = text_.substr(begin, at_ - begin);
    if (variable.name.empty() || variable.name.front() == '.' || variable.name.back() == '.' ||
        variable.name.find("..") != std::string::npos) {
      return bad("expected a field's name, such as {name} or {a.b}");
    }
    for (const auto& other : result_.variables) {
      if (other.name == variable.name)
        return bad(fmt::format("the variable {} appears twice", variable.name));
    }
    if (result_.variables.size() == PathParams::kMax)
      return bad(fmt::format("more than {} variables", PathParams::kMax));
    variable.first = result_.segments.size();
    if (take('=')) {
      in_variable_ = true;
      BIA_TRY(segments());
      in_variable_ = false;
    } else {
      result_.segments.push_back({PathTemplate::Kind::kOne, {}});
    }
    if (!take('}')) return bad("expected '}'");
    if (at_ < text_.size() && text_[at_] != '/' && text_[at_] != ':')
      return bad("a variable takes a whole segment");
    variable.end = result_.segments.size();
    result_.variables.push_back(std::move(variable));
    return {};
  }

  Result<void> verb() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_literal(text_[at_])) ++at_;
    result_.verb = text_.substr(begin, at_ - begin);
    if (result_.verb.empty()) return bad("expected a verb after ':'");
    return {};
  }

  static bool is_literal(char c) {
    return char_is(c, kTargetChar) && std::string_view("/{}*:?=").find(c) == std::string_view::npos;
  }
  static bool is_name(char c) { return (char_is(c, kUnreservedChar) && c != '-' && c != '~'); }

  std::string_view text_;
  size_t at_ = 0;
  bool in_variable_ = false;
  bool has_rest_ = false;
  PathTemplate result_;
};

}  // namespace

Result<PathTemplate> parse_path_template(std::string_view text) {
  return TemplateParser(text).parse();
}

}  // namespace bia::http
