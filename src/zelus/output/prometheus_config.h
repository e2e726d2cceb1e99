#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/time.h"
#include "bia/http/client.h"
#include "bia/net/tls.h"
#include "zelus/metrics/sink.h"
#include "zelus/output/output.h"
#include "zelus/output/sigv4.h"

namespace zelus::output {

/// The settings K6_PROMETHEUS_RW_…, parity/k6.md 8.3.
struct PrometheusConfig {
  std::string url = "http://localhost:9090/api/v1/write";
  /// Of `url`.
  std::string host;
  uint16_t port = 0;
  std::string target;
  bia::http::ClientRequest::Scheme scheme = bia::http::ClientRequest::Scheme::kHttp;
  /// For https: what the server's and the client's certificates have to be.
  std::shared_ptr<const bia::net::TlsClient> tls;
  Duration push_interval = std::chrono::seconds(5);
  std::vector<metrics::TrendStat> trend_stats;
  bool native_histograms = false;
  bool stale_markers = false;
  /// In the order in which they are sent; Authorization among them.
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<SigV4Keys> sigv4;
};

/// `collector`: JSON of config.json's collectors, or empty; variables go over it.
Result<PrometheusConfig> prometheus_config(std::string_view collector,
                                           const std::map<std::string, std::string>& environment);

}  // namespace zelus::output
