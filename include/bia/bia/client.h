#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/bia/codec.h"
#include "bia/bia/message_rules.h"
#include "bia/grpc/client.h"
#include "bia/http/client.h"

namespace google::protobuf {
class Message;
}
namespace bia::codec {
class JsonReader;
class JsonWriter;
}  // namespace bia::codec

namespace bia {

class Context;
class ServiceClient;
class Violations;

/// Kratos' client timeout, of a whole call.
inline constexpr Duration kClientTimeoutDefault = std::chrono::seconds(2);

/// What a status that is not OK means: its code and message, and reason and metadata from its
/// google.rpc.ErrorInfo where it has one.
Error error_of(const grpc::Status& status);
/// What a response with a status outside 2xx means: what its body says (Kratos: code, reason,
/// message, metadata), with the code that the status has.
Error error_of(const http::ClientResponse& response);

/// Where gRPC calls go: over one channel, or by a ServiceClient with its middleware, for the server
/// call `parent` (null: none).
struct GrpcOrigin {
  grpc::Channel* channel = nullptr;
  ServiceClient* service = nullptr;
  Context* parent = nullptr;
};

struct UnaryPlan {
  std::string_view operation;
  const google::protobuf::Message& request;
  google::protobuf::Message& reply;
  /// The request's rules; null: none.
  void (*validate)(const google::protobuf::Message& request, Violations& out) = nullptr;
  const Context* parent = nullptr;
};

/// A unary call. Suspends. Errors: what the peer answered, or kUnavailable, kDeadlineExceeded,
/// kCancelled; kInternal CODEC for a reply that is no such message; what a middleware says.
Result<void> call_unary(const GrpcOrigin& origin, const UnaryPlan& plan,
                        const grpc::CallOptions& options);
/// The same over a channel.
Result<void> call_unary(grpc::Channel& channel, std::string_view path,
                        const google::protobuf::Message& request, const grpc::CallOptions& options,
                        google::protobuf::Message& reply);

/// The middleware round a streaming call: runs until the call has ended, in a fiber of its own.
class StreamScope;
struct OpenedStream {
  grpc::ClientStream stream;
  std::shared_ptr<StreamScope> scope;  ///< null without middleware
  MessageRules rules = nullptr;        ///< what the chain wants each message checked by
};
/// `rules`: those of the messages that are written, for a chain that checks them. Suspends. Errors:
/// as `call_unary`.
Result<OpenedStream> open_stream(const GrpcOrigin& origin, std::string_view path,
                                 const grpc::CallOptions& options, MessageRules rules = nullptr);
/// Suspends until the call has ended, and its middleware. An error in `own` is the outcome,
/// whatever the peer says.
Result<void> finish_stream(OpenedStream& opened, Result<void> own = {});

/// A streaming call of any kind, typed. One fiber may write while another reads.
template <typename In, typename Out>
class ClientCall {
 public:
  explicit ClientCall(grpc::ClientStream stream) : opened_{std::move(stream), nullptr} {}
  explicit ClientCall(OpenedStream opened) : opened_(std::move(opened)) {}
  /// Suspends while the peer does not read. Errors: CALL_ENDED, then `finish` has the outcome; with
  /// `validation_middleware` in the client's chain, 400 VALIDATOR for a message that breaks the
  /// rules of its .proto: it is not sent, the call is cancelled, so that the peer does not take
  /// what came before for all, and further writes and `finish` give that error.
  Result<void> write(const In& message) {
    if (opened_.rules != nullptr) {
      if (refused_.ok()) refused_ = check_rules(message, opened_.rules);
      if (!refused_.ok()) {
        opened_.stream.cancel();
        return refused_;
      }
    }
    out_.clear();
    if (!message.AppendToString(&out_))
      return Error(Code::kInternal, "CODEC", message.GetTypeName() + " is above 2 GiB");
    return opened_.stream.write(out_);
  }
  void close_send() { opened_.stream.close_send(); }
  /// False at the end: then `finish` has the outcome. Suspends.
  Result<bool> read(Out& message) {
    Result<bool> got = opened_.stream.read(in_);
    if (!got.ok() || !*got) return got;
    if (!message.ParseFromString(in_))
      return Error(Code::kInternal, "CODEC",
                   "the peer sent bytes that are not a " + message.GetTypeName());
    return true;
  }
  /// Suspends until the call has ended.
  Result<void> finish() { return finish_stream(opened_, refused_); }
  grpc::ClientStream& stream() { return opened_.stream; }

