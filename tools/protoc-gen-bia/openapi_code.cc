#include "openapi_code.h"

#include <algorithm>

#include "bia/openapi_document.h"
#include "openapi.h"

namespace bia::protoc {

void define_openapi(const pb::ServiceDescriptor* service, Output& out) {
  const auto operations = openapi_operations(service);
  if (operations.empty()) return;
  out.line("constexpr ::bia::OpenApiOperation {}_openapi[] = {{", service->name());
  for (const OpenApiOperation& one : operations)
    out.line("{{{}, {}, {}}},", quoted(one.path), quoted(one.method), quoted(one.json));
  out.put("};");
  out.line("constexpr ::bia::OpenApiSchema {}_schemas[] = {{", service->name());
  for (const OpenApiSchema& one : openapi_schemas(service))
    out.line("{{{}, {}}},", quoted(one.name), quoted(one.json));
  out.put("};");
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
  OpenApiDocument document;
  for (const pb::FileDescriptor* file : files) {
    for (int i = 0; i < file->service_count(); ++i) {
      for (const OpenApiOperation& one : openapi_operations(file->service(i)))
        document.add_operation(one.path, one.method, one.json);
      for (const OpenApiSchema& one : openapi_schemas(file->service(i)))
        document.add_schema(one.name, one.json);
    }
  }
  return document.text(title, version) + "\n";
}

}  // namespace bia::protoc
