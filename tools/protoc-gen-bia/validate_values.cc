// The checks of scalars, with protoc-gen-validate's words.
#include "validate_values.h"

#include <fmt/chrono.h>
#include <google/protobuf/descriptor.pb.h>
#include <re2/re2.h>

#include <bit>
#include <cmath>

#include "codec/go_quote.h"
#include "go_text.h"
#include "names.h"

namespace bia::protoc {
namespace {
using Field = pb::FieldDescriptor;
using codec::go_quote;

/// C++ has no literals of infinity and NaN; <cmath> has names.
std::string real_code(double value, int digits) {
  if (std::isnan(value)) return "NAN";
  if (std::isinf(value)) return value > 0 ? "HUGE_VAL" : "-HUGE_VAL";
  return fmt::format("{:.{}e}", value, digits);
}

/// What protoc-gen-validate makes of HTTP_HEADER_NAME (1) and HTTP_HEADER_VALUE (2).
std::string header_pattern(uint64_t known, bool strict) {
  if (!strict) return std::string("^[^\0\n\r]*$", 9);
  if (known == 1) return "^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$";
  return std::string("^[^\0-\x08\n-\x1f\x7f]*$", 13);
}

}  // namespace

Literal literal(const Field* field, const pb::UnknownField& raw) {
  const auto bits = [&]() -> uint64_t {
    switch (raw.type()) {
      case pb::UnknownField::TYPE_VARINT:
        return raw.varint();
      case pb::UnknownField::TYPE_FIXED32:
        return raw.fixed32();
      case pb::UnknownField::TYPE_FIXED64:
        return raw.fixed64();
      default:
        return 0;
    }
  }();
  const auto integer = [](int64_t value) -> Literal {
    const std::string shown = fmt::format("{}", value);
    return {value == INT64_MIN ? "INT64_MIN" : shown + "LL", shown, shown,
            static_cast<double>(value)};
  };
  switch (field->type()) {
    case Field::TYPE_FLOAT: {
      const float value = std::bit_cast<float>(static_cast<uint32_t>(bits));
      return {fmt::format("static_cast<float>({})", real_code(double{value}, 9)),
              fmt::format("{}", value), go_float(value), double{value}};
    }
    case Field::TYPE_DOUBLE: {
      const double value = std::bit_cast<double>(bits);
      return {real_code(value, 17), fmt::format("{}", value), go_float(value), value};
    }
    case Field::TYPE_SINT32:
    case Field::TYPE_SINT64:
      return integer(static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1));
    case Field::TYPE_SFIXED32:
      return integer(static_cast<int32_t>(bits));
    case Field::TYPE_UINT32:
    case Field::TYPE_UINT64:
    case Field::TYPE_FIXED32:
    case Field::TYPE_FIXED64:
      return {fmt::format("{}ULL", bits), fmt::format("{}", bits), fmt::format("{}", bits),
              static_cast<double>(bits)};
    default:
      return integer(static_cast<int64_t>(bits));
  }
}

