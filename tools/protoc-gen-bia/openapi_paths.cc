#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <set>

#include "bia/service/openapi_document.h"
#include "http_rule.h"
#include "names.h"
#include "openapi.h"
#include "service_code.h"

namespace bia::protoc {
namespace {
using Field = pb::FieldDescriptor;

/// Messages inside messages, as deep as a query's parameters are listed.
constexpr int kQueryDepthMax = 4;

std::string parameter(std::string_view name, std::string_view place, bool required,
                      const std::string& schema, const std::string& more) {
  return fmt::format(R"({{"name":{},"in":"{}","required":{},"schema":{}{}}})", openapi_string(name),
                     place, required, schema, more);
}

std::string description(const std::string& text) {
  return text.empty() ? std::string() : R"(,"description":)" + openapi_string(text);
}

/// A template as OpenAPI has it: "/v1/{name=shelves/*/books/**}" is
/// "/v1/shelves/{name}/books/{name_2}", and its parameters.
class Path {
 public:
  explicit Path(const HttpRule& rule) : rule_(rule) {
    for (size_t i = 0; i < rule.literals.size(); ++i) {
      literal(rule.literals[i]);
      if (i < rule.variables.size()) variable(rule.variables[i], pattern_of(i));
    }
  }
  std::string text;
  std::vector<std::string> parameters;

 private:
  /// What stands after '=' in the template; "*" where nothing does.
  std::string pattern_of(size_t index) const {
    size_t at = 0;
    for (size_t i = 0; i <= index; ++i) at = rule_.path.find('{', i == 0 ? 0 : at + 1);
    const std::string inside = rule_.path.substr(at + 1, rule_.path.find('}', at) - at - 1);
    const size_t equals = inside.find('=');
    return equals == std::string::npos ? "*" : inside.substr(equals + 1);
  }

  void literal(const std::string& part) {
    for (size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '*') {
        text += part[i];
        continue;
      }
      const bool rest = part.compare(i, 2, "**") == 0;
      capture(fmt::format("wildcard_{}", ++wildcards_), R"({"type":"string"})",
              rest ? "The rest of the path." : "Any segment.");
      if (rest) ++i;
    }
  }

  void variable(const HttpRule::Variable& variable, const std::string& pattern) {
    const Field* leaf = variable.fields.back();
    int count = 0;
    const std::string schema =
        leaf->message_type() ? message_schema(leaf->message_type()) : field_schema(leaf);
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '*') {
        text += pattern[i];
        continue;
      }
      const bool rest = pattern.compare(i, 2, "**") == 0;
      std::string about = comment_text(leaf);
      if (rest) about += (about.empty() ? "" : " ") + std::string("May hold slashes.");
      const bool whole = pattern == "*" || pattern == "**";
      capture(++count == 1 ? variable.path : fmt::format("{}_{}", variable.path, count),
              whole ? schema : R"({"type":"string"})", about);
      if (rest) ++i;
    }
    // Without a wildcard the field is what the path says.
  }

  void capture(const std::string& name, const std::string& schema, const std::string& about) {
    text += "{" + name + "}";
    parameters.push_back(parameter(name, "path", true, schema, description(about)));
  }

  const HttpRule& rule_;
  int wildcards_ = 0;
};

class Query {
 public:
  explicit Query(const HttpRule& rule) {
    for (const HttpRule::Variable& variable : rule.variables) bound_.insert(variable.path);
    std::string body;
    for (const Field* field : rule.body) body += (body.empty() ? "" : ".") + field->name();
    if (!body.empty()) bound_.insert(body);
  }
  std::vector<std::string> parameters;

