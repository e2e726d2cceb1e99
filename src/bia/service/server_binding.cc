#include "bia/bia/server_binding.h"

#include <memory>
#include <set>
#include <vector>

#include "bia/bia/cel_rule.h"
#include "bia/fiber/scheduler.h"
#include "bia/grpc/server.h"
#include "bia/http/router.h"
#include "bia/service/grpc_json.h"
#include "bia/service/service_exchange.h"
#include "bia/service/service_http.h"

namespace bia {
namespace {

/// Bytes in, bytes out, over the same chain as HTTP.
struct GrpcMethod {
  BoundMethod method;
  const Chain& chain;

  Result<void> unary(grpc::ServerCall& call, std::string_view request, std::string& reply) const {
    Exchange exchange(method);
    Context context(method.info->operation, call, now(), call.deadline());
    exchange.note_bytes(request.size());
    BIA_TRY(run_method(method, chain, context, &exchange.request(), &exchange.reply(),
                       decode(request, exchange)));
    size_t before = reply.size();
    exchange.reply().AppendToString(&reply);
    exchange.note_bytes(reply.size() - before);
    return {};
  }

  /// Of a unary call whose message is none: what the chain makes of that.
  Result<void> refuse(grpc::ServerCall& call, Error error) const {
    Exchange exchange(method);
    Context context(method.info->operation, call, now(), call.deadline());
    return run_method(method, chain, context, &exchange.request(), &exchange.reply(),
                      std::move(error));
  }

  Result<void> stream(grpc::ServerCall& call) const {
    Exchange exchange(method);
    Context context(method.info->operation, call, now(), call.deadline());
    bool one_request = method.info->kind == MethodKind::kServerStream;
    bool one_reply = method.info->kind == MethodKind::kClientStream;
    BIA_TRY(run_method(method, chain, context, one_request ? &exchange.request() : nullptr,
                       one_reply ? &exchange.reply() : nullptr,
                       one_request ? read_one(call, exchange) : Result<void>()));
    return one_reply ? call.write(exchange.reply().SerializeAsString()) : Result<void>();
  }

