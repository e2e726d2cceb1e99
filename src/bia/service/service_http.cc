#include "bia/service/service_http.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "bia/codec/form.h"
#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "bia/content/media_type.h"
#include "bia/content/yaml_body.h"
#include "bia/content/yaml_message.h"
#include "bia/fiber/overrun.h"
#include "bia/http/server.h"
#include "bia/service/error_body.h"
#include "codec/xml.h"
#include "http/routing/error_body.h"

namespace bia {
namespace {

Error timeout_error() {
  return Error(Code::kDeadlineExceeded, "GATEWAY_TIMEOUT", "context deadline exceeded");
}

Error bad_request(std::string message) {
  return Error(Code::kInvalidArgument, "CODEC", std::move(message));
}

Error no_json(const std::string& why) {
  return Error(Code::kInternal, "CODEC", "the reply has no JSON: " + why);
}

/// Answers the caller of a handler that goes on after its deadline.
class Timeout final : public fiber::Overrun {
 public:
  Timeout(Deadline deadline, const HttpEnvelopeParsed* envelope, Format format,
          http::ServerResponse& response)
      : Overrun(deadline), envelope_(envelope), format_(format), response_(response) {}
  ~Timeout() override = default;
  void on_overrun() noexcept override {
    std::string body;
    const Error error = timeout_error();
    if (envelope_ && envelope_->wraps_errors()) {
      const int status = envelope_->append_error(error, body);
      response_.answer_now(status, media_type_of(Format::kJson), body);
    } else {
      const std::string_view type = append_error(error, format_, body);
      response_.answer_now(504, type, body);
    }
  }