  void add(const pb::Descriptor* type, const std::string& names, const std::string& keys,
           int depth) {
    for (int i = 0; i < type->field_count(); ++i) {
      const Field* field = type->field(i);
      if (bound_.contains(names + field->name())) continue;
      const std::string key = keys + field->json_name();
      const pb::Descriptor* message = field->is_map() ? nullptr : field->message_type();
      const bool plain = message == nullptr || is_well_known(message);
      if (!plain && field->is_repeated()) continue;  // no query can hold it
      if (!plain) {
        if (depth < kQueryDepthMax) add(message, names + field->name() + ".", key + ".", depth + 1);
        continue;
      }
      std::string more = description(about(field));
      if (field->is_map()) more += R"(,"style":"deepObject","explode":true)";
      if (field->options().deprecated()) more += R"(,"deprecated":true)";
      parameters.push_back(parameter(key, "query", is_required(field), schema(field), more));
    }
  }

 private:
  static bool is_duration(const Field* field) {
    return field->message_type() &&
           field->message_type()->full_name() == "google.protobuf.Duration";
  }
  static std::string about(const Field* field) {
    std::string text = comment_text(field);
    if (is_duration(field)) text += (text.empty() ? "" : " ") + std::string("As 1m2.5s.");
    return text;
  }
  static std::string schema(const Field* field) {
    if (is_duration(field) && !field->is_repeated()) return R"({"type":"string"})";
    return !field->is_repeated() && field->message_type() ? message_schema(field->message_type())
                                                          : field_schema(field);
  }
  std::set<std::string> bound_;
};

std::string operation_json(const pb::MethodDescriptor* method, const HttpRule& rule,
                           const Path& path, const std::string& id) {
  Query query(rule);
  // With body "*" a query may still be sent, but a document that lists all twice helps nobody.
  if (!rule.has_body || !rule.body.empty()) query.add(method->input_type(), "", "", 0);
  std::string parameters;
  using List = const std::vector<std::string>*;
  for (const List list : {List(&path.parameters), List(&query.parameters)}) {
    for (const std::string& one : *list) parameters += (parameters.empty() ? "" : ",") + one;
  }
  std::string json = fmt::format(R"({{"operationId":{},"tags":[{}])", openapi_string(id),
                                 openapi_string(method->service()->name()));
  json += description(comment_text(method));
  if (method->options().deprecated()) json += R"(,"deprecated":true)";
  if (!parameters.empty()) json += fmt::format(R"(,"parameters":[{}])", parameters);
  return json + "}";
}

OpenApiOperation operation_of(const pb::MethodDescriptor* method, const HttpRule& rule) {
  OpenApiOperation one;
  one.operation = operation(method);
  one.raw_body = takes_raw(method, rule);
  one.raw_reply = replies_raw(method, rule);
  if (rule.has_body)
    one.body =
        rule.body.empty() ? message_schema(method->input_type()) : field_schema(rule.body.back());
  const Field* field = rule.response_body;
  one.message_reply = !field || (field->message_type() && !field->is_repeated());
  one.reply = field ? field_schema(field) : message_schema(method->output_type());
  one.about = comment_text(method->output_type());
  if (one.about.empty()) one.about = "OK";
  return one;
}

}  // namespace

std::vector<OpenApiOperation> openapi_operations(const pb::ServiceDescriptor* service) {
  static const std::vector<std::string> kEvery = {"get",   "post",   "put",
                                                  "patch", "delete", "options"};
  static const std::vector<std::string> kKnown = {"get",    "post",    "put",  "patch",
                                                  "delete", "options", "head", "trace"};
  std::vector<OpenApiOperation> list;
  std::string error;
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    int number = 0;
    for (const HttpRule& rule : http_rules(method, error)) {
      const Path path(rule);
      std::string lower = rule.method;
      for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      }
      const std::vector<std::string> verbs =
          rule.method == "*" ? kEvery : std::vector<std::string>{lower};
      for (const std::string& verb : verbs) {
        if (std::find(kKnown.begin(), kKnown.end(), verb) == kKnown.end()) continue;
        std::string id = service->name() + "_" + method->name();
        if (number++ > 0) id += fmt::format("_{}", number);
        OpenApiOperation& one = list.emplace_back(operation_of(method, rule));
        one.path = path.text;
        one.method = verb;
        one.json = operation_json(method, rule, path, id);
      }
    }
  }
  return list;
}

}  // namespace bia::protoc
