#pragma once
#include <string>

#include "bia/bia/validate.h"

namespace bia::test_support {

/// What a message breaks of protoc-gen-validate's rules, "path: rule" a line.
template <typename M>
std::string violations_text(const M& message) {
  Violations violations;
  bia_validate(message, violations);
  std::string text;
  for (const auto& one : violations.list())
    text += (text.empty() ? "" : "\n") + one.path + ": " + one.rule;
  return text;
}

/// What a message breaks of its rules, "path: text [id]" a line; "runtime error: …" where a rule
/// could not be evaluated.
template <typename M>
std::string broken_rules(const M& message) {
  Violations violations;
  bia_validate(message, violations);
  if (violations.list().empty() && !violations.empty()) return violations.error().message();
  std::string text;
  for (const auto& one : violations.list()) text += (text.empty() ? "" : "\n") + one.text;
  return text;
}

}  // namespace bia::test_support
