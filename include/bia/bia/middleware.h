#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/bia/context.h"
#include "bia/bia/message_rules.h"

namespace google::protobuf {
class Message;
}

namespace bia {

/// The request message of a call, decoded. Null for a client stream, whose messages the handler
/// reads, and for any stream of a client, which writes them.
class Request {
 public:
  using Validate = MessageRules;
  explicit Request(const google::protobuf::Message* message, Validate check = nullptr)
      : message_(message), validate_(check) {}
  const google::protobuf::Message* message() const { return message_; }
  /// By the rules of its .proto. Errors: 400 VALIDATOR with all that is wrong. Without a message
  /// there is nothing to check yet: see `StreamRules`.
  Result<void> validate() const;
  /// Of this message, or of each that the stream brings; null: none.
  MessageRules rules() const { return validate_; }
  /// One line of protobuf text: `name: "kratos"`; what log.mask names is "***".
  std::string text() const;

 private:
  const google::protobuf::Message* message_;
  Validate validate_;
};

/// The reply message, filled by the handler. Null for a server stream.
class Reply {
 public:
  explicit Reply(google::protobuf::Message* message) : message_(message) {}
  google::protobuf::Message* message() const { return message_; }

 private:
  google::protobuf::Message* message_;
};

class Chain;
struct Invocation;

/// The rest of the chain, and at its end the handler.
class Next {
 public:
  /// At most once: a second call is an Error, kInternal NEXT_TWICE. Suspends where the handler
  /// does. Throws what the handler throws.
  Result<Reply> operator()();
  /// To answer without the handler: fill this (empty) message and return
  /// `Reply(next.reply_message())`.
  google::protobuf::Message* reply_message() const;

 private:
  friend class Chain;
  Next(Invocation& invocation, uint32_t index) : invocation_(&invocation), index_(index) {}
  Invocation* invocation_;
  uint32_t index_;
};

/// What runs round every handler, unary or stream, over HTTP and gRPC alike, and round every call
/// of a ServiceClient (`context.side()` says which). One object serves all threads at once: keep no
/// plain state in it.
///
///     chain.add([](bia::Context& context, bia::Request, bia::Next next) -> bia::Result<bia::Reply>
///     {
///       if (context.header("authorization").empty()) {
///         return bia::Error(bia::Code::kUnauthenticated, "UNAUTHORIZED", "JWT token is missing");
///       }
///       return next();
///     });
class Middleware {
 public:
  virtual ~Middleware();
  virtual Result<Reply> handle(Context& context, Request request, Next next) = 0;
};

template <typename F>
concept MiddlewareFunction = std::is_invocable_r_v<Result<Reply>, F&, Context&, Request, Next>;

/// Middleware in order, the first outermost. Empty, it costs one branch; each middleware costs one
/// virtual call.
class Chain {
 public:
  void add(std::unique_ptr<Middleware> middleware) { list_.push_back(std::move(middleware)); }
  template <MiddlewareFunction F>
  void add(F function) {
    class FromFunction final : public Middleware {
     public:
      explicit FromFunction(F f) : function_(std::move(f)) {}
      Result<Reply> handle(Context& context, Request request, Next next) override {
        return function_(context, request, next);
      }

     private:
      F function_;
    };
    add(std::make_unique<FromFunction>(std::move(function)));
  }
  size_t size() const { return list_.size(); }

  /// Runs the chain round `invocation.handler`.
  Result<Reply> run(Invocation& invocation) const;

 private:
  friend class Next;
  std::vector<std::unique_ptr<Middleware>> list_;
};

/// One pass through a chain; what the service binding fills in.
struct Invocation {
  Context& context;
  const google::protobuf::Message* request = nullptr;
  google::protobuf::Message* reply = nullptr;
  /// Calls the user's method.
  Result<void> (*handler)(Invocation& invocation) = nullptr;
  const void* method = nullptr;
  void* service = nullptr;
  /// Null where the request has no rules, or could not be decoded.
  Request::Validate validate = nullptr;
  const Chain* chain = nullptr;
  uint32_t position = 0;
};

/// What the caller is told of what a handler threw (`std::rethrow_exception` to look at it). What
/// it throws itself is answered as if there were none.
using RecoveryHandler =
    std::function<Error(Context& context, Request request, std::exception_ptr thrown)>;
/// Turns what a handler throws into the answer of `handler`; null: into Kratos', 500, reason
/// UNKNOWN, "unknown request error". Logs what was thrown either way.
std::unique_ptr<Middleware> recovery_middleware(RecoveryHandler handler = nullptr);
/// Answers a request that breaks the rules of its .proto (validate/validate.proto) with Kratos' 400
/// VALIDATOR; all violations are in the message, and by field in the metadata. The messages of a
/// stream are checked one by one, as a server reads them (ServerReader) and as a client writes them
/// (ClientCall).
std::unique_ptr<Middleware> validation_middleware();
/// A line a call, with Kratos' fields: kind, component, operation, args, code, reason, stack,
/// latency. Errors at level error, the rest at info.
std::unique_ptr<Middleware> access_log_middleware();

}  // namespace bia
