// client.connect.
#include <fmt/format.h>

#include "zelus/modules/grpc/grpc_client.h"
#include "zelus/modules/grpc/grpc_tls.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {
namespace {

struct ConnectParams {
  bool plaintext = false;
  bool reflect = false;
  Duration timeout = std::chrono::minutes(1);
  bia::grpc::Metadata reflect_metadata;
  bia::grpc::ChannelOptions channel;
  GrpcTls tls;
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
    size_t& into =
        key == "maxSendSize" ? out.channel.send_bytes_max : out.channel.message_bytes_max;
    if (bytes > 0) into = static_cast<size_t>(bytes);
    return true;
  }
  if (key == "authority") {
    out.channel.authority = to_text(ctx, value.get());
    return true;
  }
  if (key == "tls") return read_grpc_tls(ctx, value, out.tls, error);
  error = fmt::format("unknown connect param: \"{}\"", key);
  return false;
}

/// k6 dials as grpc-go does that blocks: a connection that comes about and is no good is tried
/// again until the time is up, one that is refused is not. The error has k6's text.
Result<void> connect_as_go(bia::grpc::Channel& channel, bia::Deadline deadline) {
  constexpr std::string_view kGo = "transport: Error while dialing: ";
  constexpr Duration kBackoffMax = std::chrono::seconds(120);
  Duration backoff = std::chrono::seconds(1);
  std::string last;
  for (;;) {
    auto connected = channel.connect(deadline);
    if (connected || connected.error().code() == Code::kCancelled) return connected;
    const Error& error = connected.error();
    const bool came_about = error.reason() == "HANDSHAKE" || error.reason() == "PREFACE";
    if (came_about) last = ": " + error.message();
    if (came_about && !deadline.expired()) {
      auto slept = bia::fiber::sleep_for(std::min(backoff, deadline.remaining()));
      if (!slept) return slept;
      backoff = std::min(backoff * 8 / 5, kBackoffMax);
    }
    if (deadline.expired() || error.code() == Code::kDeadlineExceeded)
      return Error(Code::kDeadlineExceeded, "DEADLINE", "context deadline exceeded" + last);
    if (came_about) continue;
    std::string text = error.message();
    if (size_t at = text.find(kGo); at != std::string::npos) text[at + 11] = 'e';
    return Error(error.code(), error.reason(), std::move(text));
  }
}

/// What `tls` says, or the script's own options where it says nothing.
Result<std::shared_ptr<const bia::net::TlsClient>> tls_of(Vu& vu, const GrpcTls& tls) {
  if (!tls.given()) return vu.script().grpc_tls();
  return vu.thread().grpc_tls.find(vu.script(), tls);
}

}  // namespace

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
  if (!params.plaintext) {
    auto tls = tls_of(vu, params.tls);
    if (!tls) return throw_go_error(ctx, tls.error().message());
    params.channel.tls = std::move(*tls);
  }
  if (address.find(':') == std::string::npos) {
    return throw_go_error(
        ctx, "connection error: desc = \"transport: error while dialing: address " + address +
                 ": missing port in address\"");
  }
  if (client->connection) client->count_bytes(vu);
  client->connection.reset();
  client->bytes_sent = client->bytes_received = 0;
  client->address = address;
  params.channel.resolver = &vu.dialer();
  client->connection =
      std::make_shared<GrpcChannel>(std::make_shared<bia::grpc::Channel>(address, params.channel));
  vu.grpc_channels.push_back(client->connection);
  Result<void> connected;
  Result<std::shared_ptr<const GrpcProtos>> reflected = std::shared_ptr<const GrpcProtos>();
  {
    Wait wait(vu);
    end_channels(vu, Channels::kUnused);
    bia::Deadline deadline = bia::Deadline::after(params.timeout);
    connected = connect_as_go(*client->connection->channel, deadline);
    if (connected && params.reflect)
      reflected = reflect(*client->connection->channel, params.reflect_metadata, deadline);
    if (!connected) {
      client->connection.reset();
      end_channels(vu, Channels::kUnused);
    }
  }
  bool failed = !connected || !reflected;
  if (failed && (vu.should_stop() || (!connected && connected.error().code() == Code::kCancelled)))
    return vu.throw_interrupted();
  if (!connected) return throw_go_error(ctx, connected.error().message());
  client->count_bytes(vu);
  if (!reflected)
    return throw_go_error(
        ctx, fmt::format("error invoking reflect API: {}", reflected.error().message()));
  if (*reflected) {
    client->protos.push_back(*reflected);
  }
  return JS_TRUE;
}

}  // namespace zelus::modules
