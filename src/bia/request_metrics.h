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

/// server_requests_code_total{kind,operation,code,reason} and
/// server_requests_seconds{kind,operation}, the names and labels of Kratos 2.8 and later; a success
/// has the code 200. Every operation's series are resolved at start-up: a request looks them up by
/// the address of its operation's name, in a table that nothing writes.
class RequestMetrics {
 public:
  /// Reasons come from handlers and may be many: above this number of (code, reason) an operation's
  /// further ones count as "other".
  static constexpr size_t kFailuresMax = 64;

  explicit RequestMetrics(metrics::Registry& registry);
  ~RequestMetrics();
  RequestMetrics(const RequestMetrics&) = delete;
  RequestMetrics& operator=(const RequestMetrics&) = delete;

  /// Before the servers start. `operation` must stay where it is. Errors: the registry's.
  Result<void> add_operation(std::string_view operation);
  /// For HTTP requests that no route takes: operation "", codes 404 and 405. Before the servers
  /// start.
  Result<void> add_unmatched();
  /// With the status 404 or 405.
  void record_unmatched(int status);
  void record(Transport transport, std::string_view operation, Duration took, const Error* error);

 private:
  struct Failure;
  struct Series;
  struct Operation;
  const Operation* find(std::string_view operation) const;
  Result<void> resolve(Operation& operation);
  metrics::Counter* failure_counter(Series& series, const Operation& operation, int code,
                                    std::string_view reason);

  metrics::Registry& registry_;
  std::vector<std::unique_ptr<Operation>> operations_;
  /// Open addressing by the address of the name; a power of two, at most half full.
  std::vector<const Operation*> table_;
  metrics::Counter not_found_;
  metrics::Counter method_not_allowed_;
};

/// Records every call of a chain. `metrics` must outlive it.
std::unique_ptr<Middleware> metrics_middleware(RequestMetrics& metrics);

}  // namespace bia
