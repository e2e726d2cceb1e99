// client.load, loadProtoset and reflection: where methods come from.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/read_file.h"
#include "bia/grpc/reflection_client.h"
#include "zelus/modules/grpc/grpc_client.h"

namespace zelus::modules {

namespace {

std::string script_folder(const Script& script) {
  constexpr std::string_view kFile = "file://";
  std::string_view url = script.source.url;
  if (url.starts_with(kFile)) url.remove_prefix(kFile.size());
  return std::string(url.substr(0, url.rfind('/')));
}

std::string absolute(const Script& script, const std::string& path) {
  std::string joined =
      path.starts_with('/') ? path : fmt::format("{}/{}", script_folder(script), path);
  return bia::js::normalize_file_url("file://" + joined).substr(7);
}

JSValue describe(JSContext* ctx, const GrpcProtos& protos) {
  JSValue list = JS_NewArray(ctx);
  uint32_t count = 0;
  for (const GrpcMethod& method : protos.methods()) {
    JSValue entry = JS_NewObject(ctx);
    define(ctx, entry, "package", new_string(ctx, method.package));
    define(ctx, entry, "service", new_string(ctx, method.service));
    define(ctx, entry, "full_method", new_string(ctx, method.full_name));
    define(ctx, entry, "name", new_string(ctx, method.name));
    define(ctx, entry, "is_client_stream", JS_NewBool(ctx, method.client_stream));
    define(ctx, entry, "is_server_stream", JS_NewBool(ctx, method.server_stream));
    JS_SetPropertyUint32(ctx, list, count++, entry);
  }
  return list;
}

/// The protos of that key: read in the first pass, found by all later ones.
template <typename Read>
Result<std::shared_ptr<const GrpcProtos>> shared(Script& script, const std::string& key,
                                                 Read&& read) {
  if (auto found = script.protos.find(key); found != script.protos.end()) return found->second;
  if (script.frozen) {
    return Error(Code::kFailedPrecondition, "NOT_LOADED",
                 fmt::format("{} was not loaded when the script was first read (__VU==0)", key));
  }
  std::unique_ptr<bia::codec::ProtoSource> source = BIA_TRY(read());
  auto protos = BIA_TRY(GrpcProtos::create(std::move(source)));
  script.protos.emplace(key, protos);
  return protos;
}

JSValue add(JSContext* ctx, GrpcClient& client, Result<std::shared_ptr<const GrpcProtos>> protos) {
  if (!protos) return throw_go_error(ctx, protos.error().message());
  client.protos.push_back(*protos);
  return describe(ctx, **protos);
}

/// In the words of k6, which names the last of the folders.
Error no_file(const std::string& folder, const std::string& file) {
  const std::string path = bia::js::normalize_file_url("file://" + folder + "/" + file).substr(7);
  const bool above = !path.starts_with(folder + "/");
  return Error(
      Code::kNotFound, "NO_FILE",
      fmt::format("{}stat {}: no such file or directory",
                  above ? fmt::format("could not resolve path \"{}\": ", file) : "", path));
}

/// Null, and an exception, where it may not load now.
GrpcClient* client_that_loads(JSContext* ctx, JSValueConst self, const Vu& vu) {
  GrpcClient* client = grpc_client_of(ctx, self);
  if (client == nullptr) return nullptr;
  const char* why = nullptr;
  if (!vu.in_init())
    why = "load must be called in the init context";
  else if (vu.script().source.archive || vu.script().source.seen)
    why = "scripts that load .proto files cannot be archived yet";
  if (why == nullptr) return client;
  throw_go_error(ctx, why);
  return nullptr;
}

}  // namespace

JSValue grpc_load(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  GrpcClient* client = client_that_loads(ctx, self, vu);
  if (client == nullptr) return JS_EXCEPTION;
  std::vector<std::string> paths;
  std::vector<std::string> files;
  std::string key = "load";
  JSValueConst given = argument(argc, argv, 0);
  if (JS_IsArray(given)) {
    each_property(ctx, given, [&](JSAtom, const Value& value) {
      paths.push_back(absolute(vu.script(), to_text(ctx, value.get())));
      return true;
    });
  } else if (!is_nullish(given)) {
    return throw_go_error(
        ctx, fmt::format("client.load() takes an array of import paths first, and not {}",
                         to_text(ctx, given)));
  }
  if (paths.empty()) paths.push_back(script_folder(vu.script()));
  for (int i = 1; i < argc; ++i) files.push_back(to_text(ctx, argv[i]));
  for (const std::string& path : paths) key += " " + path;
  for (const std::string& file : files) key += " " + file;
  if (files.empty()) return JS_NewArray(ctx);
  return add(ctx, *client,
             shared(vu.script(), key, [&]() -> Result<std::unique_ptr<bia::codec::ProtoSource>> {
               for (const std::string& file : files) {
                 bool there = false;
                 struct stat info;
                 for (const std::string& path : paths)
                   there = there || stat(fmt::format("{}/{}", path, file).c_str(), &info) == 0;
                 if (!there) return no_file(paths.back(), file);
               }
               return bia::codec::ProtoSource::from_files(files, paths);
             }));
}

JSValue grpc_load_protoset(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  GrpcClient* client = client_that_loads(ctx, self, vu);
  if (client == nullptr) return JS_EXCEPTION;
  std::string path = absolute(vu.script(), to_text(ctx, argument(argc, argv, 0)));
  return add(
      ctx, *client,
      shared(vu.script(), "protoset " + path,
             [&]() -> Result<std::unique_ptr<bia::codec::ProtoSource>> {
               const auto bytes = bia::read_file(path);
               if (!bytes) {
                 const bool none = bytes.error().code() == Code::kNotFound;
                 return Error(
                     bytes.error().code(), bytes.error().reason(),
                     none ? fmt::format(
                                "couldn't open protoset: stat {}: no such file or directory", path)
                          : "couldn't open protoset: " + bytes.error().message());
               }
               return bia::codec::ProtoSource::from_descriptor_set(*bytes);
             }));
}

bia::Result<std::shared_ptr<const GrpcProtos>> reflect(bia::grpc::Channel& channel,
                                                       const bia::grpc::Metadata& metadata,
                                                       bia::Deadline deadline) {
  std::vector<std::string> files;
  for (const std::string& service :
       BIA_TRY(bia::grpc::reflect_services(channel, metadata, deadline))) {
    for (std::string& file :
         BIA_TRY(bia::grpc::reflect_files(channel, service, metadata, deadline))) {
      if (std::find(files.begin(), files.end(), file) == files.end())
        files.push_back(std::move(file));
    }
  }
  return GrpcProtos::create(BIA_TRY(bia::codec::ProtoSource::from_file_descriptors(files)));
}

}  // namespace zelus::modules
