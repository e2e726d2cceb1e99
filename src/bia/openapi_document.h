#pragma once
// Header-only and std alone: protoc-gen-bia writes documents with it too.
#include <map>
#include <string>
#include <string_view>

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

/// An OpenAPI 3.1 document, put together from what the generator wrote for each service.
class OpenApiDocument {
 public:
  /// Of two with the same path and method the first stays, as in the router.
  void add_operation(std::string_view path, std::string_view method, std::string_view json) {
    paths_[std::string(path)].emplace(method, json);
  }
  void add_schema(std::string_view name, std::string_view json) { schemas_.emplace(name, json); }

  std::string text(std::string_view title, std::string_view version) const {
    std::string out = R"({"openapi":"3.1.0","info":{"title":)" + openapi_string(title) +
                      R"(,"version":)" + openapi_string(version) + R"(},"paths":{)";
    std::string_view comma;
    for (const auto& [path, operations] : paths_) {
      out += comma;
      out += openapi_string(path) + ':';
      append(out, operations);
      comma = ",";
    }
    out += R"(},"components":{"schemas":)";
    append(out, schemas_);
    return out + "}}";
  }

 private:
  static void append(std::string& out, const std::map<std::string, std::string>& members) {
    out += '{';
    std::string_view comma;
    for (const auto& [name, json] : members) {
      out += comma;
      out += openapi_string(name) + ':' + json;
      comma = ",";
    }
    out += '}';
  }

  std::map<std::string, std::map<std::string, std::string>> paths_;
  std::map<std::string, std::string> schemas_;
};

}  // namespace bia
