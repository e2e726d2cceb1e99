#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <rapidjson/document.h>

#include "base/read_file.h"
#include "bia/codec/proto_source.h"
#include "bia/fiber/scheduler.h"
#include "bia/grpc/client.h"
#include "bia/grpc/reflection_client.h"
#include "zelus/ghz/runner.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;
using Source = std::unique_ptr<bia::codec::ProtoSource>;

struct CallName {
  std::string service;
  std::string method;
};

/// "pkg.Svc/Method" or "pkg.Svc.Method", an optional leading dot.
Result<CallName> split_call(std::string_view call) {
  std::string_view text = call;
  if (text.starts_with('.')) text.remove_prefix(1);
  size_t cut = text.find('/');
  if (cut == std::string_view::npos) cut = text.rfind('.');
  if (cut == std::string_view::npos || cut == 0 || cut + 1 == text.size()) {
    return Error(
        Code::kInvalidArgument, "BAD_CALL",
        fmt::format("method name must be package.Service.Method or package.Service/Method: \"{}\"",
                    call));
  }
  return CallName{std::string(text.substr(0, cut)), std::string(text.substr(cut + 1))};
}

bia::grpc::Metadata reflection_metadata(const Options& options) {
  bia::grpc::Metadata out;
  rapidjson::Document map;
  map.Parse(options.reflect_metadata.data(), options.reflect_metadata.size());
  if (!map.IsObject()) return out;
  for (const auto& member : map.GetObject())
    out.emplace_back(member.name.GetString(), member.value.GetString());
  return out;
}

/// Reflection on a connection of its own, which ends with it.
Result<Source> reflect(const Options& options, const std::string& service) {
  auto scheduler = BIA_TRY(bia::fiber::Scheduler::create());
  const bia::grpc::Metadata metadata = reflection_metadata(options);
  Result<std::vector<std::string>> files =
      Error(Code::kUnavailable, "REFLECTION", "reflection did not run");
  auto body = [&] {
    bia::grpc::ChannelOptions channel_options;
    channel_options.authority = options.authority;
    channel_options.tls = options.tls;
    channel_options.server_name = options.cname;
    channel_options.proxies = options.proxies;
    channel_options.connect_timeout = options.connect_timeout;
    Connection connection(options.host, Balance::kPickFirst, channel_options);
    connection.open();
    files = bia::grpc::reflect_files(connection.channel(0), service, metadata,
                                     bia::Deadline::after(options.connect_timeout));
    connection.close();
  };
  BIA_TRY(scheduler->spawn(body));
  scheduler->run(bia::fiber::Scheduler::Until::kNoFibers);
  if (!files.ok()) {
    return Error(files.error().code(), "REFLECTION",
                 rpc_error_text(files.error().code(), files.error().message()))
        .with_hint(files.error().hint());
  }
  return bia::codec::ProtoSource::from_file_descriptors(*files);
}

Result<Source> load_source(const Options& options, const std::string& service) {
  if (!options.proto.empty())
    return bia::codec::ProtoSource::from_files({options.proto}, options.import_paths);
  if (options.protoset.empty()) return reflect(options, service);
  auto bytes = bia::read_file(options.protoset);
  if (!bytes)
    return Error(bytes.error().code(), bytes.error().reason(),
                 fmt::format("could not load protoset file \"{}\": {}", options.protoset,
                             bytes.error().message()));
  return bia::codec::ProtoSource::from_descriptor_set(*bytes);
}

}  // namespace

Result<Target> load_target(const Options& options) {
  CallName call = BIA_TRY(split_call(options.call));
  Source source = BIA_TRY(load_source(options, call.service));
  const auto* service = source->find_service(call.service);
  if (service == nullptr) {
    return Error(Code::kNotFound, "NO_SERVICE",
                 fmt::format("cannot find service \"{}\"", call.service));
  }
  const auto* method = service->FindMethodByName(call.method);
  if (method == nullptr) {
    return Error(Code::kNotFound, "NO_METHOD",
                 fmt::format("service \"{}\" does not include a method named \"{}\"", call.service,
                             call.method));
  }
  Target target;
  target.path = fmt::format("/{}/{}", service->full_name(), method->name());
  target.full_name = method->full_name();
  target.method_name = method->name();
  target.service_name = service->name();
  target.input_name = method->input_type()->name();
  target.output_name = method->output_type()->name();
  target.client_streaming = method->client_streaming();
  target.server_streaming = method->server_streaming();
  target.payload = BIA_TRY(
      Payload::create(options, BIA_TRY(bia::codec::WireTable::create(method->input_type()))));
  if (!options.debug.empty())
    target.output = BIA_TRY(bia::codec::WireTable::create(method->output_type()));
  return target;
}

}  // namespace zelus::ghz
