#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/time.h"

namespace bia::http {
class ServerRequest;
class ServerResponse;
}  // namespace bia::http
namespace bia::grpc {
class ServerCall;
}

namespace bia {

enum class Transport : uint8_t { kHttp, kGrpc };
enum class Side : uint8_t { kServer, kClient };
/// "http", "grpc".
std::string_view transport_name(Transport transport);

/// What a call that a ServiceClient makes has beside its messages.
struct OutgoingCall {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  Transport transport = Transport::kGrpc;
  /// Sent as headers (HTTP) or metadata (gRPC, names in lower case); for a middleware to add to
  /// before `next()`.
  Fields headers = {};
  /// Of the answer, after `next()`.
  Fields reply_headers = {};
  /// "10.0.0.1:9000", of the node that was called last; empty before.
  std::string peer = {};
  std::string_view http_method = {};
  std::string_view target = {};
  Deadline deadline = {};
  /// Of the server call that this one is made for: W3C's, which a tracing middleware passes on.
  std::string tracestate = {};
  std::string baggage = {};

  /// Replaces all of that name, which is in lower case.
  void set_header(std::string_view name, std::string_view value);
};

/// The call that a handler or a middleware is in: one that is served, or one that is made (a
/// ServiceClient's). Lives until the handler returns; costs no allocation.
class Context {
 public:
  Context(std::string_view operation, std::string_view path_template, http::ServerRequest& request,
          http::ServerResponse& response, TimePoint started_at,
          Deadline deadline = Deadline::never())
      : operation_(operation),
        path_template_(path_template),
        request_(&request),
        response_(&response),
        started_at_(started_at),
        deadline_(deadline) {}
  Context(std::string_view operation, grpc::ServerCall& call, TimePoint started_at,
          Deadline deadline = Deadline::never())
      : operation_(operation), call_(&call), started_at_(started_at), deadline_(deadline) {}
  /// A call that is made; for the server call `parent` where there is one, whose ContextValues it
  /// shows too.
  Context(std::string_view operation, std::string_view path_template, OutgoingCall& call,
          const Context* parent, TimePoint started_at)
      : operation_(operation),
        path_template_(path_template),
        outgoing_(&call),
        started_at_(started_at),
        slots_(parent ? parent->slots_ : nullptr) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// "/helloworld.v1.Greeter/SayHello", over both transports.
  std::string_view operation() const { return operation_; }
  Transport transport() const {
    if (outgoing_) return outgoing_->transport;
    return call_ ? Transport::kGrpc : Transport::kHttp;
  }
  Side side() const { return outgoing_ ? Side::kClient : Side::kServer; }
  /// "/helloworld/{name}"; empty over gRPC.
  std::string_view path_template() const { return path_template_; }
  TimePoint started_at() const { return started_at_; }
  /// The moment at which the handler ended, for a middleware to ask after `next()`. The first who
  /// asks reads the clock, for all.
  TimePoint ended_at() {
    if (ended_at_ == TimePoint()) ended_at_ = now();
    return ended_at_;
  }

  /// After the handler: true where it ended at or after the call's deadline. Its caller was told
  /// 504 or DEADLINE_EXCEEDED.
  bool late() { return !deadline_.is_never() && ended_at() >= deadline_.at(); }

  /// A header of the request over HTTP, a metadata key over gRPC; without regard to case; empty
  /// where there is none.
  std::string_view header(std::string_view name) const;
  /// HTTP: a header of the answer. gRPC: initial metadata; must come before a stream's first
  /// message. Of a call that is made: beside those that the peer answered.
  void add_reply_header(std::string_view name, std::string_view value);
  /// gRPC: trailing metadata. HTTP has no trailers: a header.
  void add_reply_trailer(std::string_view name, std::string_view value);

  /// The earliest of the server's timeout and the caller's deadline.
  Deadline deadline() const;
  /// "127.0.0.1:41234"
  std::string peer() const;

  /// What a middleware has put there for the rest of the chain; null where none has (ContextValue).
  template <typename T>
  T* find() const {
    for (const Slot* slot = slots_; slot; slot = slot->before) {
      if (slot->type == type_id<T>()) return static_cast<T*>(slot->value);
    }
    return nullptr;
  }

  /// Null where the call is served.
  OutgoingCall* outgoing() { return outgoing_; }
  /// What lies below, for what is not common to both. Null for the other transport, and where the
  /// call is made.
  http::ServerRequest* http_request() { return request_; }
  http::ServerResponse* http_response() { return response_; }
  grpc::ServerCall* grpc_call() { return call_; }

 private:
  template <typename T>
  friend class ContextValue;
  struct Slot {
    const void* type;
    void* value;
    Slot* before;
  };
  template <typename T>
  static const void* type_id() {
    static constexpr char kId = 0;
    return &kId;
  }

  std::string_view operation_;
  std::string_view path_template_;
  http::ServerRequest* request_ = nullptr;
  http::ServerResponse* response_ = nullptr;
  grpc::ServerCall* call_ = nullptr;
  OutgoingCall* outgoing_ = nullptr;
  TimePoint started_at_;
  TimePoint ended_at_;
  Deadline deadline_;
  Slot* slots_ = nullptr;
};

/// Shows `value` to the rest of the chain, as long as this stands on the middleware's stack: no
/// allocation, and a call without any pays nothing.
///
///     User user = …;
///     const bia::ContextValue<User> scope(context, user);
///     return next();                       // inside: context.find<User>()
template <typename T>
class ContextValue {
 public:
  ContextValue(Context& context, T& value)
      : context_(context), slot_{Context::type_id<T>(), &value, context.slots_} {
    context.slots_ = &slot_;
  }
  ~ContextValue() { context_.slots_ = slot_.before; }
  ContextValue(const ContextValue&) = delete;
  ContextValue& operator=(const ContextValue&) = delete;

 private:
  Context& context_;
  Context::Slot slot_;
};

}  // namespace bia
