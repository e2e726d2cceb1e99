#include "bia/request_metrics.h"

#include <fmt/format.h>

namespace bia {
namespace {

// Kratos' DefaultSecondsHistogram.
constexpr double kSecondsBounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};
constexpr std::string_view kCounterName = "server_requests_code_total";
constexpr std::string_view kCounterHelp = "The total number of processed requests";
constexpr std::string_view kSecondsName = "server_requests_seconds";
constexpr std::string_view kSecondsHelp = "server requests duration(sec).";

size_t hash_of(const char* address) {
  return size_t((reinterpret_cast<uintptr_t>(address) * 0x9E3779B97F4A7C15ull) >> 32);
}

}  // namespace

struct RequestMetrics::Failure {
  int code;
  std::string reason;
  metrics::Counter counter;
  Failure* next = nullptr;
};

struct RequestMetrics::Series {
  metrics::Counter succeeded;
  metrics::Histogram seconds;
  /// Only grows, so that readers need no lock.
  std::atomic<Failure*> failures{nullptr};
  std::atomic<size_t> failures_count{0};
};

struct RequestMetrics::Operation {
  std::string_view name;
  std::array<Series, 2> by_transport;
};

RequestMetrics::RequestMetrics(metrics::Registry& registry) : registry_(registry) {}

RequestMetrics::~RequestMetrics() {
  for (const auto& operation : operations_) {
    for (Series& series : operation->by_transport) {
      for (Failure* failure = series.failures.load(); failure;)
        delete std::exchange(failure, failure->next);
    }
  }
}

Result<void> RequestMetrics::resolve(Operation& operation) {
  for (Transport transport : {Transport::kHttp, Transport::kGrpc}) {
    const std::string kind(transport_name(transport));
    const std::string name(operation.name);
    Series& series = operation.by_transport[size_t(transport)];
    series.succeeded = BIA_TRY(
        registry_.counter(kCounterName, kCounterHelp,
                          {{"kind", kind}, {"operation", name}, {"code", "200"}, {"reason", ""}}));
    series.seconds = BIA_TRY(registry_.histogram(
        kSecondsName, kSecondsHelp, {{"kind", kind}, {"operation", name}}, kSecondsBounds));
  }
  return {};
}

Result<void> RequestMetrics::add_operation(std::string_view name) {
  auto operation = std::make_unique<Operation>();
  operation->name = name;
  BIA_TRY(resolve(*operation));
  operations_.push_back(std::move(operation));
  size_t size = 4;
  while (size < operations_.size() * 2) size *= 2;
  table_.assign(size, nullptr);
  for (const auto& entry : operations_) {
    size_t at = hash_of(entry->name.data()) & (size - 1);
    while (table_[at]) at = (at + 1) & (size - 1);
    table_[at] = entry.get();
  }
  return {};
}

Result<void> RequestMetrics::add_unmatched() {
  const auto counter = [this](const char* code, const char* reason) {
    return registry_.counter(
        kCounterName, kCounterHelp,
        {{"kind", "http"}, {"operation", ""}, {"code", code}, {"reason", reason}});
  };
  not_found_ = BIA_TRY(counter("404", "NOT_FOUND"));
  method_not_allowed_ = BIA_TRY(counter("405", "METHOD_NOT_ALLOWED"));
  return {};
}

void RequestMetrics::record_unmatched(int status) {
  (status == 405 ? method_not_allowed_ : not_found_).add();
}

const RequestMetrics::Operation* RequestMetrics::find(std::string_view name) const {
  if (table_.empty()) return nullptr;
  const size_t mask = table_.size() - 1;
  for (size_t at = hash_of(name.data()) & mask; table_[at]; at = (at + 1) & mask) {
    if (table_[at]->name.data() == name.data()) return table_[at];
  }
  for (const auto& operation : operations_) {
    if (operation->name == name) return operation.get();
  }
  return nullptr;
}

metrics::Counter* RequestMetrics::failure_counter(Series& series, const Operation& operation,
                                                  int code, std::string_view reason) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    Failure* first = series.failures.load(std::memory_order_acquire);
    for (Failure* failure = first; failure; failure = failure->next) {
      if (failure->code == code && failure->reason == reason) return &failure->counter;
    }
    if (attempt == 0 && series.failures_count.load(std::memory_order_relaxed) >= kFailuresMax) {
      reason = "other";
      continue;
    }
    const bool http = &series == &operation.by_transport[size_t(Transport::kHttp)];
    auto counter = registry_.counter(
        kCounterName, kCounterHelp,
        {{"kind", std::string(transport_name(http ? Transport::kHttp : Transport::kGrpc))},
         {"operation", std::string(operation.name)},
         {"code", fmt::format("{}", code)},
         {"reason", std::string(reason)}});
    if (!counter.ok()) return nullptr;
    // Two threads may each add the same failure: both count into the one series of the registry.
    auto* failure = new Failure{code, std::string(reason), *counter, first};
    while (
        !series.failures.compare_exchange_weak(failure->next, failure, std::memory_order_acq_rel)) {
    }
    series.failures_count.fetch_add(1, std::memory_order_relaxed);
    return &failure->counter;
  }
  return nullptr;
}

void RequestMetrics::record(Transport transport, std::string_view name, Duration took,
                            const Error* error) {
  // The table holds pointers to const only to say that look-ups change nothing; the series are
  // counters.
  auto* operation = const_cast<Operation*>(find(name));
  if (!operation) return;
  Series& series = operation->by_transport[size_t(transport)];
  series.seconds.observe(double(took.count()) * 1e-9);
  if (!error) {
    series.succeeded.add();
  } else if (auto* counter =
                 failure_counter(series, *operation, error->http_status(), error->reason())) {
    counter->add();
  }
}

namespace {

class MetricsMiddleware final : public Middleware {
 public:
  explicit MetricsMiddleware(RequestMetrics& metrics) : metrics_(metrics) {}

  Result<Reply> handle(Context& context, Request, Next next) override {
    try {
      Result<Reply> reply = next();
      metrics_.record(context.transport(), context.operation(),
                      context.ended_at() - context.started_at(),
                      reply.ok() ? nullptr : &reply.error());
      return reply;
    } catch (...) {
      const Error error = Error::from_http(500, "UNKNOWN", "");
      metrics_.record(context.transport(), context.operation(),
                      context.ended_at() - context.started_at(), &error);
      throw;
    }
  }

 private:
  RequestMetrics& metrics_;
};

}  // namespace

std::unique_ptr<Middleware> metrics_middleware(RequestMetrics& metrics) {
  return std::make_unique<MetricsMiddleware>(metrics);
}

}  // namespace bia
