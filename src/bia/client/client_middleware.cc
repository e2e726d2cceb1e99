// What Kratos' middleware/circuitbreaker and middleware/metrics do for a client.
#include <fmt/format.h>

#include <functional>
#include <map>
#include <random>
#include <string>

#include "bia/bia/service_client.h"
#include "bia/metrics/registry.h"
#include "bia/middleware/per_thread.h"
#include "bia/middleware/request_metrics.h"

namespace bia {
namespace {

/// Plain HTTP names its operations by path: callers could make any number of them.
constexpr size_t kOperationsMax = 1024;

class Sre final : public CircuitBreaker {
 public:
  explicit Sre(const SreBreaker::Options& options) : breaker_(options) {}
  bool allow(TimePoint at) override {
    // By the clock: std::random_device has 5 KB on the stack, and nothing here is secret.
    static thread_local std::minstd_rand random{unsigned(now().time_since_epoch().count())};
    std::uniform_real_distribution<double> uniform{0, 1};
    return breaker_.allow(at, uniform(random));
  }
  void mark(TimePoint at, const Error* error) override {
    const int status = error ? error->http_status() : 200;
    breaker_.mark(at, status != 500 && status != 503 && status != 504);
  }

 private:
  SreBreaker breaker_;
};

class Breaking final : public Middleware {
 public:
  explicit Breaking(std::function<std::unique_ptr<CircuitBreaker>()> make)
      : make_(std::move(make)) {}

  Result<Reply> handle(Context& context, Request, Next next) override {
    CircuitBreaker* breaker =
        of(breakers_.get([] { return std::make_unique<Breakers>(); }), context.operation());
    if (!breaker)
      return Error(Code::kInternal, "CIRCUITBREAKER", "circuit_breaker_middleware was made none");
    if (!breaker->allow(context.started_at())) {
      return Error::from_http(503, "CIRCUITBREAKER",
                              "request failed due to circuit breaker triggered");
    }
    Result<Reply> reply = [&] {
      try {
        return next();
      } catch (...) {
        const Error error = Error::from_http(500, "UNKNOWN", "");
        breaker->mark(now(), &error);
        throw;
      }
    }();
    // The map may have grown meanwhile, but its breakers stay where they are.
    breaker->mark(context.ended_at(), reply.ok() ? nullptr : &reply.error());
    return reply;
  }

 private:
  using Breakers = std::map<std::string, std::unique_ptr<CircuitBreaker>, std::less<>>;
  CircuitBreaker* of(Breakers& mine, std::string_view operation) {
    auto found = mine.find(operation);
    if (found != mine.end() && found->second) return found->second.get();
    auto& kept = mine[std::string(mine.size() < kOperationsMax ? operation : "")];
    if (!kept) {
      auto made = make_();
      // It may have suspended, and another call have made one meanwhile.
      if (!kept) kept = std::move(made);
    }
    return kept.get();
  }

  std::function<std::unique_ptr<CircuitBreaker>()> make_;
  PerThread<Breakers> breakers_;
};

// Kratos' DefaultSecondsHistogram.
constexpr double kSecondsBounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};

class ClientMetrics final : public Middleware {
 public:
  explicit ClientMetrics(metrics::Registry& registry) : registry_(registry) {}

  Result<Reply> handle(Context& context, Request, Next next) override {
    Result<Reply> reply = next();
    Series& mine = series_.get([] { return std::make_unique<Series>(); });
    Operation* operation = of(mine, context);
    if (!operation) return reply;
    operation->seconds.observe(
        std::chrono::duration<double>(context.ended_at() - context.started_at()).count());
    count(*operation, reply.ok() ? nullptr : &reply.error());
    return reply;
  }

 private:
  struct Operation {
    std::string kind;
    std::string name;
    metrics::Histogram seconds;
    std::map<std::pair<int, std::string>, metrics::Counter> outcomes;
  };
  struct Series {
    std::map<std::string, Operation, std::less<>> by_transport[2];
  };

  Operation* of(Series& mine, const Context& context) {
    auto& all = mine.by_transport[size_t(context.transport())];
    if (auto found = all.find(context.operation()); found != all.end()) return &found->second;
    const std::string name =
        all.size() < kOperationsMax ? std::string(context.operation()) : "other";
    if (auto found = all.find(name); found != all.end()) return &found->second;
    const std::string kind(transport_name(context.transport()));
    auto seconds = registry_.histogram("client_requests_seconds", "client requests duration(sec).",
                                       {{"kind", kind}, {"operation", name}}, kSecondsBounds);
    if (!seconds.ok()) return nullptr;
    return &all.try_emplace(name, Operation{kind, name, *seconds, {}}).first->second;
  }

  void count(Operation& operation, const Error* error) {
    std::pair<int, std::string> outcome(error ? error->http_status() : 200,
                                        error ? RequestMetrics::reason_label(error->reason()) : "");
    auto found = operation.outcomes.find(outcome);
    if (found == operation.outcomes.end()) {
      if (operation.outcomes.size() >= RequestMetrics::kFailuresMax) outcome.second = "other";
      auto counter =
          registry_.counter("client_requests_code_total", "The total number of processed requests",
                            {{"kind", operation.kind},
                             {"operation", operation.name},
                             {"code", fmt::format("{}", outcome.first)},
                             {"reason", outcome.second}});
      if (!counter.ok()) return;
      found = operation.outcomes.try_emplace(outcome, *counter).first;
    }
    found->second.add();
  }

  metrics::Registry& registry_;
  PerThread<Series> series_;
};

}  // namespace

CircuitBreaker::~CircuitBreaker() = default;

std::unique_ptr<Middleware> circuit_breaker_middleware_of(
    std::function<std::unique_ptr<CircuitBreaker>()> make) {
  return std::make_unique<Breaking>(std::move(make));
}
std::unique_ptr<Middleware> circuit_breaker_middleware(SreBreaker::Options options) {
  return circuit_breaker_middleware_of([options] { return std::make_unique<Sre>(options); });
}
std::unique_ptr<Middleware> client_metrics_middleware(metrics::Registry& registry) {
  return std::make_unique<ClientMetrics>(registry);
}

}  // namespace bia
