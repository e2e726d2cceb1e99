#include "bia/grpc/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "grpc/client_connection.h"
#include "grpc/connector.h"

namespace bia::grpc {

void UnaryReply::clear() {
  status = {};
  headers.clear();
  trailers.clear();
  message.clear();
  bytes_sent = bytes_received = 0;
}

class Channel::Impl : public std::enable_shared_from_this<Channel::Impl> {
 public:
  Impl(std::string target, ChannelOptions options)
      : options_(std::move(options)), connector_(std::move(target), options_) {}
  Result<void> connect(Deadline deadline) {
    connector_.skip_pause();
    return connector_.connect(shared_from_this(), deadline, CallOptions::Ready::kFail);
  }
  void unary(std::string_view path, std::string_view request, const CallOptions& options,
             UnaryReply& reply);
  Result<std::unique_ptr<StreamCall>> stream(std::string_view path, const CallOptions& options);
  Connector& connector() { return connector_; }

 private:
  /// These return false, with the call's status set, where the call cannot begin. Suspend.
  bool connect_call(ClientCall& call, Deadline deadline, CallOptions::Ready ready);
  bool begin(ClientCall& call, std::string_view path, const CallOptions& options,
             Deadline deadline);

  ChannelOptions options_;
  Connector connector_;
};

bool Channel::Impl::connect_call(ClientCall& call, Deadline deadline, CallOptions::Ready wanted) {
  for (;;) {
    if (!connector_.usable()) {
      auto connected = connector_.connect(shared_from_this(), deadline, wanted);
      if (!connected) {
        const Code code = connected.error().code();
        call.abandon(code == Code::kInvalidArgument ? Code::kUnavailable : code,
                     connected.error().message());
        return false;
      }
    }
    call.connection = connector_.connection();
    if (call.connection->has_slot()) return true;
    // The peer's limit on streams: wait for one to end, and look again.
    const auto ready = std::exchange(call.connection, nullptr)->wait_slot(deadline);
    if (ready) continue;
    const bool late = ready.error().code() == Code::kDeadlineExceeded;
    call.abandon(ready.error().code(), late ? "context deadline exceeded" : "context canceled");
    return false;
  }
}

bool Channel::Impl::begin(ClientCall& call, std::string_view path, const CallOptions& options,
                          Deadline deadline) {
  call.set_deadline(deadline);
  if (!connect_call(call, deadline, options.ready)) return false;
  if (call.done()) return false;  // Cancelled meanwhile.
  FieldList list;
  list.add(method_post());
  list.add(options_.tls ? scheme_https() : scheme_http());
  list.add(kept_field(":path", path, 4));
  list.add(kept_field(":authority", options_.authority, 1));
  list.add(content_type_grpc());
  list.add(kept_field("user-agent", options_.user_agent, 58));
  list.add(kept_field("te", "trailers"));
  if (options_.compression == Compression::kGzip) {
    list.add(kept_field("grpc-encoding", "gzip"));
    list.add(kept_field("grpc-accept-encoding", "gzip", 0));
  }
  char timeout[16];
  if (!deadline.is_never())
    list.add({"grpc-timeout", format_timeout(deadline.remaining(), timeout)});
  Metadata metadata;
  if (options.metadata) {
    for (const auto& [key, value] : *options.metadata) {
      if (add_metadata(metadata, key, value)) continue;
      call.abandon(Code::kInternal, fmt::format("metadata \"{}\" is reserved, or its key or value "
                                                "has characters that gRPC does not allow",
                                                key));
      return false;
    }
    list.add_all(metadata);
  }
  call.connection->submit(call, list);
  return true;
}

void Channel::Impl::unary(std::string_view path, std::string_view request,
                          const CallOptions& options, UnaryReply& reply) {
  Deadline deadline = std::min(options.deadline, fiber::current_deadline());
  // What the peer says it did not process (GOAWAY, REFUSED_STREAM) is sent once more, as gRPC's
  // transparent retry.
  for (int attempt = 0; attempt < 2; ++attempt) {
    UnaryCall call(options_, request, reply);
    if (call.fits() && begin(call, path, options, deadline)) call.wait(deadline);
    reply.status = std::move(call.status());
    reply.bytes_sent = kPrefixBytes + request.size();
    reply.bytes_received = call.bytes_received();
    if (!call.refused()) break;
  }
}

Result<std::unique_ptr<StreamCall>> Channel::Impl::stream(std::string_view path,
                                                          const CallOptions& options) {
  Deadline deadline = std::min(options.deadline, fiber::current_deadline());
  auto call = std::make_unique<StreamCall>(options_);
  if (!begin(*call, path, options, deadline))
    return error_from_status(call->status().code, call->status().message, {});
  // The channel outlives its calls.
  call->set_reopen([this, path = std::string(path), deadline, ready = options.ready,
                    metadata = options.metadata ? *options.metadata : Metadata()](auto& again) {
    return begin(again, path, {deadline, &metadata, ready}, deadline);
  });
  return call;
}

// The channel may go before its streams: they hold its options.
class ClientStream::Impl {
 public:
  std::shared_ptr<void> channel;
  std::unique_ptr<StreamCall> call;
  ~Impl() { call->abandon(Code::kCancelled, "the stream was dropped"); }
};

ClientStream::ClientStream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientStream::~ClientStream() = default;
ClientStream::ClientStream(ClientStream&&) noexcept = default;
Result<void> ClientStream::write(std::string_view message) { return impl_->call->write(message); }
void ClientStream::close_send() { impl_->call->close_send(); }
Result<bool> ClientStream::read(std::string& message) { return impl_->call->read(message); }
Status ClientStream::finish() { return impl_->call->wait_end(); }
void ClientStream::cancel() { impl_->call->abandon(Code::kCancelled, "context canceled"); }
const Metadata& ClientStream::headers() const { return impl_->call->headers; }
const Metadata& ClientStream::trailers() const { return impl_->call->trailers; }

Channel::Channel(std::string target, ChannelOptions options)
    : impl_(std::make_shared<Impl>(std::move(target), std::move(options))) {}
Channel::~Channel() {
  if (impl_) impl_->connector().shut();
}
Channel::Channel(Channel&&) noexcept = default;

Result<void> Channel::connect(Deadline deadline) {
  std::shared_ptr<Impl> kept = impl_;  // The channel may be dropped while it waits.
  return kept->connect(deadline);
}

void Channel::unary(std::string_view path, std::string_view request, const CallOptions& options,
                    UnaryReply& reply) {
  std::shared_ptr<Impl> kept = impl_;
  kept->unary(path, request, options, reply);
}

Result<ClientStream> Channel::stream(std::string_view path, const CallOptions& options) {
  std::shared_ptr<Impl> kept = impl_;
  auto call = BIA_TRY(kept->stream(path, options));
  auto impl = std::make_shared<ClientStream::Impl>();
  impl->channel = std::move(kept);
  impl->call = std::move(call);
  return ClientStream(std::move(impl));
}

void Channel::close() { impl_->connector().close(); }
std::shared_ptr<const net::TlsInfo> Channel::tls() const { return impl_->connector().tls(); }
uint64_t Channel::bytes_sent() const { return impl_->connector().bytes_sent(); }
uint64_t Channel::bytes_received() const { return impl_->connector().bytes_received(); }

}  // namespace bia::grpc
