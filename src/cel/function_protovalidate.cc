// What protovalidate adds to CEL (its docs: "CEL extensions").
#include <algorithm>
#include <cmath>
#include <vector>

#include "bia/cel/formats.h"
#include "cel/evaluation.h"
#include "cel/function.h"

namespace bia::cel {
namespace {

/// The versions of IP that there are; another fits nothing.
bool is_version(int64_t version) { return version == 0 || version == 4 || version == 6; }

Value is_nan(Evaluation&, const Value* v) { return Value::of_bool(std::isnan(v[0].real())); }
Value is_inf(Evaluation&, const Value* v) { return Value::of_bool(std::isinf(v[0].real())); }
Value is_inf_signed(Evaluation&, const Value* v) {
  const int64_t sign = v[1].integer();
  return Value::of_bool(std::isinf(v[0].real()) && (sign == 0 || (v[0].real() > 0) == (sign > 0)));
}
template <bool (*check)(std::string_view)>
Value text_is(Evaluation&, const Value* v) {
  return Value::of_bool(check(v[0].text()));
}
Value is_ip(Evaluation&, const Value* v) { return Value::of_bool(rules::is_ip(v[0].text(), 0)); }
Value is_ip_version(Evaluation&, const Value* v) {
  return Value::of_bool(is_version(v[1].integer()) &&
                        rules::is_ip(v[0].text(), static_cast<int>(v[1].integer())));
}
bool prefix(const Value& text, int64_t version, bool strict) {
  return is_version(version) && rules::is_ip_prefix(text.text(), static_cast<int>(version), strict);
}
Value is_prefix(Evaluation&, const Value* v) { return Value::of_bool(prefix(v[0], 0, false)); }
Value is_prefix_version(Evaluation&, const Value* v) {
  return Value::of_bool(prefix(v[0], v[1].integer(), false));
}
Value is_prefix_strict(Evaluation&, const Value* v) {
  return Value::of_bool(prefix(v[0], 0, v[1].boolean()));
}
Value is_prefix_both(Evaluation&, const Value* v) {
  return Value::of_bool(prefix(v[0], v[1].integer(), v[2].boolean()));
}
Value is_host_and_port(Evaluation&, const Value* v) {
  return Value::of_bool(rules::is_host_and_port(v[0].text(), v[1].boolean()));
}

/// In n log n; NaN is like nothing, itself included.
Value unique(Evaluation& evaluation, const Value* v) {
  const List& list = v[0].list();
  if (!evaluation.charge(list.size() * 4)) return Evaluation::too_much();
  std::vector<Value> values;
  for (size_t i = 0; i < list.size(); ++i) {
    const Value value = list.at(evaluation, i);
    if (value.is_error()) return value;
    if (value.kind() == Kind::kDouble && std::isnan(value.real())) continue;
    if (!values.empty() && value.kind() != values.front().kind())
      return Value::of_error("unique() takes a list of one type");
    values.push_back(value);
  }
  if (!values.empty() && compare(values[0], values[0]) == Order::kNone)
    return Value::of_error("unique() takes a list of scalars");
  std::sort(values.begin(), values.end(),
            [](const Value& a, const Value& b) { return compare(a, b) == Order::kLess; });
  const auto twice = std::adjacent_find(
      values.begin(), values.end(),
      [](const Value& a, const Value& b) { return compare(a, b) == Order::kEqual; });
  return Value::of_bool(twice == values.end());
}

constexpr Kind kS = Kind::kString, kD = Kind::kDouble, kI = Kind::kInt, kBool = Kind::kBool;
constexpr Overload kProtovalidate[] = {
    {"isNan", true, 1, {kD}, kBool, is_nan},
    {"isInf", true, 1, {kD}, kBool, is_inf},
    {"isInf", true, 2, {kD, kI}, kBool, is_inf_signed},
    {"isHostname", true, 1, {kS}, kBool, text_is<rules::is_host>},
    {"isEmail", true, 1, {kS}, kBool, text_is<rules::is_html_email>},
    {"isIp", true, 1, {kS}, kBool, is_ip},
    {"isIp", true, 2, {kS, kI}, kBool, is_ip_version},
    {"isIpPrefix", true, 1, {kS}, kBool, is_prefix},
    {"isIpPrefix", true, 2, {kS, kI}, kBool, is_prefix_version},
    {"isIpPrefix", true, 2, {kS, kBool}, kBool, is_prefix_strict},
    {"isIpPrefix", true, 3, {kS, kI, kBool}, kBool, is_prefix_both},
    {"isUri", true, 1, {kS}, kBool, text_is<rules::is_uri>},
    {"isUriRef", true, 1, {kS}, kBool, text_is<rules::is_uri_reference>},
    {"isHostAndPort", true, 2, {kS, kBool}, kBool, is_host_and_port},
    {"unique", true, 1, {Kind::kList}, kBool, unique},
};

}  // namespace

std::span<const Overload> protovalidate_overloads() { return kProtovalidate; }

}  // namespace bia::cel
