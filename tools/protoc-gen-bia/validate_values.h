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
  /// Of a scalar, an enum or a Duration/Timestamp. Returns what is wrong with the rules, else
  /// empty.
  std::string write(const RawRules& rules);
  void fail_if(const std::string& condition, const std::string& rule);

 private:
  std::string number(const RawRules& rules);
  std::string text(const RawRules& rules);
  std::string bytes(const RawRules& rules);
  std::string enumeration(const RawRules& rules);
  std::string boolean(const RawRules& rules);
  std::string duration(const RawRules& rules);
  std::string timestamp(const RawRules& rules);
  void lengths(const RawRules& rules, const std::string& size, std::string_view unit, int exact,
               int min, int max);
  void parts(const RawRules& rules, int prefix, int suffix, int contains);
  void bounds(const std::string& value, const std::string& lt, const std::string& lte,
              const std::string& gt, const std::string& gte, const std::string& shown_low,
              const std::string& shown_high);

  const pb::FieldDescriptor* field_;
  std::string value_;
  std::string at_;
  Output& out_;
};

/// A number of a rule: as C++, as Go's %v shows it, and to compare.
struct Literal {
  std::string code;
  std::string shown;
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
