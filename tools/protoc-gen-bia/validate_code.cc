#include "validate_code.h"

#include <google/protobuf/descriptor.pb.h>

#include <set>

#include "names.h"
#include "protovalidate.h"
#include "validate_values.h"

namespace bia::protoc {
namespace {
using Field = pb::FieldDescriptor;

constexpr int kDisabled = 1071;
constexpr int kIgnored = 1072;
constexpr int kOneofRequired = 1071;

bool is_off(const pb::Descriptor* type) {
  return bool_option(type->options(), kDisabled) || bool_option(type->options(), kIgnored);
}

bool needs(const pb::Descriptor* type, std::set<const pb::Descriptor*>& seen) {
  if (!seen.insert(type).second || is_well_known(type) || is_off(type)) return false;
  if (type->file()->name().starts_with("google/api/") ||
      type->file()->name().starts_with("buf/validate/"))
    return false;
  if (proto_rules(type)) return true;
  for (int i = 0; i < type->oneof_decl_count(); ++i) {
    if (bool_option(type->oneof_decl(i)->options(), kOneofRequired) ||
        proto_rules(type->oneof_decl(i)))
      return true;
  }
  for (int i = 0; i < type->field_count(); ++i) {
    if (RawRules::of(type->field(i)) || proto_rules(type->field(i))) return true;
    const Field* field = type->field(i);
    const pb::Descriptor* inner = field->message_type();
    if (field->is_map()) inner = inner->map_value()->message_type();
    if (inner && needs(inner, seen)) return true;
  }
  return false;
}

/// "user_id" as Go's "UserId".
std::string go_name(const std::string& name) {
  std::string text;
  bool upper = true;
  for (char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    text += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return text;
}

bool is_wrapper(const Field* field) {
  if (!field->message_type()) return false;
  const auto type = field->message_type()->well_known_type();
  return type >= pb::Descriptor::WELLKNOWNTYPE_DOUBLEVALUE &&
         type <= pb::Descriptor::WELLKNOWNTYPE_BOOLVALUE;
}

class FieldChecks {
 public:
  FieldChecks(const Field* field, Output& out) : field_(field), out_(out) {
    at_ = fmt::format("{}, {}, {}", quoted(field->containing_type()->name()),
                      quoted(go_name(field->name())), quoted(field->json_name()));
    get_ = fmt::format("message.{}()", cpp_field(field));
  }

  std::string write() {
    const auto rules = RawRules::of(field_);
    if (field_->is_map()) return write_map(rules);
    if (field_->is_repeated()) return write_list(rules);
    if (field_->message_type() && !is_wrapper(field_)) return write_message(rules);
    if (!rules) return {};
    const Field* value_field =
        is_wrapper(field_) ? field_->message_type()->FindFieldByNumber(1) : field_;
    const auto own = rules->message(rule_number(value_field));
    std::string wrong = message_required(*rules, own.has_value());
    if (!wrong.empty() || !own)
      return wrong.empty() && !own && !is_wrapper(field_) ? wrong_type(*rules) : wrong;
    const bool presence = field_->has_presence();
    if (presence) out_.line("if (message.has_{}()) {{", cpp_field(field_));
    const std::string value = is_wrapper(field_) ? get_ + ".value()" : get_;
    wrong = write_value(value_field, *own, value, at());
    if (presence) out_.put("}");
    return wrong;
  }

 private:
  std::string at(const std::string& more = "") const { return "{" + at_ + more + "}"; }

  /// A rule of another type than the field's.
  std::string wrong_type(const RawRules& rules) const {
    for (int number = 1; number <= 22; ++number) {
      if (number != 17 && rules.has(number))
        return "its rules are for another type than the field's";
    }
    return {};
  }

  /// `typed`: there are rules of the value's type too.
  std::string message_required(const RawRules& rules, bool typed = false) {
    const auto own = rules.message(17);
    if (own && own->flag(2))
      out_.line("if (!message.has_{}()) out.add({}, \"value is required{}\");", cpp_field(field_),
                at(), is_wrapper(field_) && typed ? " and must not be nil." : "");
    return {};
  }

  /// Rules with ignore_empty pass over the zero value.
  std::string write_value(const Field* field, const RawRules& rules, const std::string& value,
                          const std::string& where) {
    const int ignore = field->type() == Field::TYPE_STRING  ? 26
                       : field->type() == Field::TYPE_BYTES ? 14
                       : rule_number(field) <= 12           ? 8
                                                            : 0;
    const bool ignored = ignore && rules.flag(ignore);
    if (ignored) {
      const bool text = field->cpp_type() == Field::CPPTYPE_STRING;
      out_.line("if ({}) {{", text ? "!" + value + ".empty()" : value + " != 0");
    }
    const std::string wrong = ValueChecks(field, value, where, out_).write(rules);
    if (ignored) out_.put("}");
    return wrong;
  }

  std::string write_message(const std::optional<RawRules>& rules) {
    if (rules) message_required(*rules);
    const auto own = rules ? rules->message(rule_number(field_)) : std::nullopt;
    if (own && rule_number(field_) >= 20) {
      if (own->flag(1))
        out_.line("if (!message.has_{}()) out.add({}, \"value is required\");", cpp_field(field_),
                  at());
      out_.line("if (message.has_{}()) {{", cpp_field(field_));
      const std::string wrong = ValueChecks(field_, get_, at(), out_).write(*own);
      out_.put("}");
      return wrong;
    }
    const auto message = rules ? rules->message(17) : std::nullopt;
    if ((message && message->flag(1)) || skips_messages(field_) ||
        !has_validation(field_->message_type()))
      return {};
    out_.line("if (message.has_{}()) {{", cpp_field(field_));
    inside(get_, at());
    out_.put("}");
    return {};
  }

  void inside(const std::string& value, const std::string& where) {
    out_.line("::bia::Violations::Inside inside(out, {});", where);
    out_.line("bia_validate({}, out);", value);
  }

  void counts(const RawRules& rules, std::string_view unit) {
    const auto min = rules.unsigned_of(1);
    const auto max = rules.unsigned_of(2);
    const std::string size = fmt::format("static_cast<uint64_t>({}.size())", get_);
    ValueChecks checks(field_, get_, at(), out_);
    if (min && max && *min == *max) {
      checks.fail_if(fmt::format("{} != {}u", size, *min),
                     fmt::format("value must contain exactly {} {}(s)", *min, unit));
    } else if (min && max) {
      checks.fail_if(
          fmt::format("{0} < {1}u || {0} > {2}u", size, *min, *max),
          fmt::format("value must contain between {} and {} {}s, inclusive", *min, *max, unit));
    } else if (min) {
      checks.fail_if(fmt::format("{} < {}u", size, *min),
                     fmt::format("value must contain at least {} {}(s)", *min, unit));
    } else if (max) {
      checks.fail_if(fmt::format("{} > {}u", size, *max),
                     fmt::format("value must contain no more than {} {}(s)", *max, unit));
    }
  }

  /// Opens a block that passes over an empty list or map.
  bool begin_ignoring(const RawRules* rules, int number) {
    const bool ignored = rules && rules->flag(number);
    if (ignored) out_.line("if (!{}.empty()) {{", get_);
    return ignored;
  }

  std::string element(const Field* field, const std::optional<RawRules>& rules,
                      const std::string& value, const std::string& where) {
    if (field->message_type() && !is_well_known(field->message_type())) {
      const auto message = rules ? rules->message(17) : std::nullopt;
      if (!(message && message->flag(1)) && has_validation(field->message_type()))
        inside(value, where);
      return {};
    }
    const auto own = rules ? rules->message(rule_number(field)) : std::nullopt;
    if (own) return write_value(field, *own, value, where);
    return rules ? wrong_type(*rules) : "";
  }

  std::string write_list(const std::optional<RawRules>& rules) {
    const auto own = rules ? rules->message(18) : std::nullopt;
    if (rules && !own) return "a repeated field takes rules of `repeated`";
    const auto items = own ? own->message(4) : std::nullopt;
    const bool inner =
        field_->message_type() && has_validation(field_->message_type()) && !skips_messages(field_);
    const bool ignoring = begin_ignoring(own ? &*own : nullptr, 5);
    if (own) counts(*own, "item");
    if (own && own->flag(3)) {
      if (field_->message_type()) return "the rule repeated.unique is for scalars";
      out_.put("{");
      out_.line("std::set<{}> seen;", cpp_scalar(field_));
      out_.line("for (int i = 0; i < {}.size(); ++i) {{", get_);
      // Go's maps take NaN as like no other, std::set as like them all.
      if (is_real(field_)) out_.line("if (std::isnan({}[i])) continue;", get_);
      out_.line(
          "if (!seen.insert(static_cast<{}>({}[i])).second) out.add({}, \"repeated value must "
          "contain unique items\");",
          cpp_scalar(field_), get_, at(", i"));
      out_.put("}");
      out_.put("}");
    }
    std::string wrong;
    if (items || inner) {
      out_.line("for (int i = 0; i < {}.size(); ++i) {{", get_);
      out_.line("const auto& value = {}[i];", get_);
      wrong = element(field_, items, "value", at(", i"));
      out_.put("}");
    }
    if (ignoring) out_.put("}");
    return wrong;
  }

  std::string write_map(const std::optional<RawRules>& rules) {
    const auto own = rules ? rules->message(19) : std::nullopt;
    if (rules && !own) return "a map takes rules of `map`";
    const Field* key = field_->message_type()->map_key();
    const Field* value = field_->message_type()->map_value();
    const auto keys = own ? own->message(4) : std::nullopt;
    const auto values = own ? own->message(5) : std::nullopt;
    const bool inner =
        value->message_type() && has_validation(value->message_type()) && !skips_messages(field_);
    const bool ignoring = begin_ignoring(own ? &*own : nullptr, 6);
    if (own) counts(*own, "pair");
    std::string wrong;
    if (keys || values || inner) {
      out_.line("for (const auto& [key, value] : {}) {{", get_);
      const bool text = key->cpp_type() == Field::CPPTYPE_STRING;
      out_.put(text ? "const std::string& name = key;"
                    : "const std::string name = std::to_string(key);");
      out_.put("static_cast<void>(name), static_cast<void>(value);");
      if (keys) wrong = element(key, keys, "key", at(", -1, name"));
      if (wrong.empty()) wrong = element(value, values, "value", at(", -1, name"));
      out_.put("}");
    }
    if (ignoring) out_.put("}");
    return wrong;
  }

  const Field* field_;
  std::string at_;
  std::string get_;
  Output& out_;
};

/// The function that checks a message.
std::string write_checks(const pb::Descriptor* type, CelCode& cel) {
  Output out;
  out.line("void bia_validate(const {}& message, ::bia::Violations& out) {{", cpp_type(type));
  for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
    const pb::OneofDescriptor* oneof = type->oneof_decl(i);
    if (!bool_option(oneof->options(), kOneofRequired)) continue;
    out.line("if (message.{}_case() == 0) out.add({{{}, {}, {}}}, \"value is required\");",
             oneof->name(), quoted(type->name()), quoted(go_name(oneof->name())),
             quoted(oneof->name()));
  }
  write_proto_message(type, cel, out);
  for (int i = 0; i < type->field_count(); ++i) {
    write_proto_field(type->field(i), cel, out);
    FieldChecks(type->field(i), out).write();
  }
  out.put("static_cast<void>(message), static_cast<void>(out);");
  out.put("}");
  return out.take();
}

}  // namespace

bool has_validation(const pb::Descriptor* type) {
  std::set<const pb::Descriptor*> seen;
  return needs(type, seen);
}

std::string check_validation(const pb::FileDescriptor* file) {
  std::string error;
  for_each_message(file, [&](const pb::Descriptor* type) {
    CelCode cel(type);
    for (int i = 0; error.empty() && i < type->field_count(); ++i) {
      Output ignored;
      std::string wrong = FieldChecks(type->field(i), ignored).write();
      if (wrong.empty()) wrong = write_proto_field(type->field(i), cel, ignored);
      if (!wrong.empty()) error = at(type->field(i), type->field(i)->name() + ": " + wrong);
    }
    Output ignored;
    const std::string wrong = write_proto_message(type, cel, ignored);
    if (error.empty() && !wrong.empty()) error = at(type, type->name() + ": " + wrong);
  });
  return error;
}

void declare_validation(const pb::FileDescriptor* file, Output& out) {
  for_each_message(file, [&](const pb::Descriptor* type) {
    if (has_validation(type))
      out.line("void bia_validate(const {}& message, ::bia::Violations& out);", cpp_type(type));
  });
}

void define_validation(const pb::FileDescriptor* file, Output& out) {
  for_each_message(file, [&](const pb::Descriptor* type) {
    if (!has_validation(type)) return;
    CelCode cel(type);
    const std::string checks = write_checks(type, cel);
    if (const std::string rules = cel.take(); !rules.empty())
      out.flat("namespace {\n" + rules + "}  // namespace\n");
    out.flat(checks);
  });
}

}  // namespace bia::protoc
