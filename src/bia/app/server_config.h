#pragma once
#include <optional>
#include <string>

#include "bia/bia/config.h"
#include "bia/bia/registry.h"
#include "bia/bia/server_binding.h"
#include "bia/bia/tracing.h"
#include "bia/fiber/scheduler.h"
#include "bia/grpc/server.h"
#include "bia/http/filters.h"
#include "bia/http/server.h"
#include "bia/middleware/cors.h"
#include "bia/middleware/request_metrics.h"

namespace bia {

/// Where the service is in a registry and nothing else is configured: callers that have just looked
/// it up come for a moment yet.
constexpr Duration kRegistryDrainDelay = std::chrono::seconds(1);

/// The sections of the configuration that bia itself reads: server, runtime, log, metrics, health,
/// debug. Defaults are Kratos' where Kratos has one.
struct ServerConfig {
  struct Http {
    http::ServerOptions options;
    /// Its files are read when the server is made.
    std::optional<net::TlsServerOptions> tls;
    Duration timeout = std::chrono::seconds(1);
    std::optional<CorsOptions> cors;
    std::optional<http::CompressionOptions> compression;
    /// Answers to GET get an ETag of their body.
    bool etag = false;
    bool decompression = false;
    /// server.http.{json,envelope,operations}; not its timeout.
    ServerBindingOptions binding;
    /// Serves gRPC on the same port.
    bool grpc = false;
    /// Serves /openapi.json and, to look at it, /docs.
    bool docs = false;
    /// "configs/config.yaml:3", of server.http.addr.
    std::string where;
  };
  struct Grpc {
    grpc::ServerOptions options;
    std::optional<net::TlsServerOptions> tls;
    std::string where;
  };
  /// Absent where the configuration has no such section; at least one is there.
  std::optional<Http> http;
  std::optional<Grpc> grpc;
  /// 0: as many as the process may use CPUs.
  size_t threads = 0;
  /// Of each handler's fiber.
  size_t stack_bytes = fiber::kStackBytesDefault;
  Duration stop_timeout = std::chrono::seconds(10);
  /// Between saying that the service goes away (readiness, registry, health) and closing its
  /// listeners.
  Duration drain_delay = Duration::zero();
  std::string log_level = "info";
  std::vector<std::string> log_mask;
  std::vector<std::string> log_mask_values;
  /// Lines that wait for the thread that writes them; each takes 400 bytes from the start.
  size_t log_queue_lines = 2048;
  bool metrics_enabled = true;
  RequestMetricsOptions metrics_more;
  std::string metrics_path = "/metrics";
  bool health_enabled = true;
  std::string live_path = "/healthz";
  std::string ready_path = "/readyz";
  /// /debug: log level, memory, profile.
  bool debug_enabled = false;
  /// There where tracing.endpoint is.
  std::optional<TracingOptions> tracing;
  /// There where registry.etcd is.
  std::optional<EtcdOptions> etcd;

  /// Errors: kInvalidArgument for a bad value or an unknown key, with its place; kNotFound where
  /// neither server is configured.
  static Result<ServerConfig> read(const Config& config);
  /// The log's level and what it masks. Before other threads run.
  Result<void> start_log() const;
};

constexpr size_t kThreadsMax = 256;

}  // namespace bia
