#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "zelus/html/document.h"

namespace zelus::html {

/// A CSS selector, as cascadia (which k6 uses) reads it: CSS 3, and :contains, :containsOwn, :has,
/// :haschild, :input, [a!=b], [a=b i].
class Selector {
 public:
  /// Errors: kInvalidArgument for what is no selector (it matches nothing in k6); kUnimplemented
  /// naming what cascadia has and this has not.
  static Result<std::shared_ptr<const Selector>> parse(std::string_view text);
  ~Selector();

  bool matches(const Document& document, const Node& node) const;
  /// Descendants of `scope` that match, in order; those above it count for the selector too.
  std::vector<const Node*> find(const Document& document, const Node& scope) const;

  struct List;

 private:
  explicit Selector(std::unique_ptr<List> list);
  std::unique_ptr<List> list_;
};

}  // namespace zelus::html
