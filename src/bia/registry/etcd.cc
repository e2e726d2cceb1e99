#include "bia/registry/etcd.h"

#include <fmt/format.h>

#include "bia/fiber/scheduler.h"
#include "grpc/proto_wire.h"

namespace bia {
namespace {

using grpc::FieldReader;
using grpc::put_bytes;
using grpc::put_uint;

/// Field numbers are those of etcd's rpc.proto and kv.proto.
std::string key_request(std::string_view prefix, int64_t revision = 0) {
  std::string request;
  put_bytes(request, 1, prefix);
  put_bytes(request, 2, etcd_range_end(prefix));
  if (revision > 0) put_uint(request, 3, uint64_t(revision));
  return request;
}

uint64_t number_of(std::string_view message, uint32_t field) {
  for (FieldReader in(message); in.next();) {
    if (in.field() == field) return in.value();
  }
  return 0;
}

EtcdClient::Entry entry_of(std::string_view message) {
  EtcdClient::Entry entry;
  for (FieldReader in(message); in.next();) {
    if (in.field() == 1) entry.key = in.bytes();
    if (in.field() == 5) entry.value = in.bytes();
  }
  return entry;
}

Error error_of_status(const grpc::Status& status) {
  constexpr std::string_view kEtcd = "etcd: ";
  if (status.message.starts_with(kEtcd)) return Error(status.code, "ETCD", status.message);
  return Error(status.code, "ETCD", fmt::format("{}{}", kEtcd, status.message));
}

/// Tokens end after some minutes, with etcd's restart, and when users change.
bool is_old_token(const grpc::Status& status) {
  return status.code == Code::kUnauthenticated ||
         (status.code == Code::kInvalidArgument &&
          (status.message == "etcdserver: revision of auth store is old" ||
           status.message == "etcdserver: user name is empty"));
}

}  // namespace

std::string etcd_range_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::string(1, '\0');
  end.back() = char(end.back() + 1);
  return end;
}

Result<void> check_etcd_endpoints(EtcdOptions& options) {
  const auto bad = [](std::string what) {
    return Error(Code::kInvalidArgument, "ETCD", std::move(what));
  };
  if (options.endpoints.empty()) return bad("etcd has no endpoints");
  for (std::string& endpoint : options.endpoints) {
    if (endpoint.starts_with("https://")) {
      if (!options.tls) return bad(fmt::format("etcd endpoint \"{}\" needs tls", endpoint));
      endpoint.erase(0, 8);
    } else if (endpoint.starts_with("http://")) {
      if (options.tls)
        return bad(fmt::format("etcd endpoint \"{}\" is cleartext, but tls is set", endpoint));
      endpoint.erase(0, 7);
    }
    if (endpoint.find(':') == std::string::npos)
      return bad(fmt::format("etcd endpoint \"{0}\" has no port; write \"{0}:2379\"", endpoint));
  }
  return {};
}

EtcdClient::EtcdClient(EtcdOptions options)
    : options_(std::move(options)), channels_(options_.endpoints.size()) {}

grpc::Channel& EtcdClient::channel() {
  auto& channel = channels_[current_];
  if (!channel) {
    grpc::ChannelOptions options;
    options.tls = options_.tls;
    options.server_name = options_.tls_server_name;
    // A watch has no deadline: of an etcd whose machine is gone nothing else would tell.
    options.keepalive_time = options_.keepalive_time;
    options.keepalive_timeout = options_.keepalive_timeout;
    options.backoff = {};  // Who calls pauses after failures (`Backoff`), or asks the next member.
    channel = std::make_unique<grpc::Channel>(options_.endpoints[current_], std::move(options));
  }
  return *channel;
}

grpc::CallOptions EtcdClient::call_options(Deadline deadline) const {
  grpc::CallOptions options;
  options.deadline = deadline;
  options.metadata = &token_;
  return options;
}

Result<void> EtcdClient::authenticate(Deadline deadline) {
  if (options_.user.empty() || !token_.empty()) return {};
  std::string request;
  put_bytes(request, 1, options_.user);
  put_bytes(request, 2, options_.password);
  grpc::UnaryReply reply;
  channel().unary("/etcdserverpb.Auth/Authenticate", request, call_options(deadline), reply);
  // An etcd whose authentication is off: then nobody asks for a token.
  if (reply.status.code == Code::kFailedPrecondition) return {};
  if (reply.status.code != Code::kOk) return error_of_status(reply.status);
  for (FieldReader in(reply.message); in.next();) {
    if (in.field() == 2) token_ = {{"token", std::string(in.bytes())}};
  }
  return {};
}

Result<void> EtcdClient::authenticate_or_move(Deadline deadline) {
  auto known = authenticate(deadline);
  if (!known) next_endpoint();
  return known;
}

// Channels stay: another fiber may be in a call on the one that is left.
void EtcdClient::next_endpoint() { current_ = (current_ + 1) % channels_.size(); }

