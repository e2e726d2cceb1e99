// bia proto: its parts, and `bia proto add`.
#include "proto.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>

namespace bia::cli {
namespace {
namespace fs = std::filesystem;

constexpr size_t kPathMax = 512;

std::string add_text(const std::string& package, const std::string& name) {
  std::string text =
      fmt::format("syntax = \"proto3\";\n\npackage {};\n\nservice {} {{\n", package, name);
  for (std::string_view verb : {"Create", "Update", "Delete", "Get", "List"})
    text += fmt::format("  rpc {0}{1}({0}{1}Request) returns ({0}{1}Reply);\n", verb, name);
  text += "}\n";
  for (std::string_view verb : {"Create", "Update", "Delete", "Get", "List"}) {
    for (std::string_view end : {"Request", "Reply"})
      text += fmt::format("\nmessage {}{}{} {{}}\n", verb, name, end);
  }
  return text;
}

/// Letters, digits and '_' in each part, as protobuf's names have them.
bool is_name(std::string_view part) {
  return !part.empty() && !(part[0] >= '0' && part[0] <= '9') &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

struct Part {
  std::string_view name;
  Result<int> (*run)(const std::vector<std::string>&, const Args&, Io&);
};
constexpr Part kParts[] = {{"add", proto_add},
                           {"client", proto_client},
                           {"server", proto_server},
                           {"openapi", proto_openapi}};

Result<int> run_proto(const Args& args, Io& io) {
  const std::vector<std::string>& words = args.positional();
  for (const Part& part : kParts) {
    if (!words.empty() && words[0] == part.name)
      return part.run({words.begin() + 1, words.end()}, args, io);
  }
  return Error(Code::kInvalidArgument, "ARGUMENT",
               words.empty() ? "bia proto takes add, client, server or openapi"
                             : fmt::format("bia proto has no {}", words[0]))
      .with_hint("bia help proto");
}

}  // namespace

std::string upper_camel(std::string_view snake) {
  std::string text;
  bool upper = true;
  for (char c : snake) {
    if (c == '_' || c == '-') {
      upper = true;
      continue;
    }
    text += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return text;
}

Result<void> write_text(const std::string& path, std::string_view text) {
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (error || !file)
    return Error(Code::kPermissionDenied, "WRITE",
                 fmt::format("cannot write {}: {}", path,
                             error ? error.message() : "is the folder writable?"));
  return {};
}

Result<std::vector<std::string>> proto_files(const std::string& path) {
  std::error_code error;
  std::vector<std::string> files;
  if (fs::is_directory(path, error)) {
    for (const auto& entry : fs::recursive_directory_iterator(
             path, fs::directory_options::skip_permission_denied, error)) {
      if (entry.path().extension() == ".proto") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    if (files.empty())
      return Error(Code::kNotFound, "NO_PROTO", fmt::format("{} holds no .proto file", path));
  } else if (fs::exists(path, error)) {
    files.push_back(path);
  } else {
    return Error(Code::kNotFound, "NO_PROTO", fmt::format("there is no {}", path));
  }
  return files;
}

std::string proto_root(const std::string& file, const Args& args) {
  if (args.has("proto_path")) return args.get("proto_path");
  const fs::path path = fs::path(file).lexically_normal();
  return path.begin() != path.end() && *path.begin() == "api" ? "api" : ".";
}

Result<int> proto_add(const std::vector<std::string>& words, const Args&, Io& io) {
  if (words.size() != 1)
    return Error(Code::kInvalidArgument, "ARGUMENT", "Please enter the proto file or directory")
        .with_hint("bia proto add api/shop/v1/order_item.proto");
  const fs::path path = fs::path(words[0]).lexically_normal();
  if (path.extension() != ".proto" || path.string().size() > kPathMax)
    return Error(Code::kInvalidArgument, "ARGUMENT", fmt::format("{} is no .proto file", words[0]));
  if (!path.has_parent_path())
    return Error(Code::kInvalidArgument, "ARGUMENT", "The proto path needs to be hierarchical.")
        .with_hint("bia proto add api/shop/v1/" + words[0]);
  // Names in `import` begin in api/, and so does the package.
  std::string package;
  bool first = true;
  for (const fs::path& part : path.parent_path()) {
    const bool root = first && part == "api";
    first = false;
    if (root) continue;
    if (!is_name(part.string()))
      return Error(
          Code::kInvalidArgument, "ARGUMENT",
          fmt::format("\"{}\" of {} cannot be part of a package; use letters, digits and _",
                      part.string(), words[0]));
    package += (package.empty() ? "" : ".") + part.string();
  }
  const std::string name = upper_camel(path.stem().string());
  if (package.empty() || !is_name(name))
    return Error(Code::kInvalidArgument, "ARGUMENT",
                 fmt::format("{} gives no package and service; write it as api/shop/v1/order.proto",
                             words[0]));
  std::error_code error;
  if (fs::exists(path, error))
    return Error(Code::kAlreadyExists, "EXISTS", fmt::format("{} already exists", path.string()));
  BIA_TRY(write_text(path.string(), add_text(package, name)));
  fmt::print(io.out, "CREATED {}\n", path.string());
  return 0;
}

Command proto_command() {
  std::vector<std::string_view> words;
  for (const Part& part : kParts) words.push_back(part.name);
  return {
      "proto",
      "add PATH | client PATH | server PATH [-t DIR] | openapi PATH… [-o FILE]",
      "write .proto files, and what follows from them",
      {{"proto_path", 'p', "DIR", "where names in `import` begin (default: api, or here)"},
       {"target", 't', "DIR", "server: the folder for the code (default: internal/service)"},
       {"out", 'o', "PATH",
        "client: the folder for the code (default: gen); openapi: the file (default: "
        "openapi.json)"},
       {"title", 0, "TEXT", "openapi: the document's title (default: API)"},
       {"api_version", 0, "TEXT", "openapi: the document's version (default: 0.0.0)"}},
      "add      a .proto with a service of five rpcs: create, update, delete, get, list\n"
      "client   the C++ of a .proto or a folder of them: messages, JSON, service bases and "
      "clients.\n"
      "         A project of bia new needs it not: its build does that. Arguments after -- go "
      "to protoc\n"
      "server   a class with a stub for each rpc of each service, to fill in\n"
      "openapi  one OpenAPI 3.1 document of all services, from the rules that serve\n"
      "\n"
      "-- --bia_opt=omitempty=false behind client or openapi: rpcs without google.api.http too, "
      "as\n"
      "POST /pkg.Service/Method, below --bia_opt=omitempty_prefix=PATH",
      run_proto,
      std::move(words)};
}

}  // namespace bia::cli
