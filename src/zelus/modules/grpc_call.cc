// client.connect and the sending of one call.
#include <fmt/format.h>

#include "zelus/modules/grpc_client.h"

namespace zelus::modules {

GrpcClient::Method* GrpcClient::find(std::string_view name) {
  if (auto found = by_name_.find(name); found != by_name_.end()) return &found->second;
  std::string full = name.starts_with('/') ? std::string(name) : fmt::format("/{}", name);
  // What was loaded last counts.
  for (auto it = protos.rbegin(); it != protos.rend(); ++it) {
    if (const GrpcMethod* method = (*it)->find(full)) {
      return &by_name_.emplace(std::string(name), Method{method, *it, {}}).first->second;
    }
  }
  return nullptr;
}

void GrpcClient::count_bytes(Vu& vu) {
  if (!channel) return;
  uint64_t sent = channel->bytes_sent();
  uint64_t received = channel->bytes_received();
  vu.count_bytes(sent - bytes_sent, received - bytes_received);
  bytes_sent = sent;
  bytes_received = received;
}

namespace {

/// Metadata of a call. False with k6's text.
bool read_metadata(JSContext* ctx, const Value& value, bia::grpc::Metadata& metadata,
                   std::string& error) {
  if (value.is_nullish()) return true;
  if (!value.is_object()) {
    error = "invalid metadata param: must be an object with key-value pairs";
    return false;
  }
  return each_property(ctx, value.get(), [&](JSAtom atom, const Value& field) {
    std::string name = atom_text(ctx, atom);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    std::string_view bytes;
    if (name.ends_with("-bin")) {
      if (!buffer_bytes(ctx, field.get(), bytes)) {
        error = fmt::format("invalid metadata param: \"{}\" value must be binary", name);
        return false;
      }
      metadata.emplace_back(name, bytes);
      return true;
    }
    if (!field.is_string()) {
      error = fmt::format("invalid metadata param: \"{}\" value must be a string", name);
      return false;
    }
    metadata.emplace_back(name, to_text(ctx, field.get()));
    return true;
  });
}

struct ConnectParams {
  bool plaintext = false;
  bool reflect = false;
  Duration timeout = std::chrono::minutes(1);
  bia::grpc::Metadata reflect_metadata;
  bia::grpc::ChannelOptions channel;
};

bool read_connect_param(JSContext* ctx, const std::string& key, const Value& value,
                        ConnectParams& out, std::string& error) {
  auto boolean = [&](bool& into) {
    if (JS_IsBool(value.get())) {
      into = JS_ToBool(ctx, value.get()) > 0;
      return true;
    }
    error = fmt::format("invalid {} value: '{}', it needs to be boolean", key,
                        to_text(ctx, value.get()));
    return false;
  };
  if (key == "plaintext") return boolean(out.plaintext);
  if (key == "reflect") return boolean(out.reflect);
  if (key == "timeout") {
    if (parse_duration(ctx, value.get(), out.timeout, error)) return true;
    error = "invalid timeout value: " + error;
    return false;
  }
  if (key == "reflectMetadata") return read_metadata(ctx, value, out.reflect_metadata, error);
  if (key == "maxReceiveSize" || key == "maxSendSize") {
    int64_t bytes = -1;
    if (JS_ToInt64(ctx, &bytes, value.get()) < 0 || bytes < 0) {
      error = fmt::format("invalid {} value: '{}', it needs to be a positive integer", key,
                          to_text(ctx, value.get()));
      return false;
    }
    if (key == "maxSendSize" && bytes > 0) {
      error = "the parameter \"maxSendSize\" is not built yet in zelus";
      return false;
    }
    if (bytes > 0) out.channel.message_bytes_max = static_cast<size_t>(bytes);
    return true;
  }
  if (key == "authority") {
    out.channel.authority = to_text(ctx, value.get());
    return true;
  }
  if (key == "tls") {
    error = "the parameter \"tls\" is not built yet in zelus";
    return false;
  }
  error = fmt::format("unknown connect param: \"{}\"", key);
  return false;
}

std::string connect_error(const bia::Error& error, std::string_view address) {
  if (error.code() == Code::kDeadlineExceeded) return "context deadline exceeded";
  std::string what = error.reason() == "CONNECTION_REFUSED"
                         ? fmt::format("dial tcp {}: connect: connection refused", address)
                         : error.message();
  return fmt::format("connection error: desc = \"transport: error while dialing: {}\"", what);
}

}  // namespace

bool read_call_params(Vu& vu, JSValueConst params, GrpcCall& call, std::string& error) {
  JSContext* ctx = vu.ctx();
  call.tags = vu.tags();
  if (is_nullish(params)) return true;
  bool ok = each_property(ctx, params, [&](JSAtom atom, const Value& value) {
    std::string key = atom_text(ctx, atom);
    if (key == "metadata") return read_metadata(ctx, value, call.metadata, error);
    if (key == "tags") {
      if (value.is_nullish() || add_tags(vu, value.get(), call.tags, error)) return true;
      error = "metric tags: " + error;
      return false;
    }
    if (key == "timeout") {
      if (parse_duration(ctx, value.get(), call.timeout, error)) return true;
      error = "invalid timeout value: " + error;
      return false;
    }
    if (key == "discardResponseMessage") {
      call.discard = JS_ToBool(ctx, value.get()) > 0;
      return true;
    }
    error = fmt::format("unknown param: \"{}\"", key);
    return false;
  });
  if (!ok && error.empty()) error = bia::js::take_exception(ctx).head();
  return ok;
}

JSValue grpc_connect(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  GrpcClient* client = grpc_client_of(ctx, self);
  if (client == nullptr) return JS_EXCEPTION;
  if (vu.in_init())
    return vu.throw_in_init("connecting to a gRPC server in the init context is not supported");
  std::string address = argc > 0 && !is_nullish(argv[0]) ? to_text(ctx, argv[0]) : "";
  ConnectParams params;
  params.channel.user_agent = vu.script().options.user_agent;
  std::string error;
  if (argc > 1 && JS_IsObject(argv[1])) {
    bool ok = each_property(ctx, argv[1], [&](JSAtom atom, const Value& value) {
      return read_connect_param(ctx, atom_text(ctx, atom), value, params, error);
    });
    if (!ok)
      return throw_go_error(ctx, "invalid grpc.connect() parameters: " +
                                     (error.empty() ? bia::js::take_exception(ctx).head() : error));
  }
  if (!params.plaintext)
    return throw_go_error(ctx,
                          "connecting over TLS is not built yet in zelus; pass { plaintext: true } "
                          "for a server without TLS");
  if (address.find(':') == std::string::npos) {
    return throw_go_error(
        ctx,
        "connection error: desc = \"transport: error while dialing: missing port in address\"");
  }
  if (client->channel) client->count_bytes(vu);
  client->channel.reset();
  client->bytes_sent = client->bytes_received = 0;
  client->address = address;
  params.channel.resolver = &vu.dialer();
  client->channel = std::make_shared<bia::grpc::Channel>(address, params.channel);
  Result<void> connected;
  Result<std::shared_ptr<const GrpcProtos>> reflected = std::shared_ptr<const GrpcProtos>();
  {
    Wait wait(vu);
    bia::Deadline deadline = bia::Deadline::after(params.timeout);
    connected = client->channel->connect(deadline);
    if (connected && params.reflect)
      reflected = reflect(*client->channel, params.reflect_metadata, deadline);
  }
  bool failed = !connected || !reflected;
  if (failed && (vu.should_stop() || (!connected && connected.error().code() == Code::kCancelled)))
    return vu.throw_interrupted();
  if (!connected) {
    client->channel.reset();
    return throw_go_error(ctx, connect_error(connected.error(), address));
  }
  client->count_bytes(vu);
  if (!reflected)
    return throw_go_error(
        ctx, fmt::format("error invoking reflect API: {}", reflected.error().message()));
  if (*reflected) {
    client->protos.push_back(*reflected);
  }
  return JS_TRUE;
}

void perform(Vu& vu, GrpcClient& client, GrpcClient::Method& method, GrpcCall& call) {
  using metrics::SystemTag;
  TimePoint start = bia::now();
  bia::grpc::CallOptions options;
  options.deadline = bia::Deadline(start + call.timeout);
  if (!call.metadata.empty()) options.metadata = &call.metadata;
  std::shared_ptr<bia::grpc::Channel> channel = client.channel;
  channel->unary(call.method->full_name, call.request, options, call.reply);
  Duration took = bia::now() - start;
  int status = static_cast<int>(call.reply.status.code);
  if (status != 0 && (vu.should_stop() || call.reply.status.code == Code::kCancelled)) {
    call.interrupted = vu.should_stop() || bia::fiber::cancelled();
    if (call.interrupted) return;
  }
  GrpcSeries& last = method.last;
  if (last.tags != call.tags || last.status != status) {
    const Script& script = vu.script();
    auto& interner = vu.shard().tags();
    const metrics::TagSet* tags = call.tags;
    auto set = [&](SystemTag tag, std::string_view value) {
      if (script.has(tag)) tags = interner.with(tags, metrics::system_tag_name(tag), value);
    };
    set(SystemTag::kUrl, client.address + call.method->full_name);
    set(SystemTag::kService, call.method->full_service);
    set(SystemTag::kMethod, call.method->name);
    if (call.tags->find("name") == nullptr) set(SystemTag::kName, call.method->full_name);
    set(SystemTag::kStatus, std::to_string(status));
    last = {call.tags, status, vu.shard().resolve(metrics::kGrpcReqDuration, tags)};
  }
  Duration whole = took + vu.take_start_delay();
  vu.shard().add(last.series, static_cast<double>(whole.count()) / 1e6, vu.moment());
  client.count_bytes(vu);
}

}  // namespace zelus::modules
