#include "protovalidate.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <set>

#include "names.h"
#include "protovalidate_values.h"
#include "validate_code.h"
#include "validate_values.h"

namespace bia::protoc {
namespace {
using Field = pb::FieldDescriptor;

constexpr int kOption = 1159;
constexpr int kRequired = 25;
constexpr int kIgnore = 27;
constexpr int kRepeated = 18;
constexpr int kMap = 19;
constexpr int kMessageOneof = 4;

bool is_wrapper(const Field* field) {
  if (!field->message_type()) return false;
  const auto type = field->message_type()->well_known_type();
  return type >= pb::Descriptor::WELLKNOWNTYPE_DOUBLEVALUE &&
         type <= pb::Descriptor::WELLKNOWNTYPE_BOOLVALUE;
}

int number_of(const Field* field) {
  if (field->message_type() && field->message_type()->full_name() == "google.protobuf.FieldMask")
    return 28;
  return rule_number(field);
}

/// The zero value of a field without presence; empty for what has none to compare.
std::string is_set(const Field* field, const std::string& value) {
  if (field->is_repeated()) return value + ".size() > 0";
  switch (field->cpp_type()) {
    case Field::CPPTYPE_STRING:
      return "!" + value + ".empty()";
    case Field::CPPTYPE_ENUM:
      return fmt::format("static_cast<int>({}) != 0", value);
    case Field::CPPTYPE_MESSAGE:
      return fmt::format("{}.ByteSizeLong() != 0", value);
    default:
      return value + " != 0";
  }
}

/// Fields of a message.oneof are looked at only where they are set.
bool is_in_message_oneof(const Field* field) {
  const auto rules = proto_rules(field->containing_type());
  if (!rules) return false;
  for (const RawRules& rule : rules->messages(kMessageOneof)) {
    const auto names = rule.texts(1);
    if (std::find(names.begin(), names.end(), field->name()) != names.end()) return true;
  }
  return false;
}

class ProtoField {
 public:
  ProtoField(const Field* field, CelCode& cel, Output& out)
      : field_(field), cel_(cel), out_(out), get_(fmt::format("message.{}()", cpp_field(field))) {
    at_ = fmt::format("{}, {}, {}", quoted(field->containing_type()->name()),
                      quoted(field->camelcase_name()), quoted(field->json_name()));
  }

  std::string write(const RawRules& rules) {
    Ignore ignore = proto_ignore(rules);
    if (ignore == Ignore::kAlways) return {};
    if (ignore == Ignore::kUnspecified && is_in_message_oneof(field_)) ignore = Ignore::kZeroValue;
    const bool presence = !field_->is_repeated() && field_->has_presence();
    const std::string set =
        presence ? fmt::format("message.has_{}()", cpp_field(field_)) : is_set(field_, get_);
    if (rules.flag(kRequired))
      out_.line("if (!({})) out.add_rule({}, \"value is required\", \"required\");", set, at());
    // Absent is not wrong; neither is what was just said to be missing. A zero that was set is
    // looked at all the same.
    const bool guarded = presence || ignore == Ignore::kZeroValue || rules.flag(kRequired);
    if (guarded) out_.line("if ({}) {{", set);
    std::string wrong = own_cel(field_, rules, true, get_, at());
    if (!wrong.empty()) return wrong;
    if (field_->is_map()) {
      wrong = write_map(rules);
    } else if (field_->is_repeated()) {
      wrong = write_list(rules);
    } else if (is_wrapper(field_)) {
      wrong =
          write_value(field_->message_type()->FindFieldByNumber(1), rules, get_ + ".value()", at());
    } else {
      wrong = write_value(field_, rules, get_, at());
    }
    if (guarded) out_.put("}");
    return wrong;
  }

 private:
  std::string at(const std::string& more = "") const { return "{" + at_ + more + "}"; }

  std::string write_value(const Field* field, const RawRules& rules, const std::string& value,
                          const std::string& where) {
    const int number = number_of(field);
    for (int other = 1; other <= 28; ++other) {
      if (other != number && other != 17 && other <= 22 && rules.has(other))
        return "its rules are for another type than the field's";
    }
    if (number != 28 && rules.has(28)) return "its rules are for another type than the field's";
    const auto own = number ? rules.message(number) : std::nullopt;
    if (!own) return {};
    ProtoChecks checks(field, value, where, cel_, out_);
    std::string wrong = checks.write(*own);
    return wrong.empty() ? checks.predefined(*own, number, false) : wrong;
  }

