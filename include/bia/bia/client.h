#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "bia/base/time.h"
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

/// Kratos' client timeout, of a whole call.
inline constexpr Duration kClientTimeoutDefault = std::chrono::seconds(2);

/// What a status that is not OK means: its code and message, and reason and metadata from its
/// google.rpc.ErrorInfo where it has one.
Error error_of(const grpc::Status& status);
/// A unary call. Suspends. Errors: what the peer answered, or kUnavailable, kDeadlineExceeded,
/// kCancelled; kInternal CODEC for a reply that is no such message.
Result<void> call_unary(grpc::Channel& channel, std::string_view path,
                        const google::protobuf::Message& request, const grpc::CallOptions& options,
                        google::protobuf::Message& reply);

/// A streaming call of any kind, typed. One fiber may write while another reads.
template <typename In, typename Out>
class ClientCall {
 public:
  explicit ClientCall(grpc::ClientStream stream) : stream_(std::move(stream)) {}
  /// Suspends while the peer does not read.
  Result<void> write(const In& message) {
    out_.clear();
    if (!message.AppendToString(&out_))
      return Error(Code::kInternal, "CODEC", message.GetTypeName() + " is above 2 GiB");
    return stream_.write(out_);
  }
  void close_send() { stream_.close_send(); }
  /// False at the end: then `finish` has the outcome. Suspends.
  Result<bool> read(Out& message) {
    Result<bool> got = stream_.read(in_);
    if (!got.ok() || !*got) return got;
    if (!message.ParseFromString(in_))
      return Error(Code::kInternal, "CODEC",
                   "the peer sent bytes that are not a " + message.GetTypeName());
    return true;
  }
  /// Suspends until the call has ended.
  Result<void> finish() {
    grpc::Status status = stream_.finish();
    if (status.code == Code::kOk) return {};
    return error_of(status);
  }
  grpc::ClientStream& stream() { return stream_; }

 private:
  grpc::ClientStream stream_;
  std::string in_;
  std::string out_;
};

/// Where an HTTP client's calls go.
struct HttpOrigin {
  http::Client& client;
  std::string host;
  uint16_t port;
};

struct HttpCallOptions {
  Deadline deadline = Deadline::never();  ///< never: kClientTimeoutDefault from now
  const http::Headers* headers = nullptr;
};

/// One call of a generated HTTP client, put together piece by piece. The first failure sticks and
/// is what `send` returns.
class HttpCall {
 public:
  enum class Slashes : uint8_t { kEscape, kKeep };
  HttpCall(std::string_view method, std::string_view path_template, const HttpCallOptions& options)
      : method_(method), path_template_(path_template), options_(options) {}
  void path(std::string_view literal) { target_ += literal; }
  void path_field(const google::protobuf::Message& request, std::string_view field_path,
                  Slashes slashes);
  /// The request's set fields but those of `left_out` (comma-separated paths).
  void query(const google::protobuf::Message& request, std::string_view left_out);
  /// Append the body here.
  std::string& json_body() {
    has_body_ = true;
    return body_;
  }
  /// Notes what made the body's writer fail.
  void check(const codec::JsonWriter& body);
  /// A google.api.HttpBody: its bytes as they are.
  void raw_body(std::string_view content_type, std::string_view bytes);
  /// Suspends. Errors: for a status outside 2xx what its body says (Kratos: code, reason, message,
  /// metadata), with the code that the status has.
  Result<void> send(const HttpOrigin& origin,
                    bool (*read_reply)(codec::JsonReader&, google::protobuf::Message&),
                    google::protobuf::Message& reply);
  /// The same, with a google.api.HttpBody as the reply.
  Result<void> send_raw(const HttpOrigin& origin, std::string& content_type, std::string& bytes);

 private:
  Result<void> exchange(const HttpOrigin& origin, std::string_view accept,
                        http::ClientResponse& response);

  std::string_view method_;
  std::string_view path_template_;
  const HttpCallOptions& options_;
  std::string target_;
  std::string body_;
  std::string content_type_ = "application/json";
  bool has_body_ = false;
  Result<void> wrong_;
};

}  // namespace bia
