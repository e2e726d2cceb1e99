#pragma once
#include <string>

#include "output.h"
#include "validate_rules.h"

namespace bia::protoc {

/// Writes the checks of one value. `value` is an expression, `at` the initializer of
/// Violations::At.
class ValueChecks {
 public:
  ValueChecks(const pb::FieldDescriptor* field, std::string value, std::string at, Output& out)
      : field_(field), value_(std::move(value)), at_(std::move(at)), out_(out) {}
  /// Of a scalar, an enum, a Duration, a Timestamp or an Any. Returns what is wrong with the rules,
  /// else empty.
  std::string write(const RawRules& rules);
  void fail_if(const std::string& condition, const std::string& rule);

 private:
  std::string number(const RawRules& rules);
  std::string text(const RawRules& rules);
  void text_formats(const RawRules& rules);
  std::string pattern(const std::string& pattern);
  std::string bytes(const RawRules& rules);
  std::string enumeration(const RawRules& rules);
  std::string boolean(const RawRules& rules);
  std::string any(const RawRules& rules);
  std::string duration(const RawRules& rules);
  std::string timestamp(const RawRules& rules);
  std::string near_now(const RawRules& rules);
  void begin_valid(std::string_view type);
  /// With `const` and the four bounds, which have the same numbers in both.
  void compare(const RawRules& rules, const MomentCode& moments,
               std::string (*show)(const Moment&));
  void lengths(const RawRules& rules, const std::string& size, std::string_view unit, int exact,
               int min, int max);
  void parts(const RawRules& rules, int prefix, int suffix, int contains);
  /// A value of `in` or `not_in`, as code and as it is shown.
  struct Listed {
    std::string code;
    std::string shown;
  };
  void lists(const std::string& value, const std::vector<Listed>& in,
             const std::vector<Listed>& not_in, std::string_view what = "value");
  void bounds(const std::string& value, const std::string& lt, const std::string& lte,
              const std::string& gt, const std::string& gte, const std::string& shown_low,
              const std::string& shown_high);

  const pb::FieldDescriptor* field_;
  std::string value_;
  std::string at_;
  Output& out_;
};

/// A number of a rule: as C++, with the digits that it has, as Go's %v shows it, and to compare.
struct Literal {
  std::string code;
  std::string shown;
  std::string go_shown;
  double number = 0;
};
Literal literal(const pb::FieldDescriptor* field, const pb::UnknownField& raw);
/// "2024-01-02T03:04:05.5Z".
std::string rfc3339(const Moment& moment);
/// What is wrong with a rule `within`, whose sums with now must stay in 64 bits; else empty.
std::string wrong_within(const Moment& within);

/// The number of FieldRules' member that is for this type of field.
int rule_number(const pb::FieldDescriptor* field);

}  // namespace bia::protoc
