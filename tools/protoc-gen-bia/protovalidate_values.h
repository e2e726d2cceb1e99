#pragma once
#include <string>
#include <string_view>

#include "cel_code.h"
#include "output.h"
#include "validate_rules.h"

namespace bia::protoc {

/// Writes protovalidate's checks of one value. `value` is an expression, `at` the initializer of
/// Violations::At.
class ProtoChecks {
 public:
  ProtoChecks(const pb::FieldDescriptor* field, std::string value, std::string at, CelCode& cel,
              Output& out)
      : field_(field), value_(std::move(value)), at_(std::move(at)), cel_(cel), out_(out) {}
  /// By the rules of the field's type. Returns what is wrong with them, else empty.
  std::string write(const RawRules& rules);
  /// Rules of the user's own that extend those of the type: field `number` of FieldRules.
  std::string predefined(const RawRules& rules, int number, bool whole);
  void fail_if(std::string_view condition, std::string_view rule, std::string_view id);

 private:
  std::string number(const RawRules& rules);
  std::string text(const RawRules& rules);
  std::string text_formats(const RawRules& rules);
  std::string header(const RawRules& rules);
  std::string bytes(const RawRules& rules);
  std::string enumeration(const RawRules& rules);
  std::string any(const RawRules& rules);
  std::string moment(const RawRules& rules, std::string_view type);
  std::string field_mask(const RawRules& rules);
  void parts(const RawRules& rules, std::string_view type);
  std::string pattern(const RawRules& rules, std::string_view type);
  void lengths(const RawRules& rules, const std::string& size, std::string_view type,
               std::string_view unit, std::string_view suffix, int exact, int least, int most);
  /// The four bounds, as code and as they are shown; empty where they are not there.
  struct Bound {
    std::string code;
    std::string shown;
  };
  void bounds(std::string_view type, const Bound& lt, const Bound& lte, const Bound& gt,
              const Bound& gte, bool outside);
  void lists(std::string_view type, const std::vector<Bound>& in, const std::vector<Bound>& not_in,
             std::string_view what = "");

  const std::string& compared() const { return compared_.empty() ? value_ : compared_; }

  const pb::FieldDescriptor* field_;
  std::string value_;
  std::string compared_;  ///< A moment's nanoseconds, in place of the message.
  std::string at_;
  CelCode& cel_;
  Output& out_;
};

/// "string", "int32", "duration": what the rules of a field's type are called; empty where it has
/// none.
std::string_view proto_rule_name(const pb::FieldDescriptor* field);

}  // namespace bia::protoc
