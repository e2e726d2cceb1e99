#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace google::protobuf {
class Message;
}
namespace bia::http {
class ServerRequest;
class ServerResponse;
struct ClientResponse;
}  // namespace bia::http

namespace bia {

/// Bodies of one content subtype over HTTP: Kratos' encoding.Codec. Serves all threads at once.
class Codec {
 public:
  virtual ~Codec();
  /// The subtype, "msgpack" of application/msgpack; told apart without regard to case.
  virtual std::string_view name() const = 0;
  /// Appends to `out`.
  virtual Result<void> encode(const google::protobuf::Message& message, std::string& out) const = 0;
  /// Into an empty message, or one that other parts of a request have filled.
  virtual Result<void> decode(std::string_view bytes, google::protobuf::Message& message) const = 0;
};

/// A later one of the same name takes an earlier one's place, and one named json, proto, xml, yaml
/// or x-www-form-urlencoded that of bia's own.
using CodecList = std::vector<std::shared_ptr<const Codec>>;

/// The codec of a Content-Type; null where the list has none.
const Codec* find_codec(const CodecList& codecs, std::string_view media_type);

/// What a server makes of bodies in place of, or before and behind, what bia does: Kratos' options
/// RequestDecoder, ResponseEncoder and ErrorEncoder, and its registered codecs. The functions run
/// in the call's fiber; each is given what bia would do, to call or not to. Bodies and replies that
/// are a google.api.HttpBody, or a field that is no message, do not pass them.
struct HttpContent {
  using Builtin = std::function<Result<void>()>;
  /// The whole body, which may be empty, into `message`. Its error is the call's: log, metrics and
  /// traces have it.
  using RequestDecoder =
      std::function<Result<void>(http::ServerRequest& request, std::string_view body,
                                 google::protobuf::Message& message, const Builtin& builtin)>;
  /// Status, headers and body of a reply: the whole message or its `response_body`.
  using ResponseEncoder =
      std::function<Result<void>(http::ServerRequest& request, http::ServerResponse& response,
                                 const google::protobuf::Message& reply, const Builtin& builtin)>;
  /// The same of an error; also where there is no route (404, 405). The answer that goes out at a
  /// call's deadline while its handler runs on is bia's own.
  using ErrorEncoder =
      std::function<void(http::ServerRequest& request, http::ServerResponse& response,
                         const Error& error, const std::function<void()>& builtin)>;

  CodecList codecs = {};
  RequestDecoder decode_request = nullptr;
  ResponseEncoder encode_reply = nullptr;
  ErrorEncoder encode_error = nullptr;
};

/// What an HTTP client sends and understands.
struct HttpClientContent {
  /// Of requests, and asked for as the reply's: application/json (also where empty),
  /// application/proto, application/xml, application/yaml, application/x-www-form-urlencoded (the
  /// reply is JSON then), or a registered codec's. Replies are read by their own Content-Type.
  std::string content_type = {};
  /// Empty: no User-Agent.
  std::string user_agent = {};
  CodecList codecs = {};
  /// What a response outside 2xx means; null: its body as Kratos writes it.
  std::function<Error(const http::ClientResponse&)> decode_error = nullptr;
};

}  // namespace bia
