// The rules of protoc-gen-validate and protovalidate as members of JSON schemas, as far as JSON
// schema has words for them. Never more than what is checked: a document must not forbid what is
// served.
#include <cmath>

#include "bia/service/openapi_document.h"
#include "names.h"
#include "openapi.h"
#include "protovalidate.h"
#include "validate_values.h"

namespace bia::protoc {
namespace {
using Field = pb::FieldDescriptor;

class Members {
 public:
  void add(std::string_view name, const std::string& json) {
    text_ += fmt::format("{}\"{}\":{}", text_.empty() ? "" : ",", name, json);
  }
  void add_number(std::string_view name, const std::optional<uint64_t>& number) {
    if (number) add(name, fmt::format("{}", *number));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string list_of(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& one : values) text += (text.empty() ? "" : ",") + one;
  return "[" + text + "]";
}

/// JSON has no infinity, and 64 bits are texts there.
std::string number_json(const Field* field, const pb::UnknownField& raw) {
  const Literal value = literal(field, raw);
  if (!std::isfinite(value.number)) return {};
  const bool text =
      field->cpp_type() == Field::CPPTYPE_INT64 || field->cpp_type() == Field::CPPTYPE_UINT64;
  return text ? openapi_string(value.shown) : value.shown;
}

void add_numbers(const Field* field, const RawRules& rules, Members& out) {
  const auto all = [&](int number) {
    std::vector<std::string> list;
    for (const pb::UnknownField& raw : rules.values(number)) {
      std::string json = number_json(field, raw);
      if (!json.empty()) list.push_back(std::move(json));
    }
    return list;
  };
  if (const auto equal = all(1); !equal.empty()) out.add("const", equal.back());
  if (const auto in = all(6); !in.empty()) out.add("enum", list_of(in));
  if (const auto not_in = all(7); !not_in.empty())
    out.add("not", fmt::format(R"({{"enum":{}}})", list_of(not_in)));
  const auto bound = [&](int a, int b) {
    const auto values = rules.values(rules.has(a) ? a : b);
    return values.empty() ? NAN : literal(field, values.back()).number;
  };
  // A lower bound above the upper one means outside of both: JSON schema's bounds mean inside.
  const bool is_text =
      field->cpp_type() == Field::CPPTYPE_INT64 || field->cpp_type() == Field::CPPTYPE_UINT64;
  if (is_text || bound(2, 3) < bound(4, 5)) return;
  for (const auto& [number, name] : {std::pair(2, "exclusiveMaximum"), std::pair(3, "maximum"),
                                     std::pair(4, "exclusiveMinimum"), std::pair(5, "minimum")}) {
    if (const auto values = all(number); !values.empty()) out.add(name, values.back());
  }
}

void add_texts(const RawRules& rules, Members& out) {
  const auto all = [&](int number) {
    std::vector<std::string> list;
    for (const std::string& one : rules.texts(number)) list.push_back(openapi_string(one));
    return list;
  };
  const auto exact = rules.unsigned_of(19);
  out.add_number("minLength", exact ? exact : rules.unsigned_of(2));
  out.add_number("maxLength", exact ? exact : rules.unsigned_of(3));
  if (const auto equal = all(1); !equal.empty()) out.add("const", equal.back());
  if (const auto pattern = all(6); !pattern.empty()) out.add("pattern", pattern.back());
  if (const auto in = all(10); !in.empty()) out.add("enum", list_of(in));
  if (const auto not_in = all(11); !not_in.empty())
    out.add("not", fmt::format(R"({{"enum":{}}})", list_of(not_in)));
  for (const auto& [number, format] :
       {std::pair(12, "email"), std::pair(13, "hostname"), std::pair(15, "ipv4"),
        std::pair(16, "ipv6"), std::pair(17, "uri"), std::pair(18, "uri-reference"),
        std::pair(22, "uuid")}) {
    if (rules.flag(number)) out.add("format", openapi_string(format));
  }
}

/// Rules that the zero value need not keep.
bool passes_over_zero(const Field* field, const RawRules& own) {
  const int number = rule_number(field);
  return number <= 12 ? own.flag(8) : number == 14 && own.flag(26);
}

std::string value_members(const Field* field, const std::optional<RawRules>& rules) {
  Members out;
  if (!rules || proto_ignore(*rules) != Ignore::kUnspecified) return {};
  const auto own = rules->message(rule_number(field));
  if (!own) return {};
  switch (field->cpp_type()) {
    case Field::CPPTYPE_STRING:
      if (field->type() == Field::TYPE_STRING) add_texts(*own, out);
      break;
    case Field::CPPTYPE_BOOL:
      if (own->has(1)) out.add("const", own->flag(1) ? "true" : "false");
      break;
    case Field::CPPTYPE_ENUM:
    case Field::CPPTYPE_MESSAGE:
      break;
    default:
      add_numbers(field, *own, out);
  }
  return out.take();
}

}  // namespace

SchemaMembers rule_members(const Field* field) {
  SchemaMembers members;
  for (const bool old : {true, false}) {
    const auto rules = old ? RawRules::of(field) : proto_rules(field);
    if (!rules || (!old && proto_ignore(*rules) != Ignore::kUnspecified)) continue;
    const auto append = [](std::string& to, const std::string& more) {
      if (!more.empty()) to += (to.empty() ? "" : ",") + more;
    };
    if (!field->is_repeated()) {
      const auto own = rules->message(rule_number(field));
      if (own && old && passes_over_zero(field, *own)) continue;
      append(members.value, value_members(field, rules));
      continue;
    }
    const auto own = rules->message(field->is_map() ? 19 : 18);
    if (!own || (old && own->flag(field->is_map() ? 6 : 5))) continue;
    Members whole;
    whole.add_number(field->is_map() ? "minProperties" : "minItems", own->unsigned_of(1));
    whole.add_number(field->is_map() ? "maxProperties" : "maxItems", own->unsigned_of(2));
    if (!field->is_map() && own->flag(3)) whole.add("uniqueItems", "true");
    append(members.whole, whole.take());
    const Field* element = field->is_map() ? field->message_type()->map_value() : field;
    const auto inner = own->message(field->is_map() ? 5 : 4);
    const auto typed = inner ? inner->message(rule_number(element)) : std::nullopt;
    if (!old || !typed || !passes_over_zero(element, *typed))
      append(members.value, value_members(element, inner));
  }
  return members;
}

bool rules_require(const Field* field) {
  if (const auto rules = RawRules::of(field)) {
    const auto message = rules->message(17);
    const int number = rule_number(field);
    const auto own = number >= 20 ? rules->message(number) : std::nullopt;
    if ((message && message->flag(2)) || (own && own->flag(1))) return true;
  }
  const auto rules = proto_rules(field);
  return rules && rules->flag(25) && proto_ignore(*rules) != Ignore::kAlways;
}

}  // namespace bia::protoc
