#include "generator.h"

#include <google/protobuf/io/zero_copy_stream.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <set>

#include "errors_code.h"
#include "http_rule.h"
#include "json_code.h"
#include "names.h"
#include "openapi_code.h"
#include "service_code.h"
#include "validate_code.h"

namespace bia::protoc {
namespace {

/// Files whose messages need no generated code: codec has it, or they hold options alone.
bool is_built_in(const pb::FileDescriptor* file) {
  for (std::string_view prefix : {"google/protobuf/", "google/api/", "errors/errors.proto",
                                  "validate/validate.proto", "buf/validate/"}) {
    if (file->name().starts_with(prefix)) return true;
  }
  return false;
}

bool write(pb::compiler::GeneratorContext* context, const std::string& name,
           const std::string& text) {
  std::unique_ptr<pb::io::ZeroCopyOutputStream> stream(context->Open(name));
  size_t written = 0;
  void* data = nullptr;
  int size = 0;
  while (written < text.size() && stream->Next(&data, &size)) {
    size_t part = std::min(text.size() - written, static_cast<size_t>(size));
    text.copy(static_cast<char*>(data), part, written);
    written += part;
    if (part < static_cast<size_t>(size)) stream->BackUp(size - static_cast<int>(part));
  }
  return written == text.size();
}

bool any_validation(const pb::FileDescriptor* file) {
  bool any = false;
  for_each_message(file, [&](const pb::Descriptor* type) { any = any || has_validation(type); });
  return any;
}

void open_namespaces(const pb::FileDescriptor* file, Output& out) {
  if (!file->package().empty()) out.flat(fmt::format("namespace {} {{\n", cpp_namespace(file)));
}
void close_namespaces(const pb::FileDescriptor* file, Output& out) {
  if (!file->package().empty()) out.flat(fmt::format("}}  // namespace {}", cpp_namespace(file)));
}

std::string header(const pb::FileDescriptor* file) {
  Output out;
  out.line("// Written by protoc-gen-bia from {}. Do not edit.", file->name());
  out.put("#pragma once");
  out.line("#include \"{}.pb.h\"", stem(file));
  std::set<std::string> imports;
  for (int i = 0; i < file->dependency_count(); ++i) {
    if (!is_built_in(file->dependency(i))) imports.insert(stem(file->dependency(i)));
  }
  for (const std::string& import : imports) out.line("#include \"{}.bia.h\"", import);
  out.put("#include \"bia/codec/json_reader.h\"");
  out.put("#include \"bia/codec/json_writer.h\"");
  if (any_validation(file)) out.put("#include \"bia/bia/validate.h\"");
  if (has_errors(file)) out.put("#include \"bia/bia/errors.h\"");
  if (file->service_count() > 0) {
    for (std::string_view name : {"client", "context", "service", "stream"})
      out.line("#include \"bia/bia/{}.h\"", name);
  }
  out.put("");
  open_namespaces(file, out);
  declare_json(file, out);
  declare_validation(file, out);
  declare_errors(file, out);
  for (int i = 0; i < file->service_count(); ++i) declare_service(file->service(i), out);
  close_namespaces(file, out);
  return out.take();
}

std::string source(const pb::FileDescriptor* file) {
  Output out;
  out.line("// Written by protoc-gen-bia from {}. Do not edit.", file->name());
  out.line("#include \"{}.bia.h\"", stem(file));
  out.put("");
  out.put("#include \"bia/codec/form.h\"");
  out.put("#include \"bia/codec/generated.h\"");
  for (int i = 0; i < file->dependency_count(); ++i) {
    if (file->dependency(i)->name() == "google/api/httpbody.proto")
      out.put("#include \"bia/codec/http_body.h\"");
  }
  if (file->service_count() > 0) out.put("#include \"bia/http/router.h\"");
  if (any_validation(file))
    out.put("#include \"bia/bia/cel_rule.h\"\n\n#include <cmath>\n#include <set>");
  std::set<std::string> well_known;
  collect_well_known(file, well_known);
  for (const std::string& name : well_known) out.line("#include <{}.pb.h>", name);
  out.put("");
  open_namespaces(file, out);
  define_json(file, out);
  define_validation(file, out);
  for (int i = 0; i < file->service_count(); ++i) define_service(file->service(i), out);
  close_namespaces(file, out);
  return out.take();
}

}  // namespace

namespace {
std::string check(const pb::FileDescriptor* file) {
  std::string error = check_messages(file);
  if (error.empty()) error = check_errors(file);
  if (error.empty()) error = check_validation(file);
  for (int i = 0; error.empty() && i < file->service_count(); ++i)
    error = check_service(file->service(i));
  return error;
}
}  // namespace

namespace {
/// `omitempty`, whichever way, says that it is known what becomes of rpcs without google.api.http.
bool& omitempty_given() {
  static bool given = false;
  return given;
}

/// A service whose rpcs might be served over HTTP, and none of them is: easily an oversight.
void note_unmapped(const pb::ServiceDescriptor* service) {
  const pb::MethodDescriptor* first = nullptr;
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    if (method->client_streaming() || method->server_streaming()) continue;
    std::string ignored;
    if (!http_rules(method, ignored).empty()) return;
    if (first == nullptr) first = method;
  }
  if (first == nullptr) return;
  std::cerr << at(service,
                  fmt::format("note: {} is served over gRPC alone: no rpc has google.api.http. "
                              "protoc-gen-bia's option omitempty=false would serve POST /{}/{}; "
                              "omitempty=true ends this note",
                              service->name(), service->full_name(), first->name()))
            << '\n';
}

/// Takes Kratos' omitempty and omitempty_prefix out of the parameters and returns the rest.
std::string take_unmapped(std::string_view parameters, std::string* error) {
  constexpr std::string_view kPrefix = "omitempty_prefix=";
  std::string rest;
  std::string prefix;
  bool served = false;
  while (!parameters.empty()) {
    const std::string_view one = parameters.substr(0, parameters.find(','));
    parameters.remove_prefix(std::min(one.size() + 1, parameters.size()));
    if (one == "omitempty=false" || one == "omitempty=true") {
      served = one.ends_with("false");
      omitempty_given() = true;
    } else if (one.starts_with(kPrefix)) {
      prefix = one.substr(kPrefix.size());
    } else {
      (rest += rest.empty() ? "" : ",") += one;
    }
  }
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty() && (prefix[0] != '/' || prefix.find_first_of("{}*") != std::string::npos))
    *error = fmt::format("omitempty_prefix \"{}\" must be a path like /rpc", prefix);
  if (served) serve_unmapped(prefix);
  return rest;
}
}  // namespace

