// The checks of Duration, Timestamp and Any, with protoc-gen-validate's words.
#include "go_text.h"
#include "validate_values.h"

namespace bia::protoc {

std::string ValueChecks::any(const RawRules& rules) {
  const auto many = [&](int number) {
    std::vector<Listed> list;
    for (const std::string& one : rules.texts(number))
      list.push_back({fmt::format("std::string_view({}, {})", quoted_bytes(one), one.size()), one});
    return list;
  };
  lists(value_ + ".type_url()", many(2), many(3), "type URL");
  return {};
}

/// Opens the block of those that are in the limits of their .proto.
void ValueChecks::begin_valid(std::string_view type) {
  out_.line("if (!::bia::rules::is_{0}({1}.seconds(), {1}.nanos())) {{", type, value_);
  fail_if("true", fmt::format("value is not a valid {}", type));
  out_.put("} else {");
}

void ValueChecks::compare(const RawRules& rules, const MomentCode& moments,
                          std::string (*show)(const Moment&)) {
  const std::string value = moments.of_field(value_);
  const auto code = [&](int number) {
    const auto moment = rules.moment(number);
    return moment ? moments.of_rule(*moment) : std::string();
  };
  const auto shown = [&](int a, int b) {
    const auto moment = rules.moment(a) ? rules.moment(a) : rules.moment(b);
    return moment ? show(*moment) : std::string();
  };
  if (rules.has(2)) fail_if(value + " != " + code(2), "value must equal " + shown(2, 2));
  bounds(value, code(3), code(4), code(5), code(6), shown(5, 6), shown(3, 4));
}

std::string ValueChecks::duration(const RawRules& rules) {
  MomentCode moments;
  std::vector<Moment> all = rules.moments(7);
  for (const Moment& one : rules.moments(8)) all.push_back(one);
  for (int number : {2, 3, 4, 5, 6}) {
    if (const auto moment = rules.moment(number)) all.push_back(*moment);
  }
  if (all.empty()) return {};
  for (const Moment& one : all) {
    if (!one.is_duration())
      return fmt::format("the rule has \"{}\", which is no duration", go_message(one));
    moments.wide |= one.is_wide();
  }
  const auto many = [&](int number) {
    std::vector<Listed> list;
    for (const Moment& one : rules.moments(number))
      list.push_back({moments.of_rule(one), go_message(one)});
    return list;
  };
  begin_valid("duration");
  compare(rules, moments, go_duration);
  lists(moments.of_field(value_), many(7), many(8));
  out_.put("}");
  return {};
}

std::string ValueChecks::timestamp(const RawRules& rules) {
  const bool bounded = rules.first_of({3, 4, 5, 6}) != 0;
  const bool relative = rules.flag(7) || rules.flag(8) || rules.has(9);
  if (bounded && relative)
    return "the rules timestamp.lt_now, gt_now and within cannot be with lt, lte, gt, gte";
  if (rules.flag(7) && rules.flag(8))
    return "the rules timestamp.lt_now and gt_now cannot be on one field";
  MomentCode moments;
  for (int number : {2, 3, 4, 5, 6}) {
    const auto moment = rules.moment(number);
    if (moment && !moment->is_timestamp())
      return fmt::format("the rule has \"{}\", which is no timestamp", go_message(*moment));
    if (moment) moments.wide |= moment->is_wide();
  }
  if (!bounded && !relative && !rules.has(2)) return {};
  begin_valid("timestamp");
  compare(rules, moments, go_time);
  std::string wrong = relative ? near_now(rules) : "";
  out_.put("}");
  return wrong;
}

std::string ValueChecks::near_now(const RawRules& rules) {
  const std::string value = MomentCode().of_field(value_);
  out_.put("const int64_t now = ::bia::rules::now_nanos();");
  const auto within = rules.moment(9);
  const std::string wrong = within ? wrong_within(*within) : "";
  if (!wrong.empty()) return wrong;
  const std::string span = within ? fmt::format("{}LL", within->in_nanos()) : "";
  const std::string shown = within ? go_duration(*within) : "";
  const bool past = rules.flag(7);
  if (!past && !rules.flag(8)) {
    fail_if(fmt::format("{0} >= now + {1} || {0} <= now - {1}", value, span),
            fmt::format("value must be within {} of now", shown));
    return {};
  }
  const std::string_view side = past ? "less" : "greater";
  std::string condition = fmt::format("{} {} now", value, past ? ">=" : "<=");
  if (within) condition += fmt::format(" || {} {} {}", value, past ? "< now -" : "> now +", span);
  fail_if(condition, within ? fmt::format("value must be {} than now within {}", side, shown)
                            : fmt::format("value must be {} than now", side));
  return {};
}

}  // namespace bia::protoc
