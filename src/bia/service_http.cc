#include "bia/service_http.h"

#include <fmt/format.h>

#include <optional>

#include "bia/codec/form.h"
#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "bia/fiber/scheduler.h"
#include "bia/http/server.h"

namespace bia {
namespace {

enum class Format : uint8_t { kJson, kProto, kForm, kUnknown };

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return http::field_name_equals(a, b);
}

/// Of a Content-Type, by its subtype as Kratos does, but without regard to case and with protobuf's
/// other names.
Format format_of(std::string_view media_type) {
  std::string_view type = media_type.substr(0, media_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  size_t slash = type.find('/');
  if (slash == std::string_view::npos) return Format::kUnknown;
  std::string_view subtype = type.substr(slash + 1);
  if (equals_ignoring_case(subtype, "json")) return Format::kJson;
  for (std::string_view name : {"proto", "protobuf", "x-protobuf"}) {
    if (equals_ignoring_case(subtype, name)) return Format::kProto;
  }
  return equals_ignoring_case(subtype, "x-www-form-urlencoded") ? Format::kForm : Format::kUnknown;
}

/// What the caller asks for; JSON unless protobuf comes first in its list.
Format accepted(std::string_view accept) {
  while (!accept.empty()) {
    size_t comma = std::min(accept.find(','), accept.size());
    std::string_view one = accept.substr(0, comma);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    Format format = format_of(one);
    if (format == Format::kJson || format == Format::kProto) return format;
    accept.remove_prefix(std::min(comma + 1, accept.size()));
  }
  return Format::kJson;
}

Error bad_request(std::string message) {
  return Error(Code::kInvalidArgument, "CODEC", std::move(message));
}

void write_error(const Error& error, http::ServerResponse& response) {
  int status = error.http_status();
  response.set_status(status >= 200 && status <= 599 ? status : 500);
  response.add_header("Content-Type", "application/json");
  response.body().clear();
  append_error_json(error, response.body());
}

Result<void> invoke_method(Invocation& invocation) {
  const auto& method = *static_cast<const BoundMethod*>(invocation.method);
  return method.info->invoke(*method.service, invocation.context, invocation.request,
                             invocation.reply);
}

/// In place of the handler where the request could not be decoded, so that log and metrics see the
/// call all the same.
Result<void> answer_decode_error(Invocation& invocation) {
  return *static_cast<const Error*>(invocation.method);
}

}  // namespace

void HttpRoute::serve(http::ServerRequest& request, const http::PathParams& params,
                      http::ServerResponse& response) const {
  Exchange exchange(method_);
  Context context(method_.info->operation, rule_.path_template, request, response, now());
  Result<void> done;
  if (timeout_ > Duration::zero() && fiber::in_fiber()) {
    Deadline deadline(context.started_at() + timeout_);
    {
      fiber::ScopedDeadline scope(deadline);
      done = call(request, params, context, exchange);
    }
    // A handler that ignored what its waits told it is late all the same.
    if (context.ended_at() >= deadline.at())
      done = Error(Code::kDeadlineExceeded, "GATEWAY_TIMEOUT", "context deadline exceeded");
  } else {
    done = call(request, params, context, exchange);
  }
  if (!done.ok()) return write_error(done.error(), response);
  std::string& body = response.body();
  size_t before = body.size();
  std::string_view accept = request.header("accept");
  if (!accept.empty() && accepted(accept) == Format::kProto) {
    response.add_header("Content-Type", "application/proto");
    exchange.reply().AppendToString(&body);
  } else {
    response.add_header("Content-Type", "application/json");
    codec::JsonWriter out(body);
    rule_.write_reply(out, exchange.reply());
  }
  exchange.note_bytes(body.size() - before);
}

Result<void> HttpRoute::call(http::ServerRequest& request, const http::PathParams& params,
                             Context& context, Exchange& exchange) const {
  Invocation invocation{context, &exchange.request(), &exchange.reply(), invoke_method, &method_};
  Result<void> decoded = decode(request, params, exchange);
  if (!decoded.ok()) {
    invocation.handler = answer_decode_error;
    invocation.method = &decoded.error();
  }
  Result<Reply> reply = chain_.run(invocation);
  if (!reply.ok()) return std::move(reply).error();
  return {};
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
  Result<std::string_view> body = request.body();
  if (!body.ok()) return std::move(body).error();
  if (body->empty()) return {};
  exchange.note_bytes(body->size());
  std::string_view content_type = request.header("content-type");
  switch (format_of(content_type)) {
    case Format::kJson: {
      codec::JsonReader in(*body);
      rule_.read_body(in, exchange.request());
      Result<void> read = in.finish();
      if (!read.ok()) return bad_request("body unmarshal proto: " + read.error().message());
      return {};
    }
    case Format::kProto: {
      google::protobuf::Message* message = rule_.body(exchange.request());
      if (message == nullptr)
        return bad_request(
            "the body of this route is a field that is no message; send it as application/json");
      if (!message->ParseFromArray(body->data(), static_cast<int>(body->size()))) {
        return bad_request(
            fmt::format("body unmarshal proto: the bytes are no {}", message->GetTypeName()));
      }
      return {};
    }
    case Format::kForm: {
      google::protobuf::Message* message = rule_.body(exchange.request());
      if (message == nullptr)
        return bad_request(
            "the body of this route is a field that is no message; send it as application/json");
      Result<void> decoded = codec::decode_form(*body, *message);
      if (!decoded.ok()) return bad_request("body unmarshal " + decoded.error().message());
      return {};
    }
    case Format::kUnknown:
      break;
  }
  return bad_request(fmt::format("unregister Content-Type: {}", content_type));
}

}  // namespace bia
