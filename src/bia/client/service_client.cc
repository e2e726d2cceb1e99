// Calls through a chain: the middleware outside, then retries and hedging, then a node of the pool.
#include "bia/bia/service_client.h"

#include <fmt/format.h>
#include <google/protobuf/message.h>

#include <atomic>

#include "bia/client/client_content.h"
#include "bia/client/repeated_call.h"
#include "bia/client/stream_scope.h"
#include "bia/fiber/scheduler.h"
#include "bia/middleware/header_fields.h"

namespace bia {

class ServiceClient::Impl {
 public:
  Impl(ServiceClientOptions from, std::unique_ptr<ServicePool> made)
      : options(std::move(from)), pool(std::move(made)), sender(*pool, options) {}
  ~Impl() {
    // Fibers of streams that were dropped are still on their way out through the middleware, and a
    // middleware may suspend there: neither the chain nor the pool goes before they have ended.
    while (stream_fibers.load() > 0) {
      if (!fiber::sleep_for(std::chrono::milliseconds(1))) fiber::yield();
    }
  }

  Deadline deadline_of(Deadline given, const Context* parent) const {
    Deadline deadline = given.is_never() ? Deadline::after(options.timeout) : given;
    return parent ? std::min(deadline, parent->deadline()) : deadline;
  }