  std::string own_cel(const Field* field, const RawRules& rules, bool whole,
                      const std::string& value, const std::string& where) {
    return cel_.write_own(rules, {.field = field, .whole = whole, .value = value, .at = where},
                          out_);
  }

  /// A list's or map's element, by rules that may pass over it.
  std::string element(const Field* field, const std::optional<RawRules>& rules,
                      const std::string& value, const std::string& where) {
    if (!rules || proto_ignore(*rules) == Ignore::kAlways) return {};
    const bool guarded = proto_ignore(*rules) == Ignore::kZeroValue;
    const std::string set =
        field->is_repeated() && !field->message_type() && field->cpp_type() != Field::CPPTYPE_STRING
            ? value + " != 0"
        : field->cpp_type() == Field::CPPTYPE_STRING ? "!" + value + ".empty()"
        : field->message_type()                      ? value + ".ByteSizeLong() != 0"
                                                     : value + " != 0";
    // `required` says nothing of an element: it is there.
    if (guarded) out_.line("if ({}) {{", set);
    const Field* inner = is_wrapper(field) ? field->message_type()->FindFieldByNumber(1) : field;
    std::string wrong = own_cel(field, *rules, false, value, where);
    if (wrong.empty())
      wrong = write_value(inner, *rules, is_wrapper(field) ? value + ".value()" : value, where);
    if (guarded) out_.put("}");
    return wrong;
  }

  void counts(const RawRules& own, std::string_view type, std::string_view least_text,
              std::string_view most_text, std::string_view unit) {
    const std::string size = fmt::format("static_cast<uint64_t>({}.size())", get_);
    ProtoChecks checks(field_, get_, at(), cel_, out_);
    if (const auto least = own.unsigned_of(1))
      checks.fail_if(fmt::format("{} < {}u", size, *least),
                     fmt::format(fmt::runtime(least_text), *least),
                     fmt::format("{}.min_{}", type, unit));
    if (const auto most = own.unsigned_of(2))
      checks.fail_if(fmt::format("{} > {}u", size, *most),
                     fmt::format(fmt::runtime(most_text), *most),
                     fmt::format("{}.max_{}", type, unit));
  }

  std::string write_list(const RawRules& rules) {
    const auto own = rules.message(kRepeated);
    if (!own) return rules.highest_of_types() ? "a repeated field takes rules of `repeated`" : "";
    counts(*own, "repeated", "must contain at least {} item(s)",
           "must contain no more than {} item(s)", "items");
    if (own->flag(3)) {
      if (field_->message_type()) return "the rule repeated.unique is for scalars and enums";
      out_.put("{");
      out_.line("std::set<{}> seen;", cpp_scalar(field_));
      out_.put("bool unique = true;");
      out_.line("for (const auto& value : {}) {{", get_);
      // CEL takes NaN as like no other, std::set as like them all.
      if (is_real(field_)) out_.put("if (std::isnan(value)) continue;");
      out_.line("unique &= seen.insert(static_cast<{}>(value)).second;", cpp_scalar(field_));
      out_.put("}");
      out_.line(
          "if (!unique) out.add_rule({}, \"repeated value must contain unique items\", "
          "\"repeated.unique\");",
          at());
      out_.put("}");
    }
    std::string wrong =
        ProtoChecks(field_, get_, at(), cel_, out_).predefined(*own, kRepeated, true);
    const auto items = own->message(4);
    if (!items || !wrong.empty()) return wrong;
    out_.line("for (int i = 0; i < {}.size(); ++i) {{", get_);
    out_.line("const auto& value = {}[i];", get_);
    out_.put("static_cast<void>(value);");
    wrong = element(field_, items, "value", at(", i"));
    out_.put("}");
    return wrong;
  }

  std::string write_map(const RawRules& rules) {
    const auto own = rules.message(kMap);
    if (!own) return rules.highest_of_types() ? "a map takes rules of `map`" : "";
    counts(*own, "map", "map must be at least {} entries", "map must be at most {} entries",
           "pairs");
    std::string wrong = ProtoChecks(field_, get_, at(), cel_, out_).predefined(*own, kMap, true);
    const auto keys = own->message(4);
    const auto values = own->message(5);
    if ((!keys && !values) || !wrong.empty()) return wrong;
    const Field* key = field_->message_type()->map_key();
    const Field* value = field_->message_type()->map_value();
    out_.line("for (const auto& [key, value] : {}) {{", get_);
    out_.put(key->cpp_type() == Field::CPPTYPE_STRING
                 ? "const std::string& name = key;"
                 : "const std::string name = std::to_string(key);");
    out_.put("static_cast<void>(name), static_cast<void>(value);");
    wrong = element(key, keys, "key", at(", -1, name"));
    if (wrong.empty()) wrong = element(value, values, "value", at(", -1, name"));
    out_.put("}");
    return wrong;
  }

