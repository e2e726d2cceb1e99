// bia proto server: a class with a stub for each rpc.
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "bia/codec/proto_source.h"
#include "proto.h"

namespace bia::cli {
namespace {
namespace fs = std::filesystem;
namespace pb = google::protobuf;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string type_name(const pb::Descriptor* type) {
  return "::" + replaced(type->full_name(), ".", "::");
}

/// "OrderItem" as "order_item".
std::string snake(std::string_view camel) {
  std::string text;
  for (size_t i = 0; i < camel.size(); ++i) {
    const bool upper = camel[i] >= 'A' && camel[i] <= 'Z';
    if (upper && i > 0 && !(camel[i - 1] >= 'A' && camel[i - 1] <= 'Z')) text += '_';
    text += upper ? static_cast<char>(camel[i] - 'A' + 'a') : camel[i];
  }
  return text;
}

/// Of CMakeLists.txt's `project(NAME`, as `bia new` makes namespaces of it; empty without one.
std::string project_namespace() {
  std::ifstream file("CMakeLists.txt");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("project(")) continue;
    std::string name = line.substr(8, line.find_first_of(" )", 8) - 8);
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
  }
  return {};
}

std::string signature(const pb::MethodDescriptor* method, const std::string& scope) {
  const std::string in = type_name(method->input_type());
  const std::string out = type_name(method->output_type());
  std::string text = fmt::format("bia::Result<{}> {}{}(bia::Context& context, ",
                                 method->server_streaming() ? "void" : out, scope, method->name());
  text += method->client_streaming() ? fmt::format("bia::ServerReader<{}>& reader", in)
                                     : fmt::format("const {}& request", in);
  if (method->server_streaming()) text += fmt::format(", bia::ServerWriter<{}>& writer", out);
  return text + ")";
}

std::string header(const pb::ServiceDescriptor* service, const std::string& space) {
  const std::string proto = service->file()->name();
  const std::string base = "::" + replaced(service->full_name(), ".", "::") + "Service";
  std::string text = fmt::format(
      "#pragma once\n#include \"{}.bia.h\"\n\nnamespace {} {{\n\nclass {}Service final : public {} "
      "{{\n public:\n",
      proto.substr(0, proto.rfind(".proto")), space, service->name(), base);
  for (int i = 0; i < service->method_count(); ++i)
    text += fmt::format("  {} override;\n", signature(service->method(i), ""));
  return text + fmt::format("}};\n\n}}  // namespace {}\n", space);
}

/// What a new stub does: reads all there is, answers one empty message.
std::string stub_body(const pb::MethodDescriptor* method) {
  const std::string in = type_name(method->input_type());
  const std::string out = type_name(method->output_type());
  const std::string read = fmt::format(
      "  {} request;\n  for (;;) {{\n    const bool more = BIA_TRY(reader.read(request));\n", in);
  if (method->client_streaming() && method->server_streaming()) {
    return "  static_cast<void>(context);\n" + read +
           fmt::format("    if (!more) return {{}};\n    BIA_TRY(writer.write({}()));\n  }}\n",
                       out);
  }
  if (method->client_streaming())
    return "  static_cast<void>(context);\n" + read +
           fmt::format("    if (!more) return {}();\n  }}\n", out);
  const std::string unused = "  static_cast<void>(context), static_cast<void>(request);\n";
  return unused + (method->server_streaming() ? fmt::format("  return writer.write({}());\n", out)
                                              : fmt::format("  return {}();\n", out));
}

std::string source(const pb::ServiceDescriptor* service, const std::string& space,
                   const std::string& include) {
  std::string text = fmt::format("#include \"{}\"\n\nnamespace {} {{\n", include, space);
  for (int i = 0; i < service->method_count(); ++i)
    text +=
        fmt::format("\n{} {{\n{}}}\n", signature(service->method(i), service->name() + "Service::"),
                    stub_body(service->method(i)));
  return text + fmt::format("\n}}  // namespace {}\n", space);
}

