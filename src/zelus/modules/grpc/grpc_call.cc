// The sending of one call.
#include <fmt/format.h>

#include "zelus/modules/grpc/grpc_client.h"

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
  if (!connection) return;
  uint64_t sent = connection->channel->bytes_sent();
  uint64_t received = connection->channel->bytes_received();
  vu.count_bytes(sent - bytes_sent, received - bytes_received);
  bytes_sent = sent;
  bytes_received = received;
}

void end_channels(Vu& vu, Channels which) {
  std::vector<std::shared_ptr<GrpcChannel>> ending;
  for (auto& each : vu.grpc_channels) {
    if (which == Channels::kAll || each.use_count() == 1) ending.push_back(std::move(each));
  }
  std::erase(vu.grpc_channels, nullptr);
  for (auto& each : ending) each->channel.reset();
}

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

void perform(Vu& vu, GrpcClient& client, GrpcClient::Method& method, GrpcCall& call) {
  using metrics::SystemTag;
  TimePoint start = bia::now();
  bia::grpc::CallOptions options;
  options.deadline = bia::Deadline(start + call.timeout);
  if (!call.metadata.empty()) options.metadata = &call.metadata;
  std::shared_ptr<bia::grpc::Channel> channel = client.connection->channel;
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
