#include "bia/bia/client.h"

#include <fmt/format.h>
#include <google/protobuf/message.h>

#include "bia/bia/service_client.h"
#include "bia/client/client_content.h"
#include "bia/codec/form.h"
#include "bia/http/redirect.h"
#include "grpc/wire.h"

namespace bia {
namespace {
namespace pb = google::protobuf;
}  // namespace

Error error_of(const grpc::Status& status) {
  return grpc::error_from_status(status.code, status.message, status.details);
}

Result<void> call_unary(grpc::Channel& channel, std::string_view path, const pb::Message& request,
                        const grpc::CallOptions& options, pb::Message& reply) {
  grpc::UnaryReply answer;
  grpc::CallOptions with_default = options;
  if (with_default.deadline.is_never())
    with_default.deadline = Deadline::after(kClientTimeoutDefault);
  channel.unary(path, request.SerializeAsString(), with_default, answer);
  if (answer.status.code != Code::kOk) return error_of(answer.status);
  if (!reply.ParseFromString(answer.message))
    return Error(Code::kInternal, "CODEC",
                 "the peer answered bytes that are not a " + reply.GetTypeName());
  return {};
}

Result<void> call_unary(const GrpcOrigin& origin, const UnaryPlan& plan,
                        const grpc::CallOptions& options) {
  if (origin.service) return origin.service->unary(plan, options);
  return call_unary(*origin.channel, plan.operation, plan.request, options, plan.reply);
}

Result<OpenedStream> open_stream(const GrpcOrigin& origin, std::string_view path,
                                 const grpc::CallOptions& options, MessageRules rules) {
  if (origin.service) return origin.service->stream(path, origin.parent, options, rules);
  return OpenedStream{BIA_TRY(origin.channel->stream(path, options)), nullptr};
}

void HttpCall::path_field(const pb::Message& request, std::string_view field_path,
                          Slashes slashes) {
  if (!wrong_.ok()) return;
  wrong_ = codec::append_path_field(
      target_, request, field_path,
      slashes == Slashes::kKeep ? codec::Slash::kKeep : codec::Slash::kEscape);
}

void HttpCall::query(const pb::Message& request, std::string_view left_out) {
  if (!wrong_.ok()) return;
  Result<std::string> text = codec::encode_form(request, left_out);
  if (!text.ok()) {
    wrong_ = std::move(text).error();
  } else if (!text->empty()) {
    target_ += '?';
    target_ += *text;
  }
}

void HttpCall::raw_body(std::string_view content_type, std::string_view bytes) {
  has_body_ = true;
  body_ = bytes;
  content_type_ = content_type.empty() ? "application/octet-stream" : content_type;
}

const HttpClientContent& HttpCall::content_of(const HttpOrigin& origin) const {
  return origin.service ? origin.service->http_content() : origin.content;
}

std::string_view HttpCall::content_type_of(const HttpClientContent& content) const {
  if (!options_.content_type.empty()) return options_.content_type;
  return content.content_type.empty() ? std::string_view("application/json") : content.content_type;
}

Result<void> HttpCall::exchange(const HttpOrigin& origin, std::string_view accept,
                                pb::Message* reply,
                                std::function<Result<void>(http::ClientResponse&)> take) {
  if (!wrong_.ok()) return std::move(wrong_).error().in(path_template_);
  http::Headers headers;
  if (options_.headers) headers = *options_.headers;
  if (has_body_) headers.set("Content-Type", content_type_);
  headers.set("Accept", accept);
  const std::string& user_agent = content_of(origin).user_agent;
  if (!user_agent.empty() && !headers.has("User-Agent")) headers.add("User-Agent", user_agent);
  if (origin.service) {
    HttpPlan plan{operation_,    path_template_, method_, target_,   body_,
                  origin.parent, request_,       reply,   validate_, std::move(take)};
    return origin.service->exchange(plan, headers, options_.deadline);
  }
  http::ClientRequest request;
  request.method = method_;
  request.scheme = origin.scheme;
  request.host = origin.host;
  request.port = origin.port;
  request.target = target_;
  request.headers = &headers;
  request.body = body_;
  http::ClientResponse response;
  http::Timings timings;
  Deadline deadline =
      options_.deadline.is_never() ? Deadline::after(kClientTimeoutDefault) : options_.deadline;
  BIA_TRY(http::send_following(*origin.client, request, response, timings, deadline));
  if (response.status >= 200 && response.status <= 299) return take(response);
  const auto& decode_error = origin.content.decode_error;
  return decode_error ? decode_error(response) : error_of(response);
}

Result<void> HttpCall::send_raw(const HttpOrigin& origin, std::string& content_type,
                                std::string& bytes) {
  return exchange(origin, "*/*", nullptr, [&](http::ClientResponse& response) -> Result<void> {
    content_type = response.headers.get("content-type");
    bytes = std::move(response.body);
    return {};
  });
}

Result<void> HttpCall::send(const HttpOrigin& origin, const HttpReplyParts& parts,
                            pb::Message& reply) {
  const HttpClientContent& content = content_of(origin);
  const std::string_view type = content_type_of(content);
  if (message_body_.request && wrong_.ok()) {
    has_body_ = true;
    content_type_ = type;
    wrong_ = encode_body(message_body_, type, content.codecs, body_);
  } else if (wrong_.ok()) {
    wrong_ = check_content_type(type, content.codecs);
  }
  const auto take = [&](http::ClientResponse& response) {
    return decode_reply(response, parts, content.codecs, reply);
  };
  return exchange(origin, accept_for(type, content.codecs), &reply, take);
}

}  // namespace bia