std::string rfc3339(const Moment& moment) {
  const bool borrow = moment.nanos < 0;
  std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(moment.seconds - borrow));
  std::string fraction = fmt::format(".{:09}", moment.nanos + (borrow ? 1'000'000'000 : 0));
  while (fraction.ends_with('0')) fraction.pop_back();
  if (fraction != ".") text += fraction;
  return text + "Z";
}

std::string wrong_within(const Moment& within) {
  constexpr int64_t kMax = int64_t{100} * 366 * 24 * 3600;
  if (within.seconds > -kMax && within.seconds < kMax) return {};
  return "a timestamp.within of 100 years and more is not built";
}

int rule_number(const Field* field) {
  switch (field->type()) {
    case Field::TYPE_FLOAT:
      return 1;
    case Field::TYPE_DOUBLE:
      return 2;
    case Field::TYPE_INT32:
      return 3;
    case Field::TYPE_INT64:
      return 4;
    case Field::TYPE_UINT32:
      return 5;
    case Field::TYPE_UINT64:
      return 6;
    case Field::TYPE_SINT32:
      return 7;
    case Field::TYPE_SINT64:
      return 8;
    case Field::TYPE_FIXED32:
      return 9;
    case Field::TYPE_FIXED64:
      return 10;
    case Field::TYPE_SFIXED32:
      return 11;
    case Field::TYPE_SFIXED64:
      return 12;
    case Field::TYPE_BOOL:
      return 13;
    case Field::TYPE_STRING:
      return 14;
    case Field::TYPE_BYTES:
      return 15;
    case Field::TYPE_ENUM:
      return 16;
    default:
      break;
  }
  const std::string name = field->message_type() ? field->message_type()->full_name() : "";
  if (name == "google.protobuf.Any") return 20;
  if (name == "google.protobuf.Duration") return 21;
  if (name == "google.protobuf.Timestamp") return 22;
  return 0;
}

void ValueChecks::fail_if(const std::string& condition, const std::string& rule) {
  // A literal would end at a NUL.
  out_.line("if ({}) out.add({}, {});", condition, at_,
            rule.find('\0') == rule.npos ? quoted_bytes(rule) : view_literal(rule));
}

std::string ValueChecks::write(const RawRules& rules) {
  const int number_of_type = rule_number(field_);
  if (number_of_type <= 12 && number_of_type > 0) return number(rules);
  switch (number_of_type) {
    case 13:
      return boolean(rules);
    case 14:
      return text(rules);
    case 15:
      return bytes(rules);
    case 16:
      return enumeration(rules);
    case 21:
      return duration(rules);
    case 22:
      return timestamp(rules);
    case 20:
      return any(rules);
    default:
      return {};
  }
}

/// The four bounds; those left out are empty. A lower one above the upper one means outside.
void ValueChecks::bounds(const std::string& value, const std::string& lt, const std::string& lte,
                         const std::string& gt, const std::string& gte,
                         const std::string& shown_low, const std::string& shown_high) {
  const std::string high =
      lt.empty() ? lte.empty() ? "" : value + " <= " + lte : value + " < " + lt;
  const std::string low = gt.empty() ? gte.empty() ? "" : value + " >= " + gte : value + " > " + gt;
  const char open = gt.empty() ? '[' : '(';
  const char close = lt.empty() ? ']' : ')';
  if (!low.empty() && !high.empty()) {
    const std::string range = fmt::format("{}{}, {}{}", open, shown_low, shown_high, close);
    const std::string upper = lt.empty() ? lte : lt;
    const std::string lower = gt.empty() ? gte : gt;
    out_.line("if constexpr ({} > {}) {{", upper, lower);
    fail_if(fmt::format("!({} && {})", low, high), "value must be inside range " + range);
    out_.put("} else {");
    // protoc-gen-validate names the range that is left out.
    fail_if(fmt::format("!({} || {})", low, high),
            fmt::format("value must be outside range {}{}, {}{}", lt.empty() ? '(' : '[',
                        shown_high, shown_low, gt.empty() ? ')' : ']'));
    out_.put("}");
  } else if (!high.empty()) {
    fail_if("!(" + high + ")", fmt::format("value must be less than {}{}",
                                           lt.empty() ? "or equal to " : "", shown_high));
  } else if (!low.empty()) {
    fail_if("!(" + low + ")", fmt::format("value must be greater than {}{}",
                                          gt.empty() ? "or equal to " : "", shown_low));
  }
}

void ValueChecks::lists(const std::string& value, const std::vector<Listed>& in,
                        const std::vector<Listed>& not_in, std::string_view what) {
  for (const auto* list : {&in, &not_in}) {
    if (list->empty()) continue;
    const bool wanted = list == &in;
    std::string condition;
    std::vector<std::string> shown;
    for (const Listed& one : *list) {
      condition += fmt::format("{}{} {} {}",
                               condition.empty() ? ""
                               : wanted          ? " && "
                                                 : " || ",
                               value, wanted ? "!=" : "==", one.code);
      shown.push_back(one.shown);
    }
    fail_if(condition,
            fmt::format("{} must {}be in list {}", what, wanted ? "" : "not ", go_list(shown)));
  }
}

std::string ValueChecks::number(const RawRules& rules) {
  const std::string type = cpp_scalar(field_);
  const auto one = [&](int number) -> Literal {
    const auto values = rules.values(number);
    if (values.empty()) return {};
    Literal made = literal(field_, values.back());
    made.code = fmt::format("static_cast<{}>({})", type, made.code);
    return made;
  };
  if (const Literal equal = one(1); !equal.code.empty()) {
    fail_if(fmt::format("{} != {}", value_, equal.code), "value must equal " + equal.go_shown);
    return {};
  }
  const Literal lt = one(2), lte = one(3), gt = one(4), gte = one(5);
  bounds(value_, lt.code, lte.code, gt.code, gte.code, gt.code.empty() ? gte.go_shown : gt.go_shown,
         lt.code.empty() ? lte.go_shown : lt.go_shown);
  const auto many = [&](int number) {
    std::vector<Listed> list;
    for (const pb::UnknownField& raw : rules.values(number)) {
      const Literal made = literal(field_, raw);
      list.push_back({fmt::format("static_cast<{}>({})", type, made.code), made.go_shown});
    }
    return list;
  };
  lists(value_, many(6), many(7));
  return {};
}

std::string ValueChecks::boolean(const RawRules& rules) {
  if (rules.has(1))
    fail_if(fmt::format("{} != {}", value_, rules.flag(1)),
            fmt::format("value must equal {}", rules.flag(1)));
  return {};
}

std::string ValueChecks::enumeration(const RawRules& rules) {
  const std::string value = fmt::format("static_cast<int>({})", value_);
  // protoc-gen-validate knows the names of a field that is an enum, not of lists and maps of them.
  const bool named = !field_->is_repeated() && !field_->containing_type()->options().map_entry();
  const auto listed = [&](uint64_t raw) -> Listed {
    const auto number = static_cast<int32_t>(raw);
    const std::string code = fmt::format("{}", number);
    if (!named) return {code, code};
    const pb::EnumValueDescriptor* one = field_->enum_type()->FindValueByNumber(number);
    return {code, one ? one->name() : ""};
  };
  const auto many = [&](int number) {
    std::vector<Listed> list;
    for (const pb::UnknownField& raw : rules.values(number)) list.push_back(listed(raw.varint()));
    return list;
  };
  if (const auto equal = rules.unsigned_of(1))
    fail_if(fmt::format("{} != {}", value, listed(*equal).code),
            "value must equal " + listed(*equal).shown);
  lists(value, many(3), many(4));
  if (rules.flag(2))
    fail_if(fmt::format("!{}_IsValid({})", cpp_type(field_->enum_type()), value),
            "value must be one of the defined enum values");
  return {};
}

void ValueChecks::lengths(const RawRules& rules, const std::string& size, std::string_view unit,
                          int exact, int min, int max) {
  auto least = rules.unsigned_of(min);
  auto most = rules.unsigned_of(max);
  if (const auto equal = rules.unsigned_of(exact)) least = most = equal;
  if (least && most && *least == *most) {
    fail_if(fmt::format("{} != {}u", size, *least),
            fmt::format("value length must be {} {}", *least, unit));
  } else if (least && most) {
    fail_if(
        fmt::format("{0} < {1}u || {0} > {2}u", size, *least, *most),
        fmt::format("value length must be between {} and {} {}, inclusive", *least, *most, unit));
  } else if (least) {
    fail_if(fmt::format("{} < {}u", size, *least),
            fmt::format("value length must be at least {} {}", *least, unit));
  } else if (most) {
    fail_if(fmt::format("{} > {}u", size, *most),
            fmt::format("value length must be at most {} {}", *most, unit));
  }
}

void ValueChecks::parts(const RawRules& rules, int prefix, int suffix, int contains) {
  const bool is_bytes = field_->type() == Field::TYPE_BYTES;
  const auto shown = [&](const std::string& text) {
    return is_bytes ? go_hex(text) : go_quote(text);
  };
  const std::string view = fmt::format("std::string_view({})", value_);
  if (const auto text = rules.text(prefix))
    fail_if(fmt::format("!{}.starts_with({})", view, view_literal(*text)),
            "value does not have prefix " + shown(*text));
  if (const auto text = rules.text(suffix))
    fail_if(fmt::format("!{}.ends_with({})", view, view_literal(*text)),
            "value does not have suffix " + shown(*text));
  if (const auto text = rules.text(contains))
    fail_if(fmt::format("{}.find({}) == std::string_view::npos", view, view_literal(*text)),
            fmt::format("value does not contain {}{}", is_bytes ? "" : "substring ", shown(*text)));
}

std::string ValueChecks::pattern(const std::string& pattern) {
  const re2::RE2 compiled(pattern, re2::RE2::Quiet);
  if (!compiled.ok())
    return fmt::format("the pattern `{}` is none of RE2's: {}", pattern, compiled.error());
  out_.put("{");
  out_.line("static const ::bia::rules::Pattern pattern({});", view_literal(pattern));
  fail_if(fmt::format("!pattern.{}({})",
                      field_->type() == Field::TYPE_BYTES ? "matches_bytes" : "matches", value_),
          "value does not match regex pattern " + go_quote(pattern));
  out_.put("}");
  return {};
}

std::string ValueChecks::text(const RawRules& rules) {
  const auto many = [&](int number) {
    std::vector<Listed> list;
    for (const std::string& one : rules.texts(number)) list.push_back({view_literal(one), one});
    return list;
  };
  if (const auto equal = rules.text(1))
    fail_if(fmt::format("{} != {}", value_, view_literal(*equal)),
            fmt::format("value must equal {}", *equal));
  lists(value_, many(10), many(11));
  if (rules.first_of({2, 3, 19}))
    lengths(rules, fmt::format("::bia::rules::runes({})", value_), "runes", 19, 2, 3);
  lengths(rules, value_ + ".size()", "bytes", 20, 4, 5);
  parts(rules, 7, 8, 9);
  if (const auto text = rules.text(23))
    fail_if(fmt::format("std::string_view({}).find({}) != std::string_view::npos", value_,
                        view_literal(*text)),
            "value contains substring " + go_quote(*text));
  text_formats(rules);
  const uint64_t known = rules.unsigned_of(24).value_or(0);
  if (known != 0 && rules.has(6))
    return "the rules string.pattern and well_known_regex cannot be on one field";
  if (known != 0) return pattern(header_pattern(known, !rules.has(25) || rules.flag(25)));
  return rules.has(6) ? pattern(*rules.text(6)) : "";
}

void ValueChecks::text_formats(const RawRules& rules) {
  struct Known {
    int number;
    std::string_view test;
    std::string_view what;
  };
  static constexpr Known kKnown[] = {
      {12, "::bia::rules::is_email({0})", "a valid email address"},
      {13, "::bia::rules::is_hostname({0})", "a valid hostname"},
      {14, "::bia::rules::is_ipv4({0}) || ::bia::rules::is_ipv6({0})", "a valid IP address"},
      {15, "::bia::rules::is_ipv4({0})", "a valid IPv4 address"},
      {16, "::bia::rules::is_ipv6({0})", "a valid IPv6 address"},
      {21,
       "::bia::rules::is_hostname({0}) || ::bia::rules::is_ipv4({0}) || ::bia::rules::is_ipv6({0})",
       "a valid hostname, or ip address"},
      {22, "::bia::rules::is_uuid({0})", "a valid UUID"},
      {17, "::bia::rules::is_uri({0}) || !::bia::rules::is_uri_reference({0})", "absolute"},
      {17, "::bia::rules::is_uri_reference({0})", "a valid URI"},
      {18, "::bia::rules::is_uri_reference({0})", "a valid URI"}};
  for (const Known& known : kKnown) {
    if (rules.flag(known.number))
      fail_if("!(" + fmt::format(fmt::runtime(known.test), value_) + ")",
              fmt::format("value must be {}", known.what));
  }
}

std::string ValueChecks::bytes(const RawRules& rules) {
  const auto many = [&](int number) {
    std::vector<Listed> list;
    for (const std::string& one : rules.texts(number))
      list.push_back({view_literal(one), go_bytes(one)});
    return list;
  };
  lengths(rules, value_ + ".size()", "bytes", 13, 2, 3);
  parts(rules, 5, 6, 7);
  lists(value_, many(8), many(9));
  if (const auto equal = rules.text(1))
    fail_if(fmt::format("{} != {}", value_, view_literal(*equal)),
            "value must equal " + go_bytes(*equal));
  for (const auto& [number, version, what] :
       {std::tuple(10, 0, "IP"), std::tuple(11, 4, "IPv4"), std::tuple(12, 6, "IPv6")}) {
    if (rules.flag(number))
      fail_if(fmt::format("!::bia::rules::is_ip_bytes({}, {})", value_, version),
              fmt::format("value must be a valid {} address", what));
  }
  const auto pattern_text = rules.text(4);
  return pattern_text ? pattern(*pattern_text) : "";
}

}  // namespace bia::protoc