 private:
  OpenedStream opened_;
  Result<void> refused_;
  std::string in_;
  std::string out_;
};

/// Where an HTTP client's calls go: to one host, or by a ServiceClient with its middleware, for the
/// server call `parent` (null: none).
struct HttpOrigin {
  http::Client* client = nullptr;
  std::string host = {};
  uint16_t port = 0;
  ServiceClient* service = nullptr;
  Context* parent = nullptr;
  http::ClientRequest::Scheme scheme = http::ClientRequest::Scheme::kHttp;
  /// A ServiceClient has its own: `ServiceClientOptions::http`.
  HttpClientContent content = {};
};

/// An HTTP call, complete but for its headers.
struct HttpPlan {
  std::string_view operation;
  std::string_view path_template;
  std::string_view method;
  std::string_view target;
  std::string_view body;
  const Context* parent = nullptr;
  const google::protobuf::Message* request = nullptr;
  google::protobuf::Message* reply = nullptr;
  void (*validate)(const google::protobuf::Message& request, Violations& out) = nullptr;
  /// Takes what the peer answered.
  std::function<Result<void>(http::ClientResponse&)> take;
  bool keep_errors = false;  ///< `take` gets responses outside 2xx too, before they are errors
};

struct HttpCallOptions {
  Deadline deadline = Deadline::never();  ///< never: kClientTimeoutDefault from now
  const http::Headers* headers = nullptr;
  /// Kratos' ContentType; empty: the client's.
  std::string_view content_type = {};
};

/// What the body of a call is made of.
struct HttpCallBody {
  const google::protobuf::Message* request = nullptr;
  void (*write_json)(codec::JsonWriter& out, const google::protobuf::Message& request) = nullptr;
  /// What is written; null where that is a field that is no message.
  const google::protobuf::Message* message = nullptr;
};

/// What a reply's body is read into.
struct HttpReplyParts {
  bool (*read_json)(codec::JsonReader& in, google::protobuf::Message& reply) = nullptr;
  /// The message that the body is; null where that is a field that is no message.
  google::protobuf::Message* (*message)(google::protobuf::Message& reply) = nullptr;
};

/// One call of a generated HTTP client, put together piece by piece. The first failure sticks and
/// is what `send` returns.
class HttpCall {
 public:
  enum class Slashes : uint8_t { kEscape, kKeep };
  using Validate = void (*)(const google::protobuf::Message& request, Violations& out);
  HttpCall(std::string_view method, std::string_view path_template, const HttpCallOptions& options)
      : method_(method), path_template_(path_template), options_(options) {}
  /// For the middleware: which call it is, and by which rules its request is checked.
  void describe(std::string_view operation, const google::protobuf::Message& request,
                Validate validate) {
    operation_ = operation;
    request_ = &request;
    validate_ = validate;
  }
  void path(std::string_view literal) { target_ += literal; }
  void path_field(const google::protobuf::Message& request, std::string_view field_path,
                  Slashes slashes);
  /// The request's set fields but those of `left_out` (comma-separated paths).
  void query(const google::protobuf::Message& request, std::string_view left_out);
  /// Encoded by `send`.
  void body(const HttpCallBody& body) { message_body_ = body; }
  /// A google.api.HttpBody: its bytes as they are.
  void raw_body(std::string_view content_type, std::string_view bytes);
  /// Suspends. Errors: for a status outside 2xx what its body says (Kratos: code, reason, message,
  /// metadata), with the code that the status has.
  Result<void> send(const HttpOrigin& origin, const HttpReplyParts& parts,
                    google::protobuf::Message& reply);
  /// The same, with a google.api.HttpBody as the reply.
  Result<void> send_raw(const HttpOrigin& origin, std::string& content_type, std::string& bytes);

 private:
  const HttpClientContent& content_of(const HttpOrigin& origin) const;
  std::string_view content_type_of(const HttpClientContent& content) const;
  Result<void> exchange(const HttpOrigin& origin, std::string_view accept,
                        google::protobuf::Message* reply,
                        std::function<Result<void>(http::ClientResponse&)> take);

  std::string_view operation_;
  const google::protobuf::Message* request_ = nullptr;
  Validate validate_ = nullptr;
  std::string_view method_;
  std::string_view path_template_;
  const HttpCallOptions& options_;
  std::string target_;
  HttpCallBody message_body_;
  std::string body_;
  std::string content_type_;
  bool has_body_ = false;
  Result<void> wrong_;
};

}  // namespace bia
