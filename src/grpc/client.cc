#include "bia/grpc/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "grpc/client_connection.h"
#include "grpc/target.h"

namespace bia::grpc {

void UnaryReply::clear() {
  status = {};
  headers.clear();
  trailers.clear();
  message.clear();
  bytes_sent = bytes_received = 0;
}

class Channel::Impl {
 public:
  Impl(std::string target, ChannelOptions options)
      : options_(std::move(options)), target_(std::move(target), options_) {}
  // A stream that outlived the channel may have dialled once more.
  ~Impl() { close(); }
  Result<std::shared_ptr<ClientConnection>> connected(Deadline deadline);
  void unary(std::string_view path, std::string_view request, const CallOptions& options,
             UnaryReply& reply);
  Result<std::unique_ptr<StreamCall>> stream(std::string_view path, const CallOptions& options);
  void close();
  const std::shared_ptr<const net::TlsInfo>& tls() const { return target_.tls(); }
  uint64_t bytes_sent() const {
    return sent_before_ + (connection_ ? connection_->bytes_written() : 0);
  }
  uint64_t bytes_received() const {
    return received_before_ + (connection_ ? connection_->bytes_read() : 0);
  }

 private:
  void drop_connection();
  /// These return false, with the call's status set, where the call cannot begin. Suspend.
  bool connect_call(ClientCall& call, Deadline deadline, CallOptions::Ready ready);
  bool begin(ClientCall& call, std::string_view path, const CallOptions& options,
             Deadline deadline);

  ChannelOptions options_;
  Target target_;
  std::shared_ptr<ClientConnection> connection_;
  uint64_t sent_before_ = 0, received_before_ = 0;
  bool connecting_ = false;
  std::optional<Error> dial_error_;  // Of the last attempt, for those who waited for it.
  fiber::WaitQueue connected_;
};

void Channel::Impl::drop_connection() {
  if (!connection_) return;
  if (connection_->pings_too_often()) options_.keepalive_time *= 2;
  sent_before_ += connection_->bytes_written();
  received_before_ += connection_->bytes_read();
  connection_.reset();
}

Result<std::shared_ptr<ClientConnection>> Channel::Impl::connected(Deadline deadline) {
  while (!connection_ || !connection_->usable()) {
    if (connecting_) {
      dial_error_.reset();
      BIA_TRY(connected_.wait(deadline));
      if (dial_error_) return *dial_error_;
      continue;
    }
    drop_connection();
    connecting_ = true;
    auto dialled = target_.dial(deadline);
    // As it is while a server hands over to another: the next one is likely to be the other's.
    // grpc-go has no limit here.
    constexpr int kGoingAwayMax = 5;
    for (int i = 0; i < kGoingAwayMax && !dialled && dialled.error().reason() == kGoingAway; ++i)
      dialled = target_.dial(deadline);
    connecting_ = false;
    if (dialled) {
      connection_ = *std::move(dialled);
    } else {
      // One whose own deadline passed or that was cancelled leaves the next one to try.
      Code code = dialled.error().code();
      if (code != Code::kDeadlineExceeded && code != Code::kCancelled)
        dial_error_ = dialled.error();
    }
    connected_.wake_all();
    if (!dialled) return std::move(dialled).error();
  }
  return connection_;
}

namespace {

/// Errors: kDeadlineExceeded where the deadline comes first, kCancelled.
Result<void> pause(Duration duration, Deadline deadline) {
  const TimePoint until = now() + duration;
  if (until < deadline.at()) return fiber::sleep_until(until);
  BIA_TRY(fiber::sleep_until(deadline.at()));
  return Error(Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", "deadline exceeded");
}

}  // namespace

bool Channel::Impl::connect_call(ClientCall& call, Deadline deadline, CallOptions::Ready wanted) {
  // As grpc-go's default, without its jitter.
  constexpr Duration kBackoffMax = std::chrono::seconds(120);
  Duration backoff = options_.backoff;
  for (;;) {
    auto connection = connected(deadline);
    Result<void> ready = connection ? Result<void>() : Result<void>(std::move(connection).error());
    if (ready && !(*connection)->has_slot()) {
      // The peer's limit on streams: wait for one to end, and look again.
      ready = (*connection)->wait_slot(deadline);
      if (ready) continue;
    }
    if (ready) {
      call.connection = *std::move(connection);
      return true;
    }
    if (wanted == CallOptions::Ready::kWait && ready.error().code() == Code::kUnavailable) {
      ready = pause(backoff, deadline);
      backoff = std::min(backoff * 8 / 5, kBackoffMax);
      if (ready) continue;
    }
    switch (ready.error().code()) {
      case Code::kDeadlineExceeded:
        call.abandon(Code::kDeadlineExceeded, "context deadline exceeded");
        break;
      case Code::kCancelled:
        call.abandon(Code::kCancelled, "context canceled");
        break;
      case Code::kInvalidArgument:
        call.abandon(Code::kUnavailable, ready.error().message());
        break;
      default:
        call.abandon(ready.error().code(), ready.error().message());
    }
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

void Channel::Impl::close() {
  if (connection_) connection_->close();
  drop_connection();
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
  if (impl_) impl_->close();
}
Channel::Channel(Channel&&) noexcept = default;

Result<void> Channel::connect(Deadline deadline) {
  BIA_TRY(impl_->connected(deadline));
  return {};
}

void Channel::unary(std::string_view path, std::string_view request, const CallOptions& options,
                    UnaryReply& reply) {
  std::shared_ptr<Impl> kept = impl_;  // The channel may be dropped while the call waits.
  kept->unary(path, request, options, reply);
}

Result<ClientStream> Channel::stream(std::string_view path, const CallOptions& options) {
  auto call = BIA_TRY(impl_->stream(path, options));
  auto impl = std::make_shared<ClientStream::Impl>();
  impl->channel = impl_;
  impl->call = std::move(call);
  return ClientStream(std::move(impl));
}

void Channel::close() { impl_->close(); }
std::shared_ptr<const net::TlsInfo> Channel::tls() const { return impl_->tls(); }
uint64_t Channel::bytes_sent() const { return impl_->bytes_sent(); }
uint64_t Channel::bytes_received() const { return impl_->bytes_received(); }

}  // namespace bia::grpc
