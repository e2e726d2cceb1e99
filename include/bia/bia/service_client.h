#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/bia/client.h"
#include "bia/bia/discovery.h"
#include "bia/bia/middleware.h"

namespace bia::metrics {
class Registry;
}

namespace bia {

/// When a call that failed is sent again, to the node that the balancer then chooses.
struct RetryOptions {
  /// Sendings of one call in all; 1: never again.
  int attempts = 1;
  std::vector<Code> codes = {Code::kUnavailable};
  /// Before the second sending, then twice as long each time; a fifth more or less at random.
  Duration backoff = std::chrono::milliseconds(50);
  Duration backoff_max = std::chrono::seconds(1);
  /// HTTP's POST and PATCH, which may do their work twice. gRPC's calls go by their code alone, as
  /// in gRPC's service config.
  enum class Unsafe : uint8_t { kOnce, kRepeat } unsafe = Unsafe::kOnce;
};

/// The same call sent to a further node while the first has not answered: the first answer counts,
/// the rest is cancelled. For calls that may be done twice (`RetryOptions::unsafe` rules here too).
struct HedgeOptions {
  /// Sendings in all; 1: none.
  int copies = 1;
  /// Between two; a failure that `RetryOptions::codes` lists sends the next one at once.
  Duration delay = std::chrono::milliseconds(100);
};

struct ServiceClientOptions {
  /// Whom to call; `scheme` "http" for HTTP, "grpc" for gRPC. `attempts` must stay 1.
  PoolOptions pool = {};
  /// Of a call with all its sendings, where the caller gives no deadline.
  Duration timeout = kClientTimeoutDefault;
  RetryOptions retry = {};
  HedgeOptions hedge = {};
  /// Over HTTP: the header in which the peer is told what is left of the call's time, as a Go
  /// duration ("482ms"); empty: none. gRPC has grpc-timeout.
  std::string deadline_header = {};
  /// Over HTTP: content types, codecs, user agent. gRPC's user agent is the channel's
  /// (`PoolOptions::channel`).
  HttpClientContent http = {};
};

/// A plain HTTP request's surroundings.
struct SendOptions {
  Context* parent = nullptr;
  /// Empty: the target's path, as in Kratos.
  std::string_view operation = {};
  Deadline deadline = {};
};

/// Calls one service through a chain of middleware, of the same type as a server's, unary and
/// streams, HTTP and gRPC. Serves all threads.
///
///     auto& users = app.own(BIA_TRY(bia::ServiceClient::create({.pool = {.target = …}})));
///     users.use(bia::tracing_middleware(*app.tracer()));
///     …
///     auto user = UsersClient(users, context).GetUser(request);   // in a handler
class ServiceClient {
 public:
  /// Errors: ServicePool's; kInvalidArgument for the numbers.
  static Result<std::unique_ptr<ServiceClient>> create(ServiceClientOptions options);
  /// In a fiber, after the last call. Suspends.
  ~ServiceClient();

  /// In order, the first outermost. Before the first call.
  void use(std::unique_ptr<Middleware> middleware);
  template <MiddlewareFunction F>
  void use(F function) {
    chain().add(std::move(function));
  }
  ServicePool& pool();
  const HttpClientContent& http_content() const;

  /// Plain HTTP: host and port of `request` are the node's. Suspends. Errors: for a status outside
  /// 2xx what its body says, with `response` filled as well; what the chain returns.
  Result<void> send(const http::ClientRequest& request, http::ClientResponse& response,
                    const SendOptions& options = {});

  /// For generated clients and `call_unary`, `open_stream`.
  Result<void> unary(const UnaryPlan& plan, const grpc::CallOptions& options);
  Result<OpenedStream> stream(std::string_view operation, const Context* parent,
                              const grpc::CallOptions& options, MessageRules rules = nullptr);
  Result<void> exchange(const HttpPlan& plan, const http::Headers& headers, Deadline deadline);

 private:
  class Impl;
  explicit ServiceClient(std::unique_ptr<Impl> impl);
  Chain& chain();
  std::unique_ptr<Impl> impl_;
};

/// Kratos' client breaker (SRE): one for each operation and thread. A call that is refused is 503
/// CIRCUITBREAKER; 500, 503 and 504 are failures.
std::unique_ptr<Middleware> circuit_breaker_middleware(SreBreaker::Options options = {});

/// A breaker of one's own, of one operation and thread.
class CircuitBreaker {
 public:
  virtual ~CircuitBreaker();
  /// False: the call is refused with 503 CIRCUITBREAKER. Must not suspend.
  virtual bool allow(TimePoint at) = 0;
  /// Once an allowed call has ended; `error` is null after a success.
  virtual void mark(TimePoint at, const Error* error) = 0;
};

/// For the one below, of whatever is called without arguments: `{}` is options alone.
std::unique_ptr<Middleware> circuit_breaker_middleware_of(
    std::function<std::unique_ptr<CircuitBreaker>()> make);
/// Asks the breakers that `make` makes, one for each operation and thread, in place of SRE's.
template <typename F>
  requires std::is_invocable_r_v<std::unique_ptr<CircuitBreaker>, F&>
std::unique_ptr<Middleware> circuit_breaker_middleware(F make) {
  return circuit_breaker_middleware_of(std::move(make));
}

/// client_requests_code_total{kind,operation,code,reason} and
/// client_requests_seconds{kind,operation}, Kratos' names, labels and buckets. `registry` must
/// outlive it.
std::unique_ptr<Middleware> client_metrics_middleware(metrics::Registry& registry);

}  // namespace bia