/// Of a class that is there: what the .proto has besides.
void tell_missing(const pb::ServiceDescriptor* service, const std::string& header_path, Io& io) {
  std::ifstream file(header_path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (int i = 0; i < service->method_count(); ++i) {
    if (text.find(fmt::format(" {}(", service->method(i)->name())) != std::string::npos) continue;
    fmt::print(io.err, "it has no {} yet; declare it there and write it:\n  {} override;\n",
               service->method(i)->name(), signature(service->method(i), ""));
  }
}

bool has_http_rule(const pb::MethodDescriptor* method) {
  constexpr int kHttpOption = 72295728;  // google.api.http, which this program need not know
  pb::UnknownFieldSet options;
  if (!options.ParseFromString(method->options().SerializeAsString())) return false;
  for (int i = 0; i < options.field_count(); ++i) {
    if (options.field(i).number() == kHttpOption) return true;
  }
  return false;
}

void tell_unmapped(const pb::ServiceDescriptor* service, Io& io) {
  std::string names;
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    if (method->client_streaming() || method->server_streaming() || has_http_rule(method)) continue;
    names += (names.empty() ? "" : ", ") + method->name();
  }
  if (!names.empty())
    fmt::print(io.err, "over gRPC alone, for want of google.api.http in the .proto: {}\n", names);
}

}  // namespace

Result<int> proto_server(const std::vector<std::string>& words, const Args& args, Io& io) {
  if (words.size() != 1)
    return Error(Code::kInvalidArgument, "ARGUMENT", "Please specify the proto file")
        .with_hint("bia proto server api/shop/v1/order.proto -t internal/service");
  const std::string target = args.get("target", "internal/service");
  std::error_code error;
  if (!fs::is_directory(target, error))
    return Error(Code::kNotFound, "NO_TARGET",
                 fmt::format("Target directory: {} does not exist", target))
        .with_hint("run it in the project's folder, or name another one with -t DIR");
  if (!fs::exists(words[0], error))
    return Error(Code::kNotFound, "NO_PROTO", fmt::format("there is no {}", words[0]));
  const std::string root = proto_root(words[0], args);
  const fs::path name = fs::absolute(words[0]).lexically_normal().lexically_relative(
      fs::absolute(root).lexically_normal());
  const auto protos =
      BIA_TRY(codec::ProtoSource::from_files({name.string()}, {root, "third_party"}));
  std::string space = project_namespace();
  space += space.empty() ? "service" : "::service";
  int count = 0;
  for (const pb::FileDescriptor* file : protos->files()) {
    for (int i = 0; i < file->service_count(); ++i, ++count) {
      const pb::ServiceDescriptor* service = file->service(i);
      const std::string stem = (fs::path(target) / snake(service->name())).string();
      if (fs::exists(stem + ".h", error) || fs::exists(stem + ".cc", error)) {
        fmt::print(io.err, "{} already exists: {}.h\n", service->name(), stem);
        tell_missing(service, stem + ".h", io);
        tell_unmapped(service, io);
        continue;
      }
      // Includes begin in internal/.
      std::string include = fs::path(stem + ".h").lexically_normal().string();
      if (include.starts_with("internal/")) include = include.substr(9);
      BIA_TRY(write_text(stem + ".h", header(service, space)));
      BIA_TRY(write_text(stem + ".cc", source(service, space, include)));
      fmt::print(io.out, "{}.h\n{}.cc\n", stem, stem);
      fmt::print(io.err,
                 "fill it in, make one in wire() (cmd/NAME/wire.cc) and give it to app.add()\n");
      tell_unmapped(service, io);
    }
  }
  if (count == 0)
    return Error(Code::kNotFound, "NO_SERVICE", fmt::format("{} has no service", words[0]));
  return 0;
}

}  // namespace bia::cli
