#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/bia/middleware.h"
#include "bia/metrics/registry.h"

namespace bia {

/// What is recorded beyond Kratos' own metrics, by configuration: metrics.in_flight, metrics.sizes,
/// metrics.exemplars.
struct RequestMetricsOptions {
  /// server_requests_in_flight{kind,operation}
  bool in_flight = false;
  /// server_request_size_bytes and server_response_size_bytes{kind,operation}: of the messages as
  /// protobuf, as Kratos' tracing measures them.
  bool sizes = false;
  /// The trace of an observation of server_requests_seconds, in OpenMetrics.
  bool exemplars = false;
  bool any() const { return in_flight || sizes || exemplars; }
};

/// server_requests_code_total{kind,operation,code,reason} and
/// server_requests_seconds{kind,operation}, the names and labels of Kratos 2.8 and later; a success
/// has the code 200. Every operation's series are resolved at start-up: a request looks them up by
/// the address of its operation's name, in a table that nothing writes.
class RequestMetrics {
 public:
  /// Reasons come from handlers and may be many: above this number of (code, reason) an operation's
  /// further ones count as "other".
  static constexpr size_t kFailuresMax = 64;
  /// A longer one is no reason but data; each would be kept until the program ends.
  static constexpr size_t kReasonBytesMax = 63;
  static std::string_view reason_label(std::string_view reason) {
    return reason.size() > kReasonBytesMax ? "other" : reason;
  }

  explicit RequestMetrics(metrics::Registry& registry, RequestMetricsOptions options = {});
  ~RequestMetrics();
  RequestMetrics(const RequestMetrics&) = delete;
  RequestMetrics& operator=(const RequestMetrics&) = delete;

  /// Before the servers start. `operation` must stay where it is. Errors: the registry's.
  Result<void> add_operation(std::string_view operation);
  /// For HTTP requests that no route takes and gRPC calls of methods that there are not: operation
  /// "", codes 404, 405 and 501. Before the servers start.
  Result<void> add_unmatched();
  /// With the status 404 or 405.
  void record_unmatched(int status);
  void record_unknown_method() { unknown_method_.add(); }
  void record(Transport transport, std::string_view operation, Duration took, const Error* error,
              std::string_view trace_id = {});
  const RequestMetricsOptions& options() const { return options_; }
  void begin(Transport transport, std::string_view operation) {
    add_in_flight(transport, operation, 1);
  }
  void end(Transport transport, std::string_view operation) {
    add_in_flight(transport, operation, ~uint64_t{0});
  }
  /// Of one message each; null for a stream's.
  void record_sizes(Transport transport, std::string_view operation,
                    const google::protobuf::Message* request,
                    const google::protobuf::Message* reply);

 private:
  struct Failure;
  struct Series;
  struct Operation;
  const Operation* find(std::string_view operation) const;
  Result<void> resolve(Operation& operation);
  metrics::Counter* failure_counter(Series& series, const Operation& operation, int code,
                                    std::string_view reason);

  void add_in_flight(Transport transport, std::string_view operation, uint64_t n);
  void write_in_flight(metrics::TextWriter& out) const;

  metrics::Registry& registry_;
  RequestMetricsOptions options_;
  /// What each thread has begun and not ended: a fiber stays on its thread, so its cell goes up and
  /// down again, and the sum over the threads is right modulo 2^64 at any time.
  metrics::Shards in_flight_;
  std::vector<std::unique_ptr<Operation>> operations_;
  /// Open addressing by the address of the name; a power of two, at most half full.
  std::vector<const Operation*> table_;
  metrics::Counter not_found_;
  metrics::Counter method_not_allowed_;
  metrics::Counter unknown_method_;
};

/// Records every call of a chain. `metrics` must outlive it.
std::unique_ptr<Middleware> metrics_middleware(RequestMetrics& metrics);

}  // namespace bia
