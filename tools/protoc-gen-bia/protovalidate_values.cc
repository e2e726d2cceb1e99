// The checks of scalars and well-known types, with protovalidate's words.
#include "protovalidate_values.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstdlib>
#include <functional>

#include "names.h"
#include "validate_values.h"

namespace bia::protoc {
namespace {
using Field = pb::FieldDescriptor;

std::string hex(const std::string& bytes) {
  std::string text;
  for (unsigned char c : bytes) text += fmt::format("{:02x}", c);
  return text;
}

/// As CEL's format shows a Duration: "3600s", "0.5s".
std::string seconds_text(const Moment& moment) {
  const bool negative = moment.seconds < 0 || moment.nanos < 0;
  std::string text = fmt::format("{}{}.{:09}", negative ? "-" : "", std::abs(moment.seconds),
                                 std::abs(moment.nanos));
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text + "s";
}

}  // namespace

std::string_view proto_rule_name(const Field* field) {
  switch (field->type()) {
    case Field::TYPE_ENUM:
      return "enum";
    case Field::TYPE_MESSAGE:
      break;
    default:
      return field->type_name();
  }
  const std::string& name = field->message_type()->full_name();
  if (name == "google.protobuf.Any") return "any";
  if (name == "google.protobuf.Duration") return "duration";
  if (name == "google.protobuf.Timestamp") return "timestamp";
  if (name == "google.protobuf.FieldMask") return "field_mask";
  return {};
}

void ProtoChecks::fail_if(std::string_view condition, std::string_view rule, std::string_view id) {
  out_.line("if ({}) out.add_rule({}, {}, \"{}\");", condition, at_,
            quoted_bytes(std::string(rule)), id);
}

std::string ProtoChecks::predefined(const RawRules& rules, int number, bool whole) {
  return cel_.write_predefined(rules, number,
                               {.field = field_, .whole = whole, .value = value_, .at = at_}, out_);
}

std::string ProtoChecks::write(const RawRules& rules) {
  const std::string_view type = proto_rule_name(field_);
  switch (field_->type()) {
    case Field::TYPE_STRING:
      return text(rules);
    case Field::TYPE_BYTES:
      return bytes(rules);
    case Field::TYPE_ENUM:
      return enumeration(rules);
    case Field::TYPE_BOOL:
      if (rules.has(1))
        fail_if(fmt::format("{} != {}", value_, rules.flag(1)),
                fmt::format("must equal {}", rules.flag(1)), "bool.const");
      return {};
    case Field::TYPE_MESSAGE:
      break;
    default:
      return number(rules);
  }
  if (type == "any") return any(rules);
  if (type == "field_mask") return field_mask(rules);
  return type.empty() ? std::string() : moment(rules, type);
}

void ProtoChecks::bounds(std::string_view type, const Bound& lt, const Bound& lte, const Bound& gt,
                         const Bound& gte, bool outside) {
  const Bound& upper = lt.code.empty() ? lte : lt;
  const Bound& lower = gt.code.empty() ? gte : gt;
  const std::string_view upper_id = lt.code.empty() ? "lte" : "lt";
  const std::string_view lower_id = gt.code.empty() ? "gte" : "gt";
  const std::string high = compared() + (lt.code.empty() ? " <= " : " < ") + upper.code;
  const std::string low = compared() + (gt.code.empty() ? " >= " : " > ") + lower.code;
  const std::string high_text =
      fmt::format("less than {}{}", lt.code.empty() ? "or equal to " : "", upper.shown);
  const std::string low_text =
      fmt::format("greater than {}{}", gt.code.empty() ? "or equal to " : "", lower.shown);
  if (!upper.code.empty() && !lower.code.empty()) {
    // Negated as a whole, so that NaN breaks them.
    fail_if(fmt::format("!({} {} {})", low, outside ? "||" : "&&", high),
            fmt::format("must be {} {} {}", low_text, outside ? "or" : "and", high_text),
            fmt::format("{}.{}_{}{}", type, lower_id, upper_id, outside ? "_exclusive" : ""));
  } else if (!upper.code.empty()) {
    fail_if("!(" + high + ")", "must be " + high_text, fmt::format("{}.{}", type, upper_id));
  } else if (!lower.code.empty()) {
    fail_if("!(" + low + ")", "must be " + low_text, fmt::format("{}.{}", type, lower_id));
  }
}

void ProtoChecks::lists(std::string_view type, const std::vector<Bound>& in,
                        const std::vector<Bound>& not_in, std::string_view what) {
  const std::string value = what.empty() ? compared() : std::string(what);
  for (const auto* list : {&in, &not_in}) {
    if (list->empty()) continue;
    const bool wanted = list == &in;
    std::string condition;
    std::string shown;
    for (const Bound& one : *list) {
      condition += fmt::format("{}{} {} {}",
                               condition.empty() ? ""
                               : wanted          ? " && "
                                                 : " || ",
                               value, wanted ? "!=" : "==", one.code);
      shown += (shown.empty() ? "" : ", ") + one.shown;
    }
    fail_if(condition, fmt::format("must {}be in list [{}]", wanted ? "" : "not ", shown),
            fmt::format("{}.{}in", type, wanted ? "" : "not_"));
  }
}

std::string ProtoChecks::number(const RawRules& rules) {
  const std::string_view type = proto_rule_name(field_);
  const std::string cpp = cpp_scalar(field_);
  const auto bound = [&](const pb::UnknownField& raw) {
    const Literal made = literal(field_, raw);
    return Bound{fmt::format("static_cast<{}>({})", cpp, made.code), made.shown};
  };
  const auto one = [&](int number) {
    const auto values = rules.values(number);
    return values.empty() ? Bound() : bound(values.back());
  };
  const auto many = [&](int number) {
    std::vector<Bound> list;
    for (const pb::UnknownField& raw : rules.values(number)) list.push_back(bound(raw));
    return list;
  };
  if (const Bound equal = one(1); !equal.code.empty())
    fail_if(fmt::format("{} != {}", value_, equal.code), "must equal " + equal.shown,
            fmt::format("{}.const", type));
  const Bound lt = one(2), lte = one(3), gt = one(4), gte = one(5);
  const auto as_double = [&](int a, int b) {
    const auto values = rules.values(rules.has(a) ? a : b);
    return values.empty() ? 0.0 : literal(field_, values.back()).number;
  };
  bounds(type, lt, lte, gt, gte, as_double(2, 3) < as_double(4, 5));
  lists(type, many(6), many(7));
  const bool real = field_->type() == Field::TYPE_FLOAT || field_->type() == Field::TYPE_DOUBLE;
  if (real && rules.flag(8))
    fail_if(fmt::format("!std::isfinite({})", value_), "must be finite",
            fmt::format("{}.finite", type));
  return {};
}

void ProtoChecks::lengths(const RawRules& rules, const std::string& size, std::string_view type,
                          std::string_view unit, std::string_view suffix, int exact, int least,
                          int most) {
  if (const auto n = rules.unsigned_of(exact))
    fail_if(fmt::format("{} != {}u", size, *n), fmt::format("must be {} {}", *n, unit),
            fmt::format("{}.len{}", type, suffix));
  if (const auto n = rules.unsigned_of(least))
    fail_if(fmt::format("{} < {}u", size, *n), fmt::format("must be at least {} {}", *n, unit),
            fmt::format("{}.min_{}", type, suffix.empty() ? "len" : "bytes"));
  if (const auto n = rules.unsigned_of(most))
    fail_if(fmt::format("{} > {}u", size, *n), fmt::format("must be at most {} {}", *n, unit),
            fmt::format("{}.max_{}", type, suffix.empty() ? "len" : "bytes"));
}

void ProtoChecks::parts(const RawRules& rules, std::string_view type) {
  const bool is_bytes = type == "bytes";
  const auto shown = [&](const std::string& text) {
    return is_bytes ? hex(text) : "`" + text + "`";
  };
  const std::string view = fmt::format("std::string_view({})", value_);
  if (const auto text = rules.text(7 - 2 * is_bytes))
    fail_if(fmt::format("!{}.starts_with({})", view, view_literal(*text)),
            "does not have prefix " + shown(*text), fmt::format("{}.prefix", type));
  if (const auto text = rules.text(8 - 2 * is_bytes))
    fail_if(fmt::format("!{}.ends_with({})", view, view_literal(*text)),
            "does not have suffix " + shown(*text), fmt::format("{}.suffix", type));
  if (const auto text = rules.text(9 - 2 * is_bytes))
    fail_if(fmt::format("{}.find({}) == std::string_view::npos", view, view_literal(*text)),
            fmt::format("does not contain {}{}", is_bytes ? "" : "substring ", shown(*text)),
            fmt::format("{}.contains", type));
}

/// RE2's syntax, as protovalidate asks; compiled once, at the first call.
std::string ProtoChecks::pattern(const RawRules& rules, std::string_view type) {
  const auto text = rules.text(type == "bytes" ? 4 : 6);
  if (!text) return {};
  const re2::RE2 compiled(*text, re2::RE2::Quiet);
  if (!compiled.ok())
    return fmt::format("the pattern `{}` is none of RE2's: {}", *text, compiled.error());
  out_.put("{");
  out_.line("static const ::bia::rules::Pattern pattern({});", quoted_bytes(*text));
  if (type == "bytes") {
    // protovalidate matches text, and cannot make it of these.
    out_.line("if (!::bia::rules::is_utf8({})) {{", value_);
    out_.put("out.fail(\"value must be valid UTF-8 to apply regexp\");");
    out_.put("} else {");
  }
  fail_if(fmt::format("!pattern.matches({})", value_),
          type == "bytes" ? fmt::format("must match regex pattern `{}`", *text)
                          : fmt::format("does not match regex pattern `{}`", *text),
          fmt::format("{}.pattern", type));
  if (type == "bytes") out_.put("}");
  out_.put("}");
  return {};
}

std::string ProtoChecks::text(const RawRules& rules) {
  const auto many = [&](int number) {
    std::vector<Bound> list;
    for (const std::string& one : rules.texts(number)) list.push_back({view_literal(one), one});
    return list;
  };
  if (const auto equal = rules.text(1))
    fail_if(fmt::format("{} != {}", value_, view_literal(*equal)),
            fmt::format("must equal `{}`", *equal), "string.const");
  if (rules.first_of({2, 3, 19}))
    lengths(rules, fmt::format("::bia::rules::runes({})", value_), "string", "characters", "", 19,
            2, 3);
  lengths(rules, value_ + ".size()", "string", "bytes", "_bytes", 20, 4, 5);
  if (std::string wrong = pattern(rules, "string"); !wrong.empty()) return wrong;
  parts(rules, "string");
  if (const auto inside = rules.text(23))
    fail_if(fmt::format("std::string_view({}).find({}) != std::string_view::npos", value_,
                        view_literal(*inside)),
            fmt::format("contains substring `{}`", *inside), "string.not_contains");
  lists("string", many(10), many(11));
  return text_formats(rules);
}

std::string ProtoChecks::text_formats(const RawRules& rules) {
  struct Format {
    int number;
    std::string_view id;
    std::string_view test;
    std::string_view what;
  };
  static constexpr Format kFormats[] = {
      {12, "email", "is_html_email({0})", "email address"},
      {13, "hostname", "is_host({0})", "hostname"},
      {14, "ip", "is_ip({0}, 0)", "IP address"},
      {15, "ipv4", "is_ip({0}, 4)", "IPv4 address"},
      {16, "ipv6", "is_ip({0}, 6)", "IPv6 address"},
      {17, "uri", "is_uri({0})", "URI"},
      {21, "address", "is_host({0}) || ::bia::rules::is_ip({0}, 0)", "hostname, or ip address"},
      {22, "uuid", "is_uuid({0})", "UUID"},
      {33, "tuuid", "is_trimmed_uuid({0})", "trimmed UUID"},
      {26, "ip_with_prefixlen", "is_ip_prefix({0}, 0, false)", "IP prefix"},
      {27, "ipv4_with_prefixlen", "is_ip_prefix({0}, 4, false)", "IPv4 address with prefix length"},
      {28, "ipv6_with_prefixlen", "is_ip_prefix({0}, 6, false)", "IPv6 address with prefix length"},
      {29, "ip_prefix", "is_ip_prefix({0}, 0, true)", "IP prefix"},
      {30, "ipv4_prefix", "is_ip_prefix({0}, 4, true)", "IPv4 prefix"},
      {31, "ipv6_prefix", "is_ip_prefix({0}, 6, true)", "IPv6 prefix"},
      {32, "host_and_port", "is_host_and_port({0})", "host (hostname or IP address) and port pair"},
      {35, "ulid", "is_ulid({0})", "ULID"},
      {37, "protobuf_fqn", "is_protobuf_name({0})", "fully-qualified Protobuf name"},
      {38, "protobuf_dot_fqn", "is_dotted_protobuf_name({0})",
       "fully-qualified Protobuf name with a leading dot"}};
  for (const Format& format : kFormats) {
    if (!rules.flag(format.number)) continue;
    // An empty value has an id and words of its own.
    const std::string_view short_name = format.number == 32 ? "host and port pair" : format.what;
    out_.line("if ({}.empty()) {{", value_);
    fail_if("true", fmt::format("value is empty, which is not a valid {}", short_name),
            fmt::format("string.{}_empty", format.id));
    out_.put("} else {");
    fail_if("!(::bia::rules::" + fmt::format(fmt::runtime(format.test), value_) + ")",
            fmt::format("must be a valid {}", format.what), fmt::format("string.{}", format.id));
    out_.put("}");
  }
  if (rules.flag(18))
    fail_if(fmt::format("!::bia::rules::is_uri_reference({})", value_),
            "must be a valid URI Reference", "string.uri_ref");
  return header(rules);
}

std::string ProtoChecks::header(const RawRules& rules) {
  const uint64_t known = rules.unsigned_of(24).value_or(0);
  const bool strict = !rules.has(25) || rules.flag(25);
  if (known == 1) {
    out_.line("if ({}.empty()) {{", value_);
    fail_if("true", "value is empty, which is not a valid HTTP header name",
            "string.well_known_regex.header_name_empty");
    out_.put("} else {");
    fail_if(fmt::format("!::bia::rules::is_header_name({}, {})", value_, strict),
            "must be a valid HTTP header name", "string.well_known_regex.header_name");
    out_.put("}");
  } else if (known == 2) {
    fail_if(fmt::format("!::bia::rules::is_header_value({}, {})", value_, strict),
            "must be a valid HTTP header value", "string.well_known_regex.header_value");
  }
  return {};
}

std::string ProtoChecks::bytes(const RawRules& rules) {
  const auto many = [&](int number) {
    std::vector<Bound> list;
    for (const std::string& one : rules.texts(number)) list.push_back({view_literal(one), one});
    return list;
  };
  if (const auto equal = rules.text(1))
    fail_if(fmt::format("{} != {}", value_, view_literal(*equal)), "must be " + hex(*equal),
            "bytes.const");
  lengths(rules, value_ + ".size()", "bytes", "bytes", "", 13, 2, 3);
  if (std::string wrong = pattern(rules, "bytes"); !wrong.empty()) return wrong;
  parts(rules, "bytes");
  lists("bytes", many(8), many(9));
  struct Format {
    int number;
    std::string_view id;
    std::string_view sizes;
    std::string_view what;
  };
  static constexpr Format kFormats[] = {{10, "ip", "{0} != 4 && {0} != 16", "IP address"},
                                        {11, "ipv4", "{0} != 4", "IPv4 address"},
                                        {12, "ipv6", "{0} != 16", "IPv6 address"},
                                        {15, "uuid", "{0} != 16", "UUID"}};
  for (const Format& format : kFormats) {
    if (!rules.flag(format.number)) continue;
    const std::string size = value_ + ".size()";
    out_.line("if ({} == 0) {{", size);
    fail_if("true", fmt::format("value is empty, which is not a valid {}", format.what),
            fmt::format("bytes.{}_empty", format.id));
    out_.put("} else {");
    fail_if(fmt::format(fmt::runtime(format.sizes), size),
            fmt::format("must be a valid {}", format.what), fmt::format("bytes.{}", format.id));
    out_.put("}");
  }
  return {};
}

std::string ProtoChecks::enumeration(const RawRules& rules) {
  const std::string value = fmt::format("static_cast<int>({})", value_);
  const auto bound = [](uint64_t raw) {
    const std::string shown = fmt::format("{}", static_cast<int32_t>(raw));
    return Bound{shown, shown};
  };
  const auto many = [&](int number) {
    std::vector<Bound> list;
    for (const pb::UnknownField& raw : rules.values(number)) list.push_back(bound(raw.varint()));
    return list;
  };
  if (const auto equal = rules.unsigned_of(1))
    fail_if(fmt::format("{} != {}", value, bound(*equal).code), "must equal " + bound(*equal).shown,
            "enum.const");
  if (rules.flag(2))
    fail_if(fmt::format("!{}_IsValid({})", cpp_type(field_->enum_type()), value),
            "value must be one of the defined enum values", "enum.defined_only");
  lists("enum", many(3), many(4), value);
  return {};
}

std::string ProtoChecks::any(const RawRules& rules) {
  for (int number : {2, 3}) {
    std::string condition;
    for (const std::string& one : rules.texts(number))
      condition += fmt::format("{}{}.type_url() {} {}",
                               condition.empty() ? ""
                               : number == 2     ? " && "
                                                 : " || ",
                               value_, number == 2 ? "!=" : "==", view_literal(one));
    if (!condition.empty())
      fail_if(condition,
              number == 2 ? "type URL must be in the allow list"
                          : "type URL must not be in the block list",
              number == 2 ? "any.in" : "any.not_in");
  }
  return {};
}

/// A Duration or a Timestamp.
std::string ProtoChecks::moment(const RawRules& rules, std::string_view type) {
  const bool timestamp = type == "timestamp";
  std::vector<Moment> all = timestamp ? std::vector<Moment>() : rules.moments(7);
  if (!timestamp) {
    for (const Moment& one : rules.moments(8)) all.push_back(one);
  }
  for (int number : {2, 3, 4, 5, 6}) {
    if (const auto one = rules.moment(number)) all.push_back(*one);
  }
  const MomentCode code{std::any_of(all.begin(), all.end(), std::mem_fn(&Moment::is_wide))};
  const auto bound = [&](std::optional<Moment> moment) {
    if (!moment) return Bound();
    return Bound{code.of_rule(*moment), timestamp ? rfc3339(*moment) : seconds_text(*moment)};
  };
  const std::string in_nanos = MomentCode().of_field(value_);
  compared_ = code.of_field(value_);
  if (const auto equal = rules.moment(2))
    fail_if(fmt::format("{} != {}", compared(), bound(equal).code),
            "must equal " + bound(equal).shown, fmt::format("{}.const", type));
  const auto high = rules.moment(3) ? rules.moment(3) : rules.moment(4);
  const auto low = rules.moment(5) ? rules.moment(5) : rules.moment(6);
  bounds(type, bound(rules.moment(3)), bound(rules.moment(4)), bound(rules.moment(5)),
         bound(rules.moment(6)), high && low && *high < *low);
  if (!timestamp) {
    std::vector<Bound> in, not_in;
    for (const Moment& one : rules.moments(7)) in.push_back(bound(one));
    for (const Moment& one : rules.moments(8)) not_in.push_back(bound(one));
    lists(type, in, not_in);
    return {};
  }
  const std::string_view now = "::bia::rules::now_nanos()";
  if (rules.flag(7))
    fail_if(fmt::format("{} > {}", in_nanos, now), "must be less than now", "timestamp.lt_now");
  if (rules.flag(8))
    fail_if(fmt::format("{} < {}", in_nanos, now), "must be greater than now", "timestamp.gt_now");
  if (const auto within = rules.moment(9)) {
    if (std::string wrong = wrong_within(*within); !wrong.empty()) return wrong;
    fail_if(
        fmt::format("{0} < {1} - {2}LL || {0} > {1} + {2}LL", in_nanos, now, within->in_nanos()),
        fmt::format("must be within {} of now", seconds_text(*within)), "timestamp.within");
  }
  return {};
}

std::string ProtoChecks::field_mask(const RawRules& rules) {
  const auto list = [](const std::vector<std::string>& paths) {
    std::string text;
    for (const std::string& one : paths) text += (text.empty() ? "" : ", ") + one;
    return "[" + text + "]";
  };
  const auto code = [](const std::vector<std::string>& paths) {
    std::string text;
    for (const std::string& one : paths)
      text += (text.empty() ? "" : ", ") + fmt::format("std::string_view({})", quoted_bytes(one));
    return "{" + text + "}";
  };
  if (const auto equal = rules.message(1))
    fail_if(fmt::format("!::bia::rules::same_paths({}.paths(), {})", value_, code(equal->texts(1))),
            "must equal paths " + list(equal->texts(1)), "field_mask.const");
  if (rules.has(2))
    fail_if(
        fmt::format("!::bia::rules::all_paths_in({}.paths(), {})", value_, code(rules.texts(2))),
        "must only contain paths in " + list(rules.texts(2)), "field_mask.in");
  if (rules.has(3))
    fail_if(fmt::format("::bia::rules::any_path_in({}.paths(), {})", value_, code(rules.texts(3))),
            "must not contain any paths in " + list(rules.texts(3)), "field_mask.not_in");
  return {};
}

}  // namespace bia::protoc
