#include "openapi_code.h"

#include <algorithm>
#include <deque>

#include "bia/service/openapi_document.h"
#include "openapi.h"

namespace bia::protoc {

namespace {

std::string_view flag(bool on) { return on ? "true" : "false"; }

/// The services of a document, and the texts that it views.
class Pieces {
 public:
  void add(const pb::ServiceDescriptor* service, OpenApiDocument& document) {
    for (const OpenApiOperation& one : operations_.emplace_back(openapi_operations(service)))
      document.add_operation({one.path, one.method, one.json, one.operation, one.body, one.reply,
                              one.about, one.raw_body, one.raw_reply, one.message_reply});
    for (const OpenApiSchema& one : schemas_.emplace_back(openapi_schemas(service))) {
      auto& properties = properties_.emplace_back();
      for (const OpenApiProperty& each : one.properties)
        properties.push_back({each.name, each.proto_name, each.json, each.required});
      document.add_schema({one.name, one.json, properties, one.numbers});
    }
  }

 private:
  std::deque<std::vector<OpenApiOperation>> operations_;
  std::deque<std::vector<OpenApiSchema>> schemas_;
  std::deque<std::vector<::bia::OpenApiProperty>> properties_;
};

void define_schemas(const pb::ServiceDescriptor* service, Output& out) {
  const auto schemas = openapi_schemas(service);
  const auto fields = [&](size_t i) { return fmt::format("{}_schema_{}", service->name(), i); };
  for (size_t i = 0; i < schemas.size(); ++i) {
    if (schemas[i].properties.empty()) continue;
    out.line("constexpr ::bia::OpenApiProperty {}[] = {{", fields(i));
    for (const OpenApiProperty& each : schemas[i].properties)
      out.line("{{{}, {}, {}, {}}},", quoted(each.name), quoted(each.proto_name), quoted(each.json),
               flag(each.required));
    out.put("};");
  }
  out.line("constexpr ::bia::OpenApiSchema {}_schemas[] = {{", service->name());
  for (size_t i = 0; i < schemas.size(); ++i)
    out.line("{{{}, {}, {}, {}}},", quoted(schemas[i].name), quoted(schemas[i].json),
             schemas[i].properties.empty() ? "{}" : fields(i), quoted(schemas[i].numbers));
  out.put("};");
}

}  // namespace

void define_openapi(const pb::ServiceDescriptor* service, Output& out) {
  const auto operations = openapi_operations(service);
  if (operations.empty()) return;
  out.line("constexpr ::bia::OpenApiOperation {}_openapi[] = {{", service->name());
  for (const OpenApiOperation& one : operations) {
    out.line("{{{}, {}, {},", quoted(one.path), quoted(one.method), quoted(one.json));
    out.line(" {}, {}, {}, {}, {}, {}, {}}},", quoted(one.operation), quoted(one.body),
             quoted(one.reply), quoted_bytes(one.about), flag(one.raw_body), flag(one.raw_reply),
             flag(one.message_reply));
  }
  out.put("};");
  define_schemas(service, out);
}

std::string openapi_initializers(const pb::ServiceDescriptor* service) {
  if (openapi_operations(service).empty()) return "{}, {}";
  return fmt::format("{0}_openapi, {0}_schemas", service->name());
}

std::string openapi_document(const std::vector<const pb::FileDescriptor*>& files,
                             const std::string& parameter, std::string& name, std::string& error) {
  std::string title = "API";
  std::string version = "0.0.0";
  for (size_t begin = 0; begin < parameter.size();) {
    const size_t end = std::min(parameter.find(',', begin), parameter.size());
    const std::string one = parameter.substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = std::min(one.find('='), one.size());
    const std::string value = one.substr(std::min(equals + 1, one.size()));
    const std::string key = one.substr(0, equals);
    if (key == "openapi" && !value.empty()) {
      name = value;
    } else if (key == "title") {
      title = value;
    } else if (key == "version") {
      version = value;
    } else {
      error = fmt::format(
          "protoc-gen-bia has no parameter \"{}\"; it has openapi, title and version", one);
      return {};
    }
  }
  Pieces pieces;
  OpenApiDocument document;
  for (const pb::FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) pieces.add(file->service(i), document);
  }
  return document.text(title, version) + "\n";
}

}  // namespace bia::protoc
