#include "http_rule.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <optional>

#include "names.h"

namespace bia::protoc {
namespace {

/// google/api/annotations.proto: `extend google.protobuf.MethodOptions { HttpRule http = 72295728;
/// }`.
constexpr int kHttpOption = 72295728;
/// Variables of one template, http::PathParams::kMax.
constexpr size_t kVariablesMax = 16;

/// google/api/http.proto's HttpRule, as it stands in the option.
struct RawRule {
  std::string method;
  std::string path;
  std::string body;
  std::string response_body;
  std::vector<RawRule> additional;
};

bool parse_raw(const std::string& bytes, RawRule& rule) {
  pb::UnknownFieldSet fields;
  if (!fields.ParseFromString(bytes)) return false;
  for (int i = 0; i < fields.field_count(); ++i) {
    const pb::UnknownField& field = fields.field(i);
    if (field.type() != pb::UnknownField::TYPE_LENGTH_DELIMITED) continue;
    const std::string& text = field.length_delimited();
    switch (field.number()) {
      case 2:
        rule.method = "GET";
        rule.path = text;
        break;
      case 3:
        rule.method = "PUT";
        rule.path = text;
        break;
      case 4:
        rule.method = "POST";
        rule.path = text;
        break;
      case 5:
        rule.method = "DELETE";
        rule.path = text;
        break;
      case 6:
        rule.method = "PATCH";
        rule.path = text;
        break;
      case 7:
        rule.body = text;
        break;
      case 8: {
        pb::UnknownFieldSet custom;
        if (!custom.ParseFromString(text)) return false;
        for (int j = 0; j < custom.field_count(); ++j) {
          if (custom.field(j).type() != pb::UnknownField::TYPE_LENGTH_DELIMITED) continue;
          if (custom.field(j).number() == 1) rule.method = custom.field(j).length_delimited();
          if (custom.field(j).number() == 2) rule.path = custom.field(j).length_delimited();
        }
        break;
      }
      case 11: {
        RawRule additional;
        if (!parse_raw(text, additional)) return false;
        rule.additional.push_back(std::move(additional));
        break;
      }
      case 12:
        rule.response_body = text;
        break;
      default:
        break;
    }
  }
  return true;
}

std::optional<std::string>& unmapped_prefix() {
  static std::optional<std::string> prefix;
  return prefix;
}

/// The rule of an rpc that has none.
std::vector<HttpRule> unmapped_rules(const pb::MethodDescriptor* method) {
  const std::optional<std::string>& prefix = unmapped_prefix();
  if (!prefix || method->client_streaming() || method->server_streaming()) return {};
  HttpRule rule;
  rule.method = "POST";
  rule.path = fmt::format("{}/{}/{}", *prefix, method->service()->full_name(), method->name());
  rule.literals = {rule.path};
  return {std::move(rule)};
}

/// The fields that a dotted path leads through; empty, with `error` set, where one is missing or no
/// message.
std::vector<const pb::FieldDescriptor*> field_path(const pb::Descriptor* type,
                                                   const std::string& path, std::string& error) {
  std::vector<const pb::FieldDescriptor*> fields;
  for (size_t begin = 0; begin <= path.size();) {
    size_t end = std::min(path.find('.', begin), path.size());
    std::string name = path.substr(begin, end - begin);
    if (!fields.empty()) {
      const pb::FieldDescriptor* outer = fields.back();
      if (outer->message_type() == nullptr || outer->is_repeated()) {
        error = fmt::format("\"{}\" of \"{}\" is no message", outer->name(), path);
        return {};
      }
      type = outer->message_type();
    }
    const pb::FieldDescriptor* field = type->FindFieldByName(name);
    if (field == nullptr) {
      error = fmt::format("{} has no field \"{}\"", type->full_name(), name);
      return {};
    }
    fields.push_back(field);
    begin = end + 1;
  }
  return fields;
}

/// Cuts a template at its variables and checks its segments (google/api/http.proto, "Path template
/// syntax").
std::string parse_template(const pb::Descriptor* input, HttpRule& rule) {
  const std::string& text = rule.path;
  if (text.empty() || text[0] != '/')
    return fmt::format("the path \"{}\" must begin with \"/\"", text);
  std::string literal;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '*') {
      rule.has_bare_wildcard = true;
      const size_t end = text.compare(i, 2, "**") == 0 ? i + 2 : i + 1;
      if (text[i - 1] != '/' || (end < text.size() && text[end] != '/' && text[end] != ':'))
        return fmt::format("the path \"{}\" has a wildcard that is no whole segment", text);
      literal.append(text, i, end - i);
      i = end;
      continue;
    }
    if (text[i] == '}') return fmt::format("the path \"{}\" has a \"}}\" without \"{{\"", text);
    if (text[i] != '{') {
      literal.push_back(text[i++]);
      continue;
    }
    size_t close = text.find('}', i);
    if (close == std::string::npos)
      return fmt::format("the path \"{}\" has a \"{{\" without \"}}\"", text);
    std::string inside = text.substr(i + 1, close - i - 1);
    size_t equals = std::min(inside.find('='), inside.size());
    HttpRule::Variable variable;
    variable.path = inside.substr(0, equals);
    std::string pattern = equals < inside.size() ? inside.substr(equals + 1) : "*";
    variable.many_segments = pattern.find('/') != std::string::npos || pattern == "**";
    std::string error;
    variable.fields = field_path(input, variable.path, error);
    if (!error.empty()) return fmt::format("the path \"{}\": {}", text, error);
    const pb::FieldDescriptor* leaf = variable.fields.back();
    if (leaf->is_repeated())
      return fmt::format("the path \"{}\": \"{}\" is a list or map and cannot hold a path segment",
                         text, variable.path);
    if (leaf->message_type() != nullptr && !is_well_known(leaf->message_type())) {
      return fmt::format("the path \"{}\": \"{}\" is a message and cannot hold a path segment",
                         text, variable.path);
    }
    rule.variables.push_back(std::move(variable));
    rule.literals.push_back(std::move(literal));
    literal.clear();
    i = close + 1;
  }
  rule.literals.push_back(std::move(literal));
  if (rule.variables.size() > kVariablesMax)
    return fmt::format("the path \"{}\" has more than {} variables", text, kVariablesMax);
  return {};
}