 private:
  const HttpEnvelopeParsed* envelope_;
  Format format_;
  http::ServerResponse& response_;
};

/// All of the Accept fields as one; `joined` holds it where there are several. What most callers
/// send, nothing or "*/*", costs one look.
std::string_view accept_of(const http::ServerRequest& request, std::string& joined) {
  const std::string_view first = request.header("accept");
  return first.empty() || first == "*/*" ? first : http::list_header(request, "accept", joined);
}

}  // namespace

bool is_path_prefix(std::string_view text) {
  if (text.empty()) return true;
  return text.front() == '/' && text.back() != '/' && text.find("//") == text.npos &&
         text.find_first_of("{}*:?#% ") == text.npos;
}

void HttpRoute::serve(http::ServerRequest& request, const http::PathParams& params,
                      http::ServerResponse& response) const {
  Exchange exchange(method_);
  const TimePoint start = now();
  Result<Deadline> known = deadline_of(request, start);
  const Deadline deadline = known.ok() ? *known : Deadline::never();
  Context context(method_.info->operation, path_template_, request, response, start, deadline);
  std::string joined;
  const std::string_view accept = accept_of(request, joined);
  Result<void> done;
  {
    Timeout scope(deadline, policy_.envelope, error_format(accept), response);
    try {
      done = call(request, params, context, exchange,
                  known.ok() ? Result<void>() : Result<void>(std::move(known).error()));
    } catch (...) {
      // Without recovery middleware. An answer that has begun is the server's to cut.
      if (response.head_sent()) throw;
      response.clear();
      done = Error(Code::kInternal, "INTERNAL", "the handler failed");
    }
  }
  // What decoding or a middleware made of it: the caller was told 504, or is now.
  if (context.late()) done = timeout_error();
  if (!done.ok()) return write_error(request, done.error(), response);
  size_t before = response.body().size();
  done = plain_json_ && (accept.empty() || accept == "*/*")
             ? write_plain(exchange.reply(), response)
             : write_reply(request, exchange.reply(), response);
  if (!done.ok()) return write_error(request, done.error(), response);
  exchange.note_bytes(response.body().size() - before);
}

Format HttpRoute::error_format(std::string_view accept) const {
  if (policy_.codecs) return accepted_reply(accept, {}, policy_.codecs).format;
  return accept.empty() || accept == "*/*" ? Format::kJson : accepted(accept);
}

Result<void> HttpRoute::write_plain(const google::protobuf::Message& reply,
                                    http::ServerResponse& response) const {
  codec::JsonWriter out(response.body());
  rule_.write_reply(out, reply);
  if (out.failed()) return no_json(out.failure());
  response.add_header("Content-Type", "application/json");
  return {};
}

Result<void> HttpRoute::write_builtin(Format format, const google::protobuf::Message& reply,
                                      http::ServerResponse& response) const {
  std::string& body = response.body();
  if (rule_.raw_reply) {
    const RawBody raw = rule_.raw_reply(reply);
    if (!raw.content_type.empty()) response.add_header("Content-Type", raw.content_type);
    body.append(raw.bytes);
    return {};
  }
  if (format == Format::kJson) {
    Result<void> written = policy_.envelope && !policy_.envelope->reply.empty()
                               ? write_enveloped(reply, body)
                               : write_json(reply, body);
    if (written.ok()) response.add_header("Content-Type", "application/json");
    return written;
  }
  const google::protobuf::Message* message =
      rule_.reply_message ? rule_.reply_message(reply) : nullptr;
  if (format == Format::kProto && message) {
    response.add_header("Content-Type", media_type_of(format));
    if (!message->AppendToString(&body))
      return Error(Code::kInternal, "CODEC", "the reply is above 2 GiB");
    return {};
  }
  if (format == Format::kForm && message) {
    response.add_header("Content-Type", media_type_of(format));
    body += BIA_TRY(codec::encode_form(*message));
    return {};
  }
  if ((format == Format::kXml || format == Format::kYaml) && message) {
    response.add_header("Content-Type", media_type_of(format));
    return format == Format::kXml ? codec::encode_xml(*message, body) : encode_yaml(*message, body);
  }
  std::string json;
  if (Result<void> written = write_json(reply, json); !written.ok()) return written;
  if (format == Format::kYaml) {
    json_to_yaml(json, body);
  } else {
    // One field that is no message has no form of its own in protobuf, XML or a form.
    response.add_header("Content-Type", "application/json");
    body += json;
    return {};
  }
  response.add_header("Content-Type", media_type_of(format));
  return {};
}

Result<void> HttpRoute::write_json(const google::protobuf::Message& reply,
                                   std::string& body) const {
  const google::protobuf::Message* message =
      policy_.json.is_default() || !rule_.reply_message ? nullptr : rule_.reply_message(reply);
  if (message == nullptr) {
    codec::JsonWriter out(body);
    rule_.write_reply(out, reply);
    if (out.failed()) return no_json(out.failure());
    return {};
  }
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = !policy_.json.omit_unset;
  options.preserve_proto_field_names = policy_.json.proto_names;
  options.always_print_enums_as_ints = policy_.json.enum_numbers;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(*message, &json, options);
  if (!printed.ok()) return no_json({printed.message().data(), printed.message().size()});
  body += json;
  return {};
}

Result<void> HttpRoute::write_enveloped(const google::protobuf::Message& reply,
                                        std::string& body) const {
  for (const JsonTemplate::Piece& piece : policy_.envelope->reply.pieces()) {
    body += piece.text;
    if (piece.place != JsonTemplate::Place::kReply) continue;
    if (Result<void> written = write_json(reply, body); !written.ok()) return written;
  }
  return {};
}

void HttpRoute::write_builtin_error(const http::ServerRequest& request, const Error& error,
                                    http::ServerResponse& response) const {
  int status = http::answer_status(error);
  if (status >= 300 && status <= 399) {
    for (const auto& [key, value] : error.metadata()) {
      if (key == kRedirectLocation) response.add_header("Location", value);
    }
  }
  response.body().clear();
  std::string_view type = media_type_of(Format::kJson);
  if (policy_.envelope && policy_.envelope->wraps_errors()) {
    status = policy_.envelope->append_error(error, response.body());
  } else {
    std::string joined;
    type = append_error(error, error_format(accept_of(request, joined)), response.body());
  }
  response.set_status(status);
  // An encoder that failed may have named its own type.
  response.set_header("Content-Type", type);
}

/// The earlier of the timeout and what the caller says that it waits.
Result<Deadline> HttpRoute::deadline_of(const http::ServerRequest& request, TimePoint start) const {
  Deadline deadline;
  if (!fiber::in_fiber()) return deadline;
  if (policy_.timeout > Duration::zero()) deadline = Deadline(start + policy_.timeout);
  if (policy_.deadline_header.empty()) return deadline;
  const std::string_view text = request.header(policy_.deadline_header);
  if (text.empty()) return deadline;
  Result<Duration> waits = parse_go_duration(text);
  if (!waits.ok() || *waits <= Duration::zero())
    return bad_request(fmt::format("header {} \"{}\" is no duration above zero, like \"1.5s\"",
                                   policy_.deadline_header, text));
  // Far deadlines would overflow the clock.
  constexpr Duration kFar = std::chrono::hours(24 * 365 * 50);
  if (*waits < kFar) deadline = std::min(deadline, Deadline(start + *waits));
  return deadline;
}

Result<void> HttpRoute::call(http::ServerRequest& request, const http::PathParams& params,
                             Context& context, Exchange& exchange, Result<void> decoded) const {
  if (decoded.ok()) decoded = decode(request, params, exchange);
  return run_method(method_, chain_, context, &exchange.request(), &exchange.reply(), decoded);
}

Result<void> HttpRoute::decode(http::ServerRequest& request, const http::PathParams& params,
                               Exchange& exchange) const {
  if (rule_.body) {
    if (Result<void> body = decode_body(request, exchange); !body.ok()) return body;
  }
  std::string_view query = request.query();
  if (!query.empty()) {
    exchange.note_bytes(query.size());
    if (Result<void> decoded = codec::decode_form(query, exchange.request()); !decoded.ok())
      return decoded;
  }
  if (rule_.bind_path) {
    exchange.note_bytes(request.path().size());
    return rule_.bind_path(params, exchange.request());
  }
  return {};
}

Result<void> HttpRoute::decode_body(http::ServerRequest& request, Exchange& exchange) const {
  Result<std::string_view> body = request.body_up_to(policy_.body_bytes_max);
  if (!body.ok()) {
    if (policy_.body_bytes_max == 0 || body.error().reason() != "BODY_TOO_LARGE")
      return std::move(body).error();
    return Error::from_http(413, "BODY_TOO_LARGE",
                            fmt::format("the body is longer than the {} bytes that this operation "
                                        "takes",
                                        policy_.body_bytes_max));
  }
  if (body->empty() && !own_body_) return {};
  exchange.note_bytes(body->size());
  std::string_view content_type = request.header("content-type");
  if (policy_.codecs && !body->empty() && !rule_.take_raw && !policy_.codecs->takes(content_type))
    return bad_request(fmt::format("unregister Content-Type: {}", content_type));
  if (own_body_) return decode_own(request, content_type, *body, exchange);
  return decode_builtin(content_type, *body, exchange);
}

Result<void> HttpRoute::decode_builtin(std::string_view content_type, std::string_view body,
                                       Exchange& exchange) const {
  switch (format_of(content_type)) {
    case Format::kJson: {
      codec::JsonReader in(body);
      rule_.read_body(in, exchange.request());
      Result<void> read = in.finish();
      if (!read.ok()) return bad_request("body unmarshal proto: " + read.error().message());
      return {};
    }
    case Format::kYaml: {
      if (rule_.body(exchange.request())) break;
      std::string json;
      Result<void> read = yaml_to_json(body, json);
      if (!read.ok()) return bad_request("body unmarshal " + read.error().message());
      codec::JsonReader in(json);
      rule_.read_body(in, exchange.request());
      read = in.finish();
      if (!read.ok()) return bad_request("body unmarshal proto: " + read.error().message());
      return {};
    }
    case Format::kUnknown:
      return bad_request(fmt::format("unregister Content-Type: {}", content_type));
    default:
      break;
  }
  google::protobuf::Message* message = rule_.body(exchange.request());
  if (message == nullptr)
    return bad_request(
        "the body of this route is a field that is no message; send it as application/json");
  return decode_message(content_type, body, *message);
}

Result<void> HttpRoute::decode_message(std::string_view content_type, std::string_view body,
                                       google::protobuf::Message& message) const {
  Result<void> decoded;
  switch (format_of(content_type)) {
    case Format::kProto:
      if (message.ParseFromArray(body.data(), static_cast<int>(body.size()))) return {};
      return bad_request(
          fmt::format("body unmarshal proto: the bytes are no {}", message.GetTypeName()));
    case Format::kXml:
      decoded = codec::decode_xml(body, message);
      break;
    case Format::kYaml:
      decoded = decode_yaml(body, message);
      break;
    case Format::kMultipart:
      decoded = codec::decode_multipart(body, media_parameter(content_type, "boundary"), message);
      break;
    default:
      decoded = codec::decode_form(body, codec::FormErrors::kRefuse, message);
  }
  if (!decoded.ok()) return bad_request("body unmarshal " + decoded.error().message());
  return {};
}

}  // namespace bia
