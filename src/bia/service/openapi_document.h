#pragma once
// Header-only and std alone: protoc-gen-bia writes documents with it too.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/bia/openapi.h"

namespace bia {

inline std::string openapi_string(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// The schema of errors; its name is that of no message.
inline constexpr std::string_view kOpenApiError = "bia.Error";

/// How an operation is served, where that is not the default.
struct OpenApiServed {
  std::string path_prefix = {};
  bool omit_unset = false;
  bool proto_names = false;
  bool enum_numbers = false;
  /// The schema of a reply's JSON before and behind the reply's own; both empty: it is bare.
  std::pair<std::string, std::string> envelope = {};
  std::string error_status = "default";
  /// The media types of bodies. Only JSON's has a schema.
  using Types = std::vector<std::string>;
  Types body_types = {"application/json"};
  Types reply_types = {"application/json"};
  Types error_types = {"application/json"};
};

/// An OpenAPI 3.1 document, put together from what the generator wrote for each service. What is
/// added must live as long.
class OpenApiDocument {
 public:
  /// Of two with the same method and the same path but for names the first stays, as in the router.
  void add_operation(const OpenApiOperation& one, const OpenApiServed& served = {}) {
    Path& path = paths_[served.path_prefix + without_names(one.path)];
    if (path.text.empty()) path.text = served.path_prefix + std::string(one.path);
    if (path.operations.contains(std::string(one.method))) return;
    std::string json = with_names(one, path.text);
    json.pop_back();
    if (!one.body.empty())
      json += R"(,"requestBody":{)" +
              content(one.raw_body ? kRaw : served.body_types, refer(one.body, {})) +
              (one.raw_body ? "}" : R"(,"required":true})");
    json += R"(,"responses":)" + responses(one, served) + '}';
    path.operations.emplace(one.method, std::move(json));
  }
  void add_schema(const OpenApiSchema& one) { schemas_.emplace(one.name, one); }
  /// In place of Kratos' error body.
  void set_error(std::string schema) { error_ = std::move(schema); }

  std::string text(std::string_view title, std::string_view version) {
    std::string out = R"({"openapi":"3.1.0","info":{"title":)" + openapi_string(title) +
                      R"(,"version":)" + openapi_string(version) + R"(},"paths":{)";
    std::string_view comma;
    for (const auto& [key, path] : paths_) {
      out += comma;
      out += openapi_string(path.text) + ':';
      append(out, path.operations);
      comma = ",";
    }
    out += R"(},"components":{"schemas":)";
    append(out, all_schemas());
    return out + "}}";
  }

 private:
  using Members = std::map<std::string, std::string>;
  struct Path {
    std::string text;
    Members operations;
  };
  /// Of a message in replies: omit_unset, proto_names, enum_numbers. Requests are read in any form.
  struct Form {
    bool omit_unset = false;
    bool proto_names = false;
    bool enum_numbers = false;
    auto operator<=>(const Form&) const = default;
    std::string suffix() const {
      std::string text;
      if (omit_unset) text += "-omit_unset";
      if (proto_names) text += "-proto_names";
      if (enum_numbers) text += "-enum_numbers";
      return text;
    }
  };

  static void append(std::string& out, const Members& members) {
    out += '{';
    std::string_view comma;
    for (const auto& [name, json] : members) {
      out += comma;
      out += openapi_string(name) + ':' + json;
      comma = ",";
    }
    out += '}';
  }

  static std::string without_names(std::string_view path) {
    std::string text;
    for (size_t at = 0; at < path.size();) {
      const size_t open = std::min(path.find('{', at), path.size());
      text += path.substr(at, open - at);
      at = open;
      if (open == path.size()) break;
      text += "{}";
      at = std::min(path.find('}', open), path.size() - 1) + 1;
    }
    return text;
  }

  static std::vector<std::string_view> names_of(std::string_view path) {
    std::vector<std::string_view> names;
    for (size_t open = path.find('{'); open != path.npos; open = path.find('{', open + 1))
      names.push_back(path.substr(open + 1, path.find('}', open) - open - 1));
    return names;
  }

  /// OpenAPI has one item for /v1/{name} and /v1/{id}: the first one's names are the others' too.
  static std::string with_names(const OpenApiOperation& one, std::string_view path) {
    std::string json(one.json);
    const auto own = names_of(one.path);
    const auto names = names_of(path);
    size_t at = 0;
    for (size_t i = 0; i < own.size() && i < names.size(); ++i) {
      // Quotes within a text are escaped: this is a parameter.
      const std::string head = R"({"name":)" + openapi_string(own[i]) + R"(,"in":"path")";
      at = json.find(head, at);
      if (at == json.npos) break;
      const std::string other = R"({"name":)" + openapi_string(names[i]) + R"(,"in":"path")";
      json.replace(at, head.size(), other);
      at += other.size();
    }
    return json;
  }

  inline static const OpenApiServed::Types kRaw = {"*/*"};

  static std::string content(const OpenApiServed::Types& types, std::string_view schema) {
    std::string text = R"("content":{)";
    for (size_t i = 0; i < types.size(); ++i)
      text += (i > 0 ? "," : "") + openapi_string(types[i]) + R"(:{"schema":)" +
              std::string(types[i] == "application/json" ? schema : "{}") + '}';
    return text + '}';
  }

  std::string responses(const OpenApiOperation& one, const OpenApiServed& served) {
    const Form form = one.message_reply
                          ? Form{served.omit_unset, served.proto_names, served.enum_numbers}
                          : Form{};
    std::string reply = one.raw_reply ? "{}" : refer(one.reply, form);
    if (!one.raw_reply && !served.envelope.first.empty())
      reply = served.envelope.first + reply + served.envelope.second;
    const std::string error =
        R"({"$ref":"#/components/schemas/)" + std::string(kOpenApiError) + R"("})";
    const bool same_status = served.error_status == "200";
    OpenApiServed::Types types = one.raw_reply ? kRaw : served.reply_types;
    if (same_status && !one.raw_reply) {
      const bool has_json =
          std::find(types.begin(), types.end(), "application/json") != types.end();
      reply = has_json ? R"({"anyOf":[)" + reply + ',' + error + "]}" : error;
      if (!has_json) types.emplace_back("application/json");
    }
    std::string text =
        R"({"200":{"description":)" + openapi_string(one.about) + ',' + content(types, reply) + '}';
    if (!same_status)
      text += ',' + openapi_string(served.error_status) + R"(:{"description":"An error.",)" +
              content(served.error_types, error) + '}';
    return text + '}';
  }

  /// A schema in whose references messages have that form, all of which are then needed.
  std::string refer(std::string_view schema, Form form) {
    static constexpr std::string_view kHead = R"("$ref":"#/components/schemas/)";
    std::string out;
    for (size_t at = 0; at < schema.size();) {
      size_t name = schema.find(kHead, at);
      if (name == schema.npos) return out.append(schema.substr(at));
      name += kHead.size();
      const size_t end = std::min(schema.find('"', name), schema.size());
      need(std::string(schema.substr(name, end - name)), form);
      out.append(schema.substr(at, end - at)).append(form.suffix());
      at = end;
    }
    return out;
  }

  void need(std::string name, Form form) {
    auto one = std::pair(std::move(name), form);
    if (needed_.insert(one).second) open_.push_back(std::move(one));
  }

  std::string schema(const OpenApiSchema& one, Form form) {
    if (!one.numbers.empty()) return std::string(form.enum_numbers ? one.numbers : one.json);
    std::string properties;
    std::string required;
    for (const OpenApiProperty& each : one.properties) {
      const std::string name = openapi_string(form.proto_names ? each.proto_name : each.name);
      properties += (properties.empty() ? "" : ",") + name + ':' + refer(each.json, form);
      if (each.required && !form.omit_unset) required += (required.empty() ? "" : ",") + name;
    }
    std::string text(one.json);
    text.pop_back();
    text += R"(,"properties":{)" + properties + '}';
    if (!required.empty()) text += R"(,"required":[)" + required + ']';
    return text + '}';
  }

  Members all_schemas() {
    Members all;
    const auto add_needed = [&] {
      while (!open_.empty()) {
        const auto [name, form] = open_.back();
        open_.pop_back();
        if (const auto found = schemas_.find(name); found != schemas_.end())
          all[name + form.suffix()] = schema(found->second, form);
      }
    };
    add_needed();
    // Those that are needed in another form alone are not served as they are.
    std::set<std::string> others;
    for (const auto& [name, form] : needed_) {
      if (form != Form{}) others.insert(name);
    }
    for (const auto& [name, one] : schemas_) {
      if (!others.contains(std::string(name))) need(std::string(name), {});
    }
    add_needed();
    if (!error_.empty()) all[std::string(kOpenApiError)] = error_;
    return all;
  }

  std::map<std::string, Path> paths_;
  std::map<std::string_view, OpenApiSchema> schemas_;
  std::string error_;
  std::set<std::pair<std::string, Form>> needed_;
  std::vector<std::pair<std::string, Form>> open_;
};

}  // namespace bia