  const Field* field_;
  CelCode& cel_;
  Output& out_;
  std::string get_;
  std::string at_;
};

/// At most, or exactly, one of some fields.
std::string write_message_oneof(const pb::Descriptor* type, const RawRules& rule, Output& out) {
  std::string count;
  std::string names;
  std::set<const Field*> seen;
  for (const std::string& name : rule.texts(1)) {
    const Field* field = type->FindFieldByName(name);
    if (!field) return fmt::format("the rule message.oneof names {}, which is no field", name);
    if (!seen.insert(field).second)
      return fmt::format("the rule message.oneof names {} twice", name);
    const std::string get = fmt::format("message.{}()", cpp_field(field));
    count += fmt::format("{}static_cast<int>({})", count.empty() ? "" : " + ",
                         !field->is_repeated() && field->has_presence()
                             ? fmt::format("message.has_{}()", cpp_field(field))
                             : is_set(field, get));
    names += (names.empty() ? "" : ", ") + name;
  }
  if (count.empty()) return "the rule message.oneof names no field";
  const std::string at = fmt::format("{{{0}, {0}, \"\"}}", quoted(type->name()));
  out.put("{");
  out.line("const int set = {};", count);
  out.line("if (set > 1) out.add_rule({}, {}, \"message.oneof\");", at,
           quoted(fmt::format("only one of {} can be set", names)));
  if (rule.flag(2))
    out.line("if (set == 0) out.add_rule({}, {}, \"message.oneof\");", at,
             quoted(fmt::format("one of {} must be set", names)));
  out.put("}");
  return {};
}

}  // namespace

std::optional<RawRules> proto_rules(const pb::FieldDescriptor* field) {
  return RawRules::of_option(field->options(), kOption);
}
std::optional<RawRules> proto_rules(const pb::Descriptor* type) {
  return RawRules::of_option(type->options(), kOption);
}
std::optional<RawRules> proto_rules(const pb::OneofDescriptor* oneof) {
  return RawRules::of_option(oneof->options(), kOption);
}

Ignore proto_ignore(const RawRules& rules) {
  const uint64_t value = rules.unsigned_of(kIgnore).value_or(0);
  return value == 3 ? Ignore::kAlways : value == 1 ? Ignore::kZeroValue : Ignore::kUnspecified;
}

bool skips_messages(const Field* field) {
  const auto rules = proto_rules(field);
  if (!rules) return false;
  if (proto_ignore(*rules) == Ignore::kAlways) return true;
  const auto own = rules->message(field->is_map() ? 19 : 18);
  const auto elements =
      own && field->is_repeated() ? own->message(field->is_map() ? 5 : 4) : std::nullopt;
  return elements && proto_ignore(*elements) == Ignore::kAlways;
}

std::string write_proto_field(const Field* field, CelCode& cel, Output& out) {
  if (RawRules::of_option(field->options(), 1160))
    return "buf.validate.predefined is for extensions of rules, not for a message's field";
  const auto rules = proto_rules(field);
  return rules ? ProtoField(field, cel, out).write(*rules) : std::string();
}

std::string write_proto_message(const pb::Descriptor* type, CelCode& cel, Output& out) {
  if (const auto rules = proto_rules(type)) {
    const std::string at = fmt::format("{{{0}, {0}, \"\"}}", quoted(type->name()));
    if (std::string wrong = cel.write_own(*rules, {.value = "message", .at = at}, out);
        !wrong.empty())
      return wrong;
    for (const RawRules& one : rules->messages(kMessageOneof)) {
      if (std::string wrong = write_message_oneof(type, one, out); !wrong.empty()) return wrong;
    }
  }
  for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = type->oneof_decl(i);
    const auto rules = proto_rules(oneof);
    if (!rules || !rules->flag(1)) continue;
    out.line(
        "if (message.{}_case() == 0) out.add_rule({{{}, {}, {}}}, \"exactly one field is required "
        "in oneof\", \"required\");",
        oneof->name(), quoted(type->name()), quoted(oneof->name()), quoted(oneof->name()));
  }
  return {};
}

}  // namespace bia::protoc
