#include "bia/etcd.h"

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
  return Error(status.code, "ETCD", fmt::format("etcd: {}", status.message));
}

}  // namespace

std::string etcd_range_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::string(1, '\0');
  end.back() = char(end.back() + 1);
  return end;
}

EtcdClient::EtcdClient(std::vector<std::string> endpoints, Duration timeout)
    : endpoints_(std::move(endpoints)), timeout_(timeout), channels_(endpoints_.size()) {}

grpc::Channel& EtcdClient::channel() {
  auto& channel = channels_[current_];
  if (!channel) channel = std::make_unique<grpc::Channel>(endpoints_[current_]);
  return *channel;
}

// Channels stay: another fiber may be in a call on the one that is left.
void EtcdClient::next_endpoint() { current_ = (current_ + 1) % endpoints_.size(); }

Result<std::string> EtcdClient::call(std::string_view path, const std::string& request) {
  const Deadline deadline = Deadline::after(timeout_);
  grpc::UnaryReply reply;
  for (size_t attempt = 0; attempt < endpoints_.size(); ++attempt) {
    grpc::CallOptions options;
    options.deadline = deadline;
    reply.clear();
    channel().unary(path, request, options, reply);
    if (reply.status.code == Code::kOk) return std::move(reply.message);
    if (reply.status.code != Code::kUnavailable || deadline.expired()) break;
    next_endpoint();
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
  grpc::CallOptions options;
  options.deadline = Deadline::after(timeout_);
  auto stream = channel().stream("/etcdserverpb.Lease/LeaseKeepAlive", options);
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
    next_endpoint();
    return std::move(done).error();
  }
  return int64_t(number_of(reply, 3));
}

Result<void> EtcdClient::wait_change(std::string_view prefix, int64_t revision) {
  std::string request;
  put_bytes(request, 1, key_request(prefix, revision));
  auto stream = channel().stream("/etcdserverpb.Watch/Watch", grpc::CallOptions{});
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
    for (FieldReader in(reply); in.next();) {
      if (in.field() == 11) {
        stream->cancel();
        return {};
      }
      if (in.field() == 4 && in.value() != 0) {
        stream->cancel();
        return Error(Code::kOutOfRange, "ETCD", "etcd ended the watch");
      }
    }
  }
}

}  // namespace bia