 private:
  static Result<void> decode(std::string_view bytes, Exchange& exchange) {
    if (exchange.request().ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
    return Error(
        Code::kInternal, "CODEC",
        "grpc: error unmarshalling request: the bytes are no " + exchange.request().GetTypeName());
  }

  /// The message of a call whose replies alone are a stream.
  static Result<void> read_one(grpc::ServerCall& call, Exchange& exchange) {
    std::string bytes;
    if (!BIA_TRY(call.read(bytes)))
      return Error(Code::kInternal, "", "the caller ended the stream without a request");
    return decode(bytes, exchange);
  }
};

}  // namespace

class ServerBinding::Impl {
 public:
  explicit Impl(ServerBindingOptions from) : options(std::move(from)) {}
  HttpPolicy policy_of(std::string_view operation) const {
    HttpPolicy policy;
    policy.timeout = options.http_timeout;
    policy.deadline_header = options.deadline_header;
    policy.json = options.json;
    const HttpContent& content = options.content;
    if (!content.codecs.empty() || content.decode_request || content.encode_reply ||
        content.encode_error)
      policy.content = &content;
    if (!envelope.reply.empty() || !envelope.error.empty()) policy.envelope = &envelope;
    const auto own = options.operations.find(operation);
    if (own == options.operations.end()) return policy;
    policy.timeout = own->second.timeout.value_or(policy.timeout);
    policy.body_bytes_max = own->second.body_bytes_max;
    policy.json = own->second.json.value_or(policy.json);
    if (const auto limits = codecs.find(operation); limits != codecs.end())
      policy.codecs = &limits->second;
    return policy;
  }
  Result<void> add_routes(const BoundMethod& bound, http::Router& router) {
    for (const HttpRule& rule : bound.info->http) {
      const HttpRoute* route =
          routes
              .emplace_back(std::make_unique<HttpRoute>(
                  bound, rule, options.path_prefix + std::string(rule.path_template), chain,
                  policy_of(bound.info->operation)))
              .get();
      const auto handler = [route](http::ServerRequest& request, const http::PathParams& params,
                                   http::ServerResponse& response) {
        route->serve(request, params, response);
      };
      if (rule.method != "*") {
        BIA_TRY(router.add(rule.method, route->path_template(), handler));
        continue;
      }
      for (std::string_view verb : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
        BIA_TRY(router.add(verb, route->path_template(), handler));
    }
    return {};
  }
  Result<void> read_codecs(std::string_view operation) {
    const auto own = options.operations.find(operation);
    if (own == options.operations.end() || own->second.codecs.empty()) return {};
    codecs.insert_or_assign(
        std::string(operation),
        BIA_TRY(OperationCodecs::create(own->second.codecs, options.content.codecs)));
    return {};
  }

  ServerBindingOptions options;
  HttpEnvelopeParsed envelope;
  Result<void> envelope_parsed = parse_envelope();
  std::set<std::string, std::less<>> operations;
  std::map<std::string, OperationCodecs, std::less<>> codecs;
  Chain chain;
  std::vector<std::unique_ptr<HttpRoute>> routes;
  std::vector<std::unique_ptr<GrpcMethod>> methods;

 private:
  Result<void> parse_envelope() {
    envelope.reply = BIA_TRY(JsonTemplate::parse_reply(options.envelope.reply));
    envelope.error = BIA_TRY(JsonTemplate::parse(options.envelope.error));
    envelope.error_status = options.envelope.error_status;
    return {};
  }
};

ServerBinding::ServerBinding(ServerBindingOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
ServerBinding::~ServerBinding() = default;

Result<void> ServerBinding::check() const {
  if (!impl_->envelope_parsed.ok()) return impl_->envelope_parsed.error();
  for (const auto& [operation, options] : impl_->options.operations) {
    if (!impl_->operations.contains(operation))
      return Error(Code::kNotFound, "OPERATION",
                   "there is no operation " + operation +
                       "; write it as in /helloworld.v1.Greeter/SayHello");
  }
  return {};
}

void ServerBinding::write_error(http::ServerRequest& request, http::ServerResponse& response,
                                const Error& error) const {
  const auto builtin = [&] {
    if (!impl_->envelope.wraps_errors()) return http::write_error(response, error);
    response.body().clear();
    response.set_status(impl_->envelope.append_error(error, response.body()));
    response.set_header("Content-Type", "application/json");
  };
  const auto& own = impl_->options.content.encode_error;
  own ? own(request, response, error, builtin) : builtin();
}

Chain& ServerBinding::middleware() { return impl_->chain; }

Result<void> ServerBinding::set_content(HttpContent content) {
  if (!impl_->routes.empty())
    return Error(Code::kFailedPrecondition, "HTTP_CONTENT",
                 "codecs and encoders must be set before the first service is added");
  impl_->options.content = std::move(content);
  return {};
}

Result<void> ServerBinding::add(Service& service, http::Router* router, grpc::Server* grpc) {
  if (const std::string& prefix = impl_->options.path_prefix; !is_path_prefix(prefix))
    return Error(Code::kInvalidArgument, "PATH_PREFIX",
                 "path_prefix \"" + prefix + "\" is no path like \"/api\"");
  // Off the fiber: it may read files, and the rules may lie deep.
  Result<void> compiled;
  if (rules::has_new_cel_rules()) fiber::offload([&] { compiled = rules::compile_cel_rules(); });
  if (!compiled.ok()) return compiled;
  const ServiceInfo& info = service.service_info();
  for (const MethodInfo& method : info.methods) {
    impl_->operations.emplace(method.operation);
    if (auto read = impl_->read_codecs(method.operation); !read.ok())
      return std::move(read).error().in("server.http.operations." + std::string(method.operation) +
                                        ".codecs");
    BoundMethod bound{&service, &method, Exchange::next_number()};
    if (router != nullptr) {
      if (auto added = impl_->add_routes(bound, *router); !added.ok())
        return std::move(added).error().in(method.operation);
    }
    if (grpc == nullptr) continue;
    const GrpcMethod* target =
        impl_->methods.emplace_back(std::make_unique<GrpcMethod>(GrpcMethod{bound, impl_->chain}))
            .get();
    grpc::MethodHandler handler;
    handler.path = method.operation;
    if (method.kind == MethodKind::kUnary) {
      handler.unary = [target](grpc::ServerCall& call, std::string_view request,
                               std::string& reply) { return target->unary(call, request, reply); };
    } else {
      handler.stream = [target](grpc::ServerCall& call) { return target->stream(call); };
    }
    handler.json = json_handler(handler, method, [target](grpc::ServerCall& call, Error error) {
      return target->refuse(call, std::move(error));
    });
    if (Result<void> added = grpc->add_method(std::move(handler)); !added.ok()) return added;
  }
  if (grpc != nullptr) grpc->add_file(info.file());
  return {};
}

}  // namespace bia
