#include "cel_code.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

#include "cel/rule.h"
#include "names.h"

namespace bia::protoc {
namespace {
using Field = pb::FieldDescriptor;

// Of FieldRules and of MessageRules.
constexpr int kFieldCel = 23, kFieldExpression = 29;
constexpr int kMessageCel = 3, kMessageExpression = 5;
constexpr int kPredefined = 1160;
constexpr int kPredefinedCel = 1;
constexpr int kExtensionsFrom = 1000;

/// The C++ of what the rule calls `this`.
std::string this_of(const CelCode::Target& target) {
  const Field* field = target.field;
  auto made = [&](std::string_view kind, std::string_view value) {
    return fmt::format("::bia::rules::This::{}({})", kind, value);
  };
  if (!field) return made("message", target.value);
  if (field->is_repeated() && target.whole)
    return made("field", fmt::format("message, {}", field->number()));
  switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
    case Field::CPPTYPE_INT64:
      return made("integer", target.value);
    case Field::CPPTYPE_ENUM:
      return made("integer", fmt::format("static_cast<int>({})", target.value));
    case Field::CPPTYPE_UINT32:
    case Field::CPPTYPE_UINT64:
      return made("natural", target.value);
    case Field::CPPTYPE_FLOAT:
    case Field::CPPTYPE_DOUBLE:
      return made("real", target.value);
    case Field::CPPTYPE_BOOL:
      return made("boolean", target.value);
    case Field::CPPTYPE_STRING:
      return made(field->type() == Field::TYPE_BYTES ? "bytes" : "text", target.value);
    case Field::CPPTYPE_MESSAGE:
      break;
  }
  return made("message", target.value);
}

std::string literal(const std::string& text) {
  return fmt::format("std::string_view({}, {})", quoted_bytes(text), text.size());
}

}  // namespace

CelCode::CelCode(const pb::Descriptor* type) : type_(type) {}

std::string CelCode::write(const Rule& rule, const Target& target, Output& out) {
  const auto checked =
      cel::compile_rule(rule.expression,
                        {.type = target.field ? target.field->containing_type() : type_,
                         .field = target.field,
                         .whole = target.whole,
                         .extension = rule.extension},
                        *type_->file()->pool());
  if (!checked.ok())
    return fmt::format("the CEL rule \"{}\", {}", rule.id, checked.error().message());
  std::string name = type_->full_name();
  std::replace(name.begin(), name.end(), '.', '_');
  name = fmt::format("bia_cel_{}_{}", name, count_++);
  const std::string place = target.field && target.field->containing_type() == type_
                                ? at(target.field, target.field->name())
                                : at(type_, type_->name());
  declarations_.line("const ::bia::rules::CelRule {}({{", name);
  declarations_.line(".place = {},", literal(place));
  declarations_.line(".id = {},", literal(rule.id));
  declarations_.line(".message = {},", literal(rule.message));
  declarations_.line(".expression = {},", literal(rule.expression));
  declarations_.line(
      ".type = {},",
      literal((target.field ? target.field->containing_type() : type_)->full_name()));
  declarations_.line(".field = {},", target.field ? target.field->number() : 0);
  declarations_.line(".whole = {},", target.whole);
  if (rule.extension) {
    declarations_.line(".extension = {},", rule.extension->number());
    declarations_.line(".rules_type = {},",
                       literal(rule.extension->containing_type()->full_name()));
    declarations_.line(".rules = {},", literal(rule.bytes));
  }
  declarations_.put("});");
  out.line("{}.check(out, {}, {});", name, target.at, this_of(target));
  return {};
}

std::string CelCode::write_own(const RawRules& rules, const Target& target, Output& out) {
  std::string wrong;
  for (const std::string& text :
       rules.texts(target.field ? kFieldExpression : kMessageExpression)) {
    if (wrong.empty()) wrong = write({text, "", text}, target, out);
  }
  for (const RawRules& one : rules.messages(target.field ? kFieldCel : kMessageCel)) {
    const Rule rule{one.text(1).value_or(""), one.text(2).value_or(""), one.text(3).value_or("")};
    if (wrong.empty()) wrong = write(rule, target, out);
  }
  return wrong;
}

std::string CelCode::write_predefined(const RawRules& rules, int number, const Target& target,
                                      Output& out) {
  const auto* pool = type_->file()->pool();
  const auto* field_rules = pool->FindMessageTypeByName("buf.validate.FieldRules");
  const Field* holder = field_rules ? field_rules->FindFieldByNumber(number) : nullptr;
  for (int extension : rules.numbers_from(kExtensionsFrom)) {
    const Field* found =
        holder ? pool->FindExtensionByNumber(holder->message_type(), extension) : nullptr;
    if (!found)
      return fmt::format("the extension {} of the {} rules is not known; import its file",
                         extension, holder ? holder->name() : "field's");
    const auto own = RawRules::of_option(found->options(), kPredefined);
    if (!own || own->messages(kPredefinedCel).empty())
      return fmt::format("the rule ({}) has no (buf.validate.predefined).cel", found->full_name());
    for (const RawRules& one : own->messages(kPredefinedCel)) {
      std::string wrong = write({one.text(1).value_or(""), one.text(2).value_or(""),
                                 one.text(3).value_or(""), found, rules.bytes()},
                                target, out);
      if (!wrong.empty()) return wrong;
    }
  }
  return {};
}

}  // namespace bia::protoc
