// Bodies by codecs and functions of the service's own: HttpContent.
#include <google/protobuf/message.h>

#include "base/text.h"
#include "bia/content/media_type.h"
#include "bia/http/server.h"
#include "bia/service/service_http.h"

namespace bia {

Result<void> HttpRoute::decode_own(http::ServerRequest& request, std::string_view content_type,
                                   std::string_view body, Exchange& exchange) const {
  if (rule_.take_raw) {
    if (!body.empty()) rule_.take_raw(exchange.request(), content_type, body);
    return {};
  }
  const HttpContent& content = *policy_.content;
  const auto builtin = [&]() -> Result<void> {
    if (body.empty()) return {};
    const Codec* codec = find_codec(content.codecs, content_type);
    google::protobuf::Message* message = codec ? rule_.body(exchange.request()) : nullptr;
    if (message == nullptr) return decode_builtin(content_type, body, exchange);
    if (Result<void> decoded = codec->decode(body, *message); !decoded.ok())
      return Error(Code::kInvalidArgument, "CODEC", "body unmarshal " + decoded.error().message());
    return {};
  };
  google::protobuf::Message* message =
      content.decode_request ? rule_.body(exchange.request()) : nullptr;
  return message ? content.decode_request(request, body, *message, builtin) : builtin();
}

Result<void> HttpRoute::write_reply(http::ServerRequest& request,
                                    const google::protobuf::Message& reply,
                                    http::ServerResponse& response) const {
  std::string joined;
  const std::string_view accept = http::list_header(request, "accept", joined);
  const HttpContent* content = policy_.content;
  const google::protobuf::Message* message =
      content && !rule_.raw_reply && rule_.reply_message ? rule_.reply_message(reply) : nullptr;
  if (message == nullptr)
    return write_builtin(accepted_reply(accept, {}, policy_.codecs).format, reply, response);
  const auto builtin = [&]() -> Result<void> {
    const auto [format, codec] = accepted_reply(accept, content->codecs, policy_.codecs);
    if (codec == nullptr) return write_builtin(format, reply, response);
    response.set_header("Content-Type", "application/" + lower_case(codec->name()));
    return codec->encode(*message, response.body());
  };
  return content->encode_reply ? content->encode_reply(request, response, *message, builtin)
                               : builtin();
}

void HttpRoute::write_error(http::ServerRequest& request, const Error& error,
                            http::ServerResponse& response) const {
  if (policy_.content == nullptr || !policy_.content->encode_error)
    return write_builtin_error(request, error, response);
  // What a reply's encoder left behind before it failed.
  response.body().clear();
  policy_.content->encode_error(request, response, error,
                                [&] { write_builtin_error(request, error, response); });
}

}  // namespace bia
