#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/bia/middleware.h"
#include "bia/net/tls.h"

namespace bia {

/// Which span a call is in (W3C Trace Context). `context.find<SpanContext>()` has it inside
/// `tracing_middleware`; the access log shows it as trace.id and span.id.
struct SpanContext {
  std::array<char, 16> trace_id{};
  std::array<char, 8> span_id{};
  bool sampled = false;

  /// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  std::string traceparent() const;
  /// False for what is no traceparent: then `into` is untouched. Versions above 00 are read by its
  /// first four parts.
  static bool parse(std::string_view text, SpanContext& into);
  std::string trace_id_text() const;
  std::string span_id_text() const;
};

struct TracingOptions {
  /// "http://127.0.0.1:4318" (OTLP over HTTP, to /v1/traces where it has no path) or
  /// "grpc://127.0.0.1:4317" (OTLP over gRPC); "https://otlp.example" and "grpcs://otlp.example",
  /// where the port may be missing (443), go over TLS.
  std::string endpoint = {};
  /// Sent with each export, a collector's token among them: {"authorization", "Bearer …"}. Neither
  /// logs nor errors show them.
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// Null: the system's roots. Its protocols (ALPN) are to be {"http/1.1"} for https, {"h2"} for
  /// grpcs.
  std::shared_ptr<const net::TlsClient> tls = nullptr;
  /// What the collector's certificate must be for; empty: the endpoint's host.
  std::string tls_server_name = {};
  /// Of the traces that begin here; those that come with a decision keep it.
  double sample_ratio = 1;
  std::string service_name = {};
  std::string service_version = {};
  std::string service_id = {};
  /// Spans that wait for the exporter; above it they are dropped and counted.
  size_t queue_spans_max = 8192;
  size_t batch_spans_max = 512;
  /// How long spans gather before they are sent.
  Duration interval = std::chrono::seconds(1);
  Duration timeout = std::chrono::seconds(10);
};

/// Sends spans to an OpenTelemetry collector from a fiber of its own. Spans may end on any thread.
class Tracer {
 public:
  using Value = std::variant<std::string, int64_t>;
  struct Span {
    enum class Kind : uint8_t { kServer = 2, kClient = 3 };
    std::string name;
    Kind kind = Kind::kServer;
    SpanContext context;
    std::array<char, 8> parent_id{};  ///< zeros: none
    int64_t start_unix_ns = 0;
    int64_t end_unix_ns = 0;
    std::vector<std::pair<std::string_view, Value>> attributes;
    bool failed = false;
    std::string message;  ///< of the failure
  };
  struct Counters {
    uint64_t exported = 0;
    uint64_t dropped = 0;  ///< the queue was full
    uint64_t failed = 0;   ///< the collector took them not
  };

  /// Errors: kInvalidArgument for the endpoint, for headers that cannot be sent or are the
  /// protocol's own; those of the system's roots.
  static Result<std::unique_ptr<Tracer>> create(TracingOptions options);
  ~Tracer();
  /// In a fiber of the thread that is to export.
  Result<void> start();
  /// Sends what is queued, until `deadline`. Suspends.
  void stop(Deadline deadline);

  /// A new span's place: below `parent`, or a new trace, sampled or not.
  SpanContext begin(const SpanContext* parent) const;
  /// Thread-safe. Spans that are not sampled are to be left out by the caller.
  void end(const Span& span);
  Counters counters() const;
  const std::string& service_name() const;

 private:
  class Impl;
  explicit Tracer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A server span a call, with Kratos' name (the operation) and attributes; on a ServiceClient a
/// client span below the server call's, whose context goes along (traceparent, tracestate, baggage,
/// x-md-service-name). `tracer` must outlive it.
std::unique_ptr<Middleware> tracing_middleware(Tracer& tracer);

}  // namespace bia