Result<std::string> EtcdClient::call(std::string_view path, const std::string& request) {
  const Deadline deadline = Deadline::after(options_.timeout);
  grpc::UnaryReply reply;
  bool renewed = false;
  for (size_t attempt = 0; attempt < channels_.size();) {
    reply.clear();
    if (auto known = authenticate(deadline); known) {
      channel().unary(path, request, call_options(deadline), reply);
    } else {
      reply.status = {known.error().code(), known.error().message(), {}};
    }
    if (reply.status.code == Code::kOk) return std::move(reply.message);
    if (deadline.expired()) break;
    if (!renewed && !token_.empty() && is_old_token(reply.status)) {
      renewed = true;
      token_.clear();
      continue;
    }
    if (reply.status.code != Code::kUnavailable) break;
    next_endpoint();
    ++attempt;
  }
  return error_of_status(reply.status);
}

Result<std::vector<EtcdClient::Entry>> EtcdClient::range(std::string_view prefix,
                                                         int64_t& revision) {
  const std::string reply = BIA_TRY(call("/etcdserverpb.KV/Range", key_request(prefix)));
  std::vector<Entry> entries;
  FieldReader in(reply);
  while (in.next()) {
    if (in.field() == 1) revision = int64_t(number_of(in.bytes(), 3));
    if (in.field() == 2) entries.push_back(entry_of(in.bytes()));
  }
  if (!in.ok()) return Error(Code::kInternal, "ETCD", "etcd answered what is no RangeResponse");
  return entries;
}

Result<void> EtcdClient::put(std::string_view key, std::string_view value, int64_t lease) {
  std::string request;
  put_bytes(request, 1, key);
  put_bytes(request, 2, value);
  if (lease != 0) put_uint(request, 3, uint64_t(lease));
  BIA_TRY(call("/etcdserverpb.KV/Put", request));
  return {};
}

Result<void> EtcdClient::erase(std::string_view key) {
  std::string request;
  put_bytes(request, 1, key);
  BIA_TRY(call("/etcdserverpb.KV/DeleteRange", request));
  return {};
}

Result<int64_t> EtcdClient::grant(int64_t ttl_seconds) {
  std::string request;
  put_uint(request, 1, uint64_t(ttl_seconds));
  const std::string reply = BIA_TRY(call("/etcdserverpb.Lease/LeaseGrant", request));
  const auto lease = int64_t(number_of(reply, 2));
  if (lease == 0) return Error(Code::kInternal, "ETCD", "etcd granted a lease without an id");
  return lease;
}

Result<void> EtcdClient::revoke(int64_t lease) {
  std::string request;
  put_uint(request, 1, uint64_t(lease));
  BIA_TRY(call("/etcdserverpb.Lease/LeaseRevoke", request));
  return {};
}

Result<int64_t> EtcdClient::keep_alive(int64_t lease) {
  std::string request;
  put_uint(request, 1, uint64_t(lease));
  const Deadline deadline = Deadline::after(options_.timeout);
  BIA_TRY(authenticate_or_move(deadline));
  auto stream = channel().stream("/etcdserverpb.Lease/LeaseKeepAlive", call_options(deadline));
  Result<void> done;
  std::string reply;
  bool got = false;
  if (stream.ok()) {
    done = stream->write(request);
    if (done.ok()) {
      stream->close_send();
      auto read = stream->read(reply);
      if (read.ok()) {
        got = *read;
      } else {
        done = std::move(read).error();
      }
    }
    if (done.ok() && !got) done = error_of_status(stream->finish());
  } else {
    done = std::move(stream).error();
  }
  if (!done.ok()) {
    token_.clear();
    next_endpoint();
    return std::move(done).error();
  }
  return int64_t(number_of(reply, 3));
}

Result<void> EtcdClient::wait_change(std::string_view prefix, int64_t revision) {
  std::string request;
  put_bytes(request, 1, key_request(prefix, revision));
  BIA_TRY(authenticate_or_move(Deadline::after(options_.timeout)));
  auto stream = channel().stream("/etcdserverpb.Watch/Watch", call_options(Deadline::never()));
  if (!stream.ok()) {
    next_endpoint();
    return std::move(stream).error();
  }
  BIA_TRY(stream->write(request));
  std::string reply;
  while (true) {
    auto got = stream->read(reply);
    if (!got.ok() || !*got) {
      Error why = got.ok() ? error_of_status(stream->finish()) : std::move(got).error();
      if (why.code() != Code::kCancelled || !fiber::cancelled()) next_endpoint();
      return why;
    }
    bool cancelled = false;
    bool compacted = false;
    std::string why;
    for (FieldReader in(reply); in.next();) {
      if (in.field() == 11) {
        stream->cancel();
        return {};
      }
      if (in.field() == 4) cancelled = in.value() != 0;
      if (in.field() == 5) compacted = in.value() != 0;
      if (in.field() == 6) why = in.bytes();
    }
    if (!cancelled) continue;
    stream->cancel();
    token_.clear();
    return Error(compacted ? Code::kOutOfRange : Code::kUnavailable, "ETCD",
                 fmt::format("etcd ended the watch: {}", compacted ? "compacted" : why));
  }
}

}  // namespace bia
