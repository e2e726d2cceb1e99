// The middleware that makes a span a call.
#include "bia/bia/tracing.h"

#include <google/protobuf/message.h>

#include <chrono>

#include "bia/middleware/header_fields.h"

namespace bia {
namespace {

int64_t unix_ns(TimePoint at) {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const auto age = now() - at;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count() - age.count();
}

class Tracing final : public Middleware {
 public:
  explicit Tracing(Tracer& tracer) : tracer_(tracer) {}

  Result<Reply> handle(Context& context, Request request, Next next) override {
    SpanContext parent;
    const SpanContext* above = nullptr;
    OutgoingCall* const call = context.outgoing();
    if (call) {
      above = context.find<SpanContext>();
      if (above) parent = *above;
    } else if (SpanContext::parse(context.header("traceparent"), parent)) {
      above = &parent;
    }
    SpanContext mine = tracer_.begin(above ? &parent : nullptr);
    const ContextValue<SpanContext> value(context, mine);
    if (call) inject(*call, mine);
    if (!mine.sampled) return next();
    Tracer::Span span;
    span.context = mine;
    span.kind = call ? Tracer::Span::Kind::kClient : Tracer::Span::Kind::kServer;
    if (above) span.parent_id = parent.span_id;
    google::protobuf::Message* reply_message = next.reply_message();
    try {
      Result<Reply> reply = next();
      end(span, context, request, reply_message, reply.ok() ? nullptr : &reply.error());
      return reply;
    } catch (...) {
      const Error error = Error::from_http(500, "UNKNOWN", "the handler threw");
      end(span, context, request, reply_message, &error);
      throw;
    }
  }

 private:
  /// As Kratos' client: W3C's headers, and who calls.
  void inject(OutgoingCall& call, const SpanContext& mine) {
    call.set_header("traceparent", mine.traceparent());
    if (!call.tracestate.empty()) call.set_header("tracestate", call.tracestate);
    if (!call.baggage.empty()) call.set_header("baggage", call.baggage);
    if (!tracer_.service_name().empty())
      call.set_header("x-md-service-name", tracer_.service_name());
  }

  void end(Tracer::Span& span, Context& context, Request request,
           const google::protobuf::Message* reply, const Error* error) {
    const OutgoingCall* const call = context.outgoing();
    span.name = context.operation();
    span.end_unix_ns = unix_ns(context.ended_at());
    span.start_unix_ns = span.end_unix_ns - (context.ended_at() - context.started_at()).count();
    auto& attributes = span.attributes;
    if (http::ServerRequest* http = context.http_request()) {
      attributes.emplace_back("http.method", std::string(http->method_text()));
      attributes.emplace_back("http.route", std::string(context.path_template()));
      // As Kratos: a query may hold a secret.
      attributes.emplace_back("http.target", std::string(http->path()));
    } else if (call && call->transport == Transport::kHttp) {
      attributes.emplace_back("http.method", std::string(call->http_method));
      attributes.emplace_back("http.route", std::string(context.path_template()));
      attributes.emplace_back("http.target",
                              std::string(call->target.substr(0, call->target.find('?'))));
    }
    attributes.emplace_back("rpc.system", std::string(transport_name(context.transport())));
    const std::string_view operation = context.operation();
    if (const size_t slash = operation.rfind('/'); slash != std::string_view::npos && slash > 0) {
      attributes.emplace_back("rpc.service", std::string(operation.substr(1, slash - 1)));
      attributes.emplace_back("rpc.method", std::string(operation.substr(slash + 1)));
    } else {
      attributes.emplace_back("rpc.operation", std::string(operation));
    }
    add_peer(span, context.peer());
    const std::string_view name = call ? "" : context.header("x-md-service-name");
    if (!name.empty()) attributes.emplace_back("peer.service", std::string(name));
    if (request.message())
      attributes.emplace_back(call ? "send_msg.size" : "recv_msg.size",
                              int64_t(request.message()->ByteSizeLong()));
    if (error) {
      span.failed = true;
      span.message = error->message();
      attributes.emplace_back("rpc.status_code", int64_t(error->http_status()));
    } else if (reply) {
      attributes.emplace_back(call ? "recv_msg.size" : "send_msg.size",
                              int64_t(reply->ByteSizeLong()));
    }
    tracer_.end(span);
  }

  /// Go's SplitHostPort: the brackets belong to the port. A Unix socket's peer has neither.
  static void add_peer(Tracer::Span& span, std::string_view peer) {
    const size_t colon = peer.rfind(':');
    if (colon == std::string_view::npos || peer.starts_with("unix:")) return;
    std::string_view ip = peer.substr(0, colon);
    if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
    span.attributes.emplace_back("net.peer.ip", std::string(ip));
    span.attributes.emplace_back("net.peer.port", std::string(peer.substr(colon + 1)));
  }

  Tracer& tracer_;
};

}  // namespace

std::unique_ptr<Middleware> tracing_middleware(Tracer& tracer) {
  return std::make_unique<Tracing>(tracer);
}

}  // namespace bia
