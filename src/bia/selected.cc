#include "bia/bia/selected.h"

#include <fmt/format.h>
#include <regex.h>

#include <algorithm>

namespace bia {
namespace {

/// <regex.h> of POSIX: any thread may match with a compiled expression.
class Expression {
 public:
  static Result<std::unique_ptr<Expression>> compile(const std::string& text) {
    auto expression = std::make_unique<Expression>();
    const int code = regcomp(&expression->compiled_, text.c_str(), REG_EXTENDED);
    if (code == 0) {
      expression->valid_ = true;
      return expression;
    }
    char why[256] = {};
    regerror(code, &expression->compiled_, why, sizeof why);
    return Error(Code::kInvalidArgument, "EXPRESSION",
                 fmt::format("\"{}\" is no regular expression: {}", text, why));
  }
  ~Expression() {
    if (valid_) regfree(&compiled_);
  }

  bool matches_whole(std::string_view text) const {
    regmatch_t range{0, static_cast<regoff_t>(text.size())};
    return regexec(&compiled_, text.data(), 1, &range, REG_STARTEND) == 0 && range.rm_so == 0 &&
           range.rm_eo == static_cast<regoff_t>(text.size());
  }

 private:
  regex_t compiled_{};
  bool valid_ = false;
};

class Selected final : public Middleware {
 public:
  Selected(Selection selection, std::vector<std::unique_ptr<Expression>> expressions,
           std::unique_ptr<Middleware> inner)
      : selection_(std::move(selection)),
        expressions_(std::move(expressions)),
        inner_(std::move(inner)) {}

  Result<Reply> handle(Context& context, Request request, Next next) override {
    return matches(context) ? inner_->handle(context, request, next) : next();
  }

 private:
  bool matches(Context& context) const {
    const std::string_view operation = context.operation();
    const auto any = [](const auto& list, auto&& rule) {
      return std::any_of(list.begin(), list.end(), rule);
    };
    return any(selection_.paths, [&](const std::string& path) { return path == operation; }) ||
           any(selection_.prefixes,
               [&](const std::string& prefix) { return operation.starts_with(prefix); }) ||
           any(expressions_, [&](const auto& one) { return one->matches_whole(operation); }) ||
           (selection_.match && selection_.match(context));
  }

  Selection selection_;
  std::vector<std::unique_ptr<Expression>> expressions_;
  std::unique_ptr<Middleware> inner_;
};

}  // namespace

Result<std::unique_ptr<Middleware>> selected(Selection selection,
                                             std::unique_ptr<Middleware> middleware) {
  std::vector<std::unique_ptr<Expression>> expressions;
  for (const std::string& text : selection.expressions)
    expressions.push_back(BIA_TRY(Expression::compile(text)));
  return std::unique_ptr<Middleware>(std::make_unique<Selected>(
      std::move(selection), std::move(expressions), std::move(middleware)));
}

}  // namespace bia
