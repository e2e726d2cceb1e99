#include "bia/middleware/request_metrics.h"

#include <fmt/format.h>
#include <google/protobuf/message.h>

#include "bia/bia/tracing.h"

namespace bia {
namespace {

// Kratos' DefaultSecondsHistogram.
constexpr double kSecondsBounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};
constexpr double kSizeBounds[] = {64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304};
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
  metrics::Histogram request_bytes;  ///< these two with options.sizes
  metrics::Histogram reply_bytes;
  uint32_t in_flight_cell = 0;
  /// Only grows, so that readers need no lock.
  std::atomic<Failure*> failures{nullptr};
  std::atomic<size_t> failures_count{0};
};

struct RequestMetrics::Operation {
  std::string_view name;
  std::array<Series, 2> by_transport;
};

RequestMetrics::RequestMetrics(metrics::Registry& registry, RequestMetricsOptions options)
    : registry_(registry), options_(options) {
  if (options_.in_flight)
    registry_.add_collector([this](metrics::TextWriter& out) { write_in_flight(out); });
}

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
        kSecondsName, kSecondsHelp, {{"kind", kind}, {"operation", name}}, kSecondsBounds,
        options_.exemplars ? metrics::Registry::Keep::kExemplars
                           : metrics::Registry::Keep::kCounts));
    series.in_flight_cell = uint32_t(operations_.size() * 2 + size_t(transport));
    if (!options_.sizes) continue;
    const metrics::Labels labels = {{"kind", kind}, {"operation", name}};
    series.request_bytes = BIA_TRY(
        registry_.histogram("server_request_size_bytes",
                            "Size of the requests' messages as protobuf.", labels, kSizeBounds));
    series.reply_bytes = BIA_TRY(registry_.histogram("server_response_size_bytes",
                                                     "Size of the replies' messages as protobuf.",
                                                     labels, kSizeBounds));
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
  const auto counter = [this](const char* kind, const char* code, const char* reason) {
    return registry_.counter(
        kCounterName, kCounterHelp,
        {{"kind", kind}, {"operation", ""}, {"code", code}, {"reason", reason}});
  };
  not_found_ = BIA_TRY(counter("http", "404", "NOT_FOUND"));
  method_not_allowed_ = BIA_TRY(counter("http", "405", "METHOD_NOT_ALLOWED"));
  // As gRPC's status has it, without a reason.
  unknown_method_ = BIA_TRY(counter("grpc", "501", ""));
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
  reason = reason_label(reason);
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
                            const Error* error, std::string_view trace_id) {
  // The table holds pointers to const only to say that look-ups change nothing; the series are
  // counters.
  auto* operation = const_cast<Operation*>(find(name));
  if (!operation) return;
  Series& series = operation->by_transport[size_t(transport)];
  if (trace_id.empty()) {
    series.seconds.observe(double(took.count()) * 1e-9);
  } else {
    series.seconds.observe(double(took.count()) * 1e-9, trace_id);
  }
  if (!error) {
    series.succeeded.add();
  } else if (auto* counter =
                 failure_counter(series, *operation, error->http_status(), error->reason())) {
    counter->add();
  }
}

void RequestMetrics::add_in_flight(Transport transport, std::string_view name, uint64_t n) {
  const Operation* operation = find(name);
  if (!operation) return;
  auto& cell = in_flight_.cell(operation->by_transport[size_t(transport)].in_flight_cell);
  cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

void RequestMetrics::write_in_flight(metrics::TextWriter& out) const {
  constexpr std::string_view kName = "server_requests_in_flight";
  out.family(kName, "Requests begun and not ended.", "gauge");
  for (const auto& operation : operations_) {
    for (Transport transport : {Transport::kHttp, Transport::kGrpc}) {
      const Series& series = operation->by_transport[size_t(transport)];
      out.sample(kName,
                 {{"kind", std::string(transport_name(transport))},
                  {"operation", std::string(operation->name)}},
                 double(int64_t(in_flight_.sum(series.in_flight_cell))));
    }
  }
}

void RequestMetrics::record_sizes(Transport transport, std::string_view name,
                                  const google::protobuf::Message* request,
                                  const google::protobuf::Message* reply) {
  auto* operation = const_cast<Operation*>(find(name));
  if (!operation) return;
  Series& series = operation->by_transport[size_t(transport)];
  if (request) series.request_bytes.observe(double(request->ByteSizeLong()));
  if (reply) series.reply_bytes.observe(double(reply->ByteSizeLong()));
}

namespace {

/// With in-flight calls, sizes or exemplars; apart, so that the usual one does not ask for them.
class DetailedMetrics final : public Middleware {
 public:
  explicit DetailedMetrics(RequestMetrics& metrics) : metrics_(metrics) {}

  Result<Reply> handle(Context& context, Request request, Next next) override {
    const InFlight in_flight(metrics_, context);
    try {
      Result<Reply> reply = next();
      record(context, reply.ok() ? nullptr : &reply.error());
      if (metrics_.options().sizes)
        metrics_.record_sizes(context.transport(), context.operation(), request.message(),
                              reply.ok() ? reply->message() : nullptr);
      return reply;
    } catch (...) {
      const Error error = Error::from_http(500, "UNKNOWN", "");
      record(context, &error);
      throw;
    }
  }

 private:
  struct InFlight {
    InFlight(RequestMetrics& of, const Context& call) : metrics(of), context(call) {
      if (metrics.options().in_flight) metrics.begin(context.transport(), context.operation());
    }
    ~InFlight() {
      if (metrics.options().in_flight) metrics.end(context.transport(), context.operation());
    }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;
    RequestMetrics& metrics;
    const Context& context;
  };

  void record(Context& context, const Error* error) {
    std::string trace;
    const auto* span = metrics_.options().exemplars ? context.find<SpanContext>() : nullptr;
    if (span && span->sampled) trace = span->trace_id_text();
    metrics_.record(context.transport(), context.operation(),
                    context.ended_at() - context.started_at(), error, trace);
  }

  RequestMetrics& metrics_;
};

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
  if (metrics.options().any()) return std::make_unique<DetailedMetrics>(metrics);
  return std::make_unique<MetricsMiddleware>(metrics);
}

}  // namespace bia