  ServiceClientOptions options;
  std::unique_ptr<ServicePool> pool;
  Sender sender;
  Chain chain;
  std::atomic<int64_t> stream_fibers{0};
};

namespace {

OutgoingCall outgoing_for(Transport transport, const Context* parent, Deadline deadline) {
  OutgoingCall call;
  call.transport = transport;
  call.deadline = deadline;
  if (parent) {
    call.tracestate = header_to_pass(*parent, "tracestate");
    call.baggage = header_to_pass(*parent, "baggage");
  }
  return call;
}

/// What the chain's end needs, beside what is in the Invocation.
struct GrpcEnd {
  Sender& sender;
  const UnaryPlan& plan;
  OutgoingCall& call;
  grpc::CallOptions::Ready ready;
};

Result<void> send_grpc(Invocation& invocation) {
  auto& end = *static_cast<GrpcEnd*>(invocation.service);
  const auto repeated = std::make_shared<const GrpcRepeated>(
      end.plan.operation, end.plan.request.SerializeAsString(), end.call.headers, end.ready);
  Answer answer;
  Result<void> sent = end.sender.send(repeated, end.call.deadline, answer);
  end.call.peer = std::move(answer.peer);
  end.call.reply_headers = std::move(answer.grpc.headers);
  for (auto& field : answer.grpc.trailers) end.call.reply_headers.push_back(std::move(field));
  if (!sent.ok()) return sent;
  if (!end.plan.reply.ParseFromString(answer.grpc.message))
    return Error(Code::kInternal, "CODEC",
                 "the peer answered bytes that are not a " + end.plan.reply.GetTypeName());
  return {};
}

struct HttpEnd {
  Sender& sender;
  const HttpPlan& plan;
  OutgoingCall& call;
  const ServiceClientOptions& options;
};

Result<void> send_http(Invocation& invocation) {
  auto& end = *static_cast<HttpEnd*>(invocation.service);
  const auto repeated =
      std::make_shared<const HttpRepeated>(end.plan, end.call.headers, end.options);
  Answer answer;
  Result<void> sent = end.sender.send(repeated, end.call.deadline, answer);
  end.call.peer = std::move(answer.peer);
  for (const auto& [name, value] : answer.http.headers)
    end.call.reply_headers.emplace_back(name, value);
  if (!sent.ok() && !(end.plan.keep_errors && answer.http.status != 0)) return sent;
  Result<void> taken = end.plan.take(answer.http);
  return sent.ok() ? std::move(taken) : std::move(sent);
}

Result<void> outcome_of(Result<Reply> replied) {
  if (!replied.ok()) return std::move(replied).error();
  return {};
}

}  // namespace

Result<std::unique_ptr<ServiceClient>> ServiceClient::create(ServiceClientOptions options) {
  const auto bad = [&](std::string_view what) {
    return Error(Code::kInvalidArgument, "CLIENT",
                 fmt::format("client of \"{}\": {}", options.pool.target, what));
  };
  constexpr int kSendingsMax = 10;
  if (options.pool.attempts != 1) return bad("pool.attempts must stay 1; set retry.attempts");
  if (options.retry.attempts < 1 || options.retry.attempts > kSendingsMax)
    return bad("retry.attempts must be 1 to 10");
  if (options.hedge.copies < 1 || options.hedge.copies > kSendingsMax)
    return bad("hedge.copies must be 1 to 10");
  if (options.timeout <= Duration::zero() || options.retry.backoff < Duration::zero() ||
      options.hedge.delay <= Duration::zero())
    return bad("timeout and hedge.delay must be above 0, retry.backoff not below");
  const HttpClientContent& http = options.http;
  if (options.pool.scheme != "http" && (!http.content_type.empty() || !http.user_agent.empty() ||
                                        !http.codecs.empty() || http.decode_error))
    return bad("http is for pool.scheme \"http\"");
  if (!http.content_type.empty()) {
    if (auto known = check_content_type(http.content_type, http.codecs); !known.ok())
      return std::move(known).error().in("http.content_type");
  }
  auto pool = BIA_TRY(ServicePool::create(options.pool));
  return std::unique_ptr<ServiceClient>(
      new ServiceClient(std::make_unique<Impl>(std::move(options), std::move(pool))));
}

ServiceClient::ServiceClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServiceClient::~ServiceClient() = default;
void ServiceClient::use(std::unique_ptr<Middleware> middleware) {
  impl_->chain.add(std::move(middleware));
}
Chain& ServiceClient::chain() { return impl_->chain; }
ServicePool& ServiceClient::pool() { return *impl_->pool; }
const HttpClientContent& ServiceClient::http_content() const { return impl_->options.http; }

Result<void> ServiceClient::unary(const UnaryPlan& plan, const grpc::CallOptions& options) {
  OutgoingCall call = outgoing_for(Transport::kGrpc, plan.parent,
                                   impl_->deadline_of(options.deadline, plan.parent));
  if (options.metadata) call.headers = *options.metadata;
  Context context(plan.operation, {}, call, plan.parent, now());
  GrpcEnd end{impl_->sender, plan, call, options.ready};
  Invocation invocation{context, &plan.request, &plan.reply, send_grpc, nullptr, &end};
  invocation.validate = plan.validate;
  return outcome_of(impl_->chain.run(invocation));
}

Result<void> ServiceClient::exchange(const HttpPlan& plan, const http::Headers& headers,
                                     Deadline deadline) {
  OutgoingCall call =
      outgoing_for(Transport::kHttp, plan.parent, impl_->deadline_of(deadline, plan.parent));
  call.headers = headers.fields();
  call.http_method = plan.method;
  call.target = plan.target;
  Context context(plan.operation, plan.path_template, call, plan.parent, now());
  HttpEnd end{impl_->sender, plan, call, impl_->options};
  Invocation invocation{context, plan.request, plan.reply, send_http, nullptr, &end};
  invocation.validate = plan.validate;
  return outcome_of(impl_->chain.run(invocation));
}

Result<void> ServiceClient::send(const http::ClientRequest& request, http::ClientResponse& response,
                                 const SendOptions& options) {
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  HttpPlan plan;
  plan.operation = options.operation.empty() ? path : options.operation;
  plan.path_template = path;
  plan.method = request.method;
  plan.target = request.target;
  plan.body = request.body;
  plan.parent = options.parent;
  plan.keep_errors = true;
  plan.take = [&](http::ClientResponse& answered) -> Result<void> {
    response = std::move(answered);
    return {};
  };
  http::Headers headers = request.headers ? *request.headers : http::Headers();
  const std::string& user_agent = impl_->options.http.user_agent;
  if (!user_agent.empty() && !headers.has("User-Agent")) headers.add("User-Agent", user_agent);
  return exchange(plan, headers, options.deadline);
}

Result<OpenedStream> ServiceClient::stream(std::string_view operation, const Context* parent,
                                           const grpc::CallOptions& options, MessageRules rules) {
  // A stream has no timeout of its own, only those that it is given.
  const Deadline deadline =
      parent ? std::min(options.deadline, parent->deadline()) : options.deadline;
  OutgoingCall call = outgoing_for(Transport::kGrpc, parent, deadline);
  if (options.metadata) call.headers = *options.metadata;
  return StreamScope::open({*impl_->pool, impl_->chain, impl_->stream_fibers,
                            std::string(operation), std::move(call), options.ready, rules, parent});
}

}  // namespace bia
