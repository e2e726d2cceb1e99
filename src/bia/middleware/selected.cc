#include "bia/bia/selected.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

namespace bia {
namespace {

using Expressions = std::vector<std::unique_ptr<re2::RE2>>;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

Result<std::unique_ptr<re2::RE2>> compile(const std::string& text) {
  auto expression = std::make_unique<re2::RE2>(piece(text), re2::RE2::Quiet);
  if (expression->ok()) return expression;
  return Error(Code::kInvalidArgument, "EXPRESSION",
               fmt::format("\"{}\" is no regular expression: {}", text, expression->error()))
      .with_hint("write it in RE2's syntax, which is that of Go's regexp");
}

class Selected final : public Middleware {
 public:
  Selected(Selection selection, Expressions expressions, std::unique_ptr<Middleware> inner)
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
           any(expressions_,
               [&](const auto& one) { return re2::RE2::FullMatch(piece(operation), *one); }) ||
           (selection_.match && selection_.match(context));
  }

  Selection selection_;
  Expressions expressions_;
  std::unique_ptr<Middleware> inner_;
};

}  // namespace

Result<std::unique_ptr<Middleware>> selected(Selection selection,
                                             std::unique_ptr<Middleware> middleware) {
  Expressions expressions;
  for (const std::string& text : selection.expressions)
    expressions.push_back(BIA_TRY(compile(text)));
  return std::unique_ptr<Middleware>(std::make_unique<Selected>(
      std::move(selection), std::move(expressions), std::move(middleware)));
}

}  // namespace bia