std::string check_rule(const pb::MethodDescriptor* method, const RawRule& raw, HttpRule& rule) {
  rule.method = raw.method;
  rule.path = raw.path;
  if (raw.path.empty())
    return "google.api.http has no pattern; write get, put, post, delete, patch or custom";
  for (char c : rule.method) {
    if ((c < 'A' || c > 'Z') && rule.method != "*")
      return fmt::format(
          "the custom verb \"{}\" is no HTTP method; write upper-case letters, or * "
          "for every method",
          rule.method);
  }
  if (rule.method.empty()) return "custom has no kind; write an HTTP method, or *";
  if (std::string error = parse_template(method->input_type(), rule); !error.empty()) return error;
  std::string error;
  rule.has_body = !raw.body.empty();
  if (rule.has_body && raw.body != "*")
    rule.body = field_path(method->input_type(), raw.body, error);
  if (!error.empty()) return "body: " + error;
  if (!raw.response_body.empty() && raw.response_body != "*") {
    rule.response_body = method->output_type()->FindFieldByName(raw.response_body);
    if (rule.response_body == nullptr)
      return fmt::format("response_body: {} has no field \"{}\"",
                         method->output_type()->full_name(), raw.response_body);
  }
  if (rule.response_body != nullptr && rule.response_body->containing_oneof() != nullptr &&
      rule.response_body->message_type() == nullptr) {
    return fmt::format(
        "response_body: \"{}\" may be absent and then has no JSON; answer with a message",
        raw.response_body);
  }
  return {};
}

}  // namespace

bool is_http_body(const pb::Descriptor* type) {
  return type != nullptr && type->full_name() == "google.api.HttpBody";
}

bool takes_raw(const pb::MethodDescriptor* method, const HttpRule& rule) {
  if (!rule.has_body) return false;
  return rule.body.empty()
             ? is_http_body(method->input_type())
             : !rule.body.back()->is_repeated() && is_http_body(rule.body.back()->message_type());
}

bool replies_raw(const pb::MethodDescriptor* method, const HttpRule& rule) {
  return rule.response_body == nullptr ? is_http_body(method->output_type())
                                       : !rule.response_body->is_repeated() &&
                                             is_http_body(rule.response_body->message_type());
}

void serve_unmapped(std::string prefix) { unmapped_prefix() = std::move(prefix); }

std::vector<HttpRule> http_rules(const pb::MethodDescriptor* method, std::string& error) {
  std::vector<HttpRule> rules;
  std::string bytes;
  const pb::UnknownFieldSet& options =
      method->options().GetReflection()->GetUnknownFields(method->options());
  bool found = false;
  for (int i = 0; i < options.field_count(); ++i) {
    if (options.field(i).number() != kHttpOption ||
        options.field(i).type() != pb::UnknownField::TYPE_LENGTH_DELIMITED)
      continue;
    bytes += options.field(i).length_delimited();
    found = true;
  }
  if (!found) return unmapped_rules(method);
  RawRule raw;
  if (!parse_raw(bytes, raw)) {
    error = at(method, "google.api.http cannot be parsed");
    return rules;
  }
  std::vector<const RawRule*> all{&raw};
  for (const RawRule& additional : raw.additional) {
    if (!additional.additional.empty())
      error = at(method, "an additional_bindings entry cannot have additional_bindings of its own");
    all.push_back(&additional);
  }
  for (const RawRule* one : all) {
    HttpRule rule;
    std::string wrong = check_rule(method, *one, rule);
    if (!wrong.empty() && error.empty()) error = at(method, wrong);
    rules.push_back(std::move(rule));
  }
  if (error.empty() && (method->client_streaming() || method->server_streaming())) {
    error = at(method, fmt::format("the streaming rpc {} has google.api.http, but streams are "
                                   "served over gRPC only; remove the option",
                                   method->name()));
  }
  return rules;
}

}  // namespace bia::protoc