bool Generator::GenerateAll(const std::vector<const pb::FileDescriptor*>& files,
                            const std::string& parameters, pb::compiler::GeneratorContext* context,
                            std::string* error) const {
  const std::string parameter = take_unmapped(parameters, error);
  if (!error->empty()) return false;
  if (!parameter.starts_with("openapi="))
    return CodeGenerator::GenerateAll(files, parameter, context, error);
  for (const pb::FileDescriptor* file : files) {
    *error = check(file);
    if (!error->empty()) return false;
  }
  std::string name;
  const std::string document = openapi_document(files, parameter, name, *error);
  return error->empty() && write(context, name, document);
}

bool Generator::Generate(const pb::FileDescriptor* file, const std::string& parameter,
                         pb::compiler::GeneratorContext* context, std::string* error) const {
  if (!parameter.empty()) {
    *error = fmt::format(
        "protoc-gen-bia has no parameter \"{}\"; it has omitempty, omitempty_prefix and openapi",
        parameter);
    return false;
  }
  if (is_built_in(file)) return true;
  *error = check(file);
  if (!error->empty()) return false;
  for (int i = 0; !omitempty_given() && i < file->service_count(); ++i)
    note_unmapped(file->service(i));
  return write(context, stem(file) + ".bia.h", header(file)) &&
         write(context, stem(file) + ".bia.cc", source(file));
}

}  // namespace bia::protoc
