#include "bia/app/feature_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "bia/config/client_tls_config.h"
#include "bia/http/uri.h"
#include "bia/middleware/tracing_endpoint.h"

namespace bia {
namespace {

Error bad_value(const Config& config, std::string_view key, std::string message) {
  return Error(Code::kInvalidArgument, "CONFIG", std::move(message)).in(config.where(key));
}

Result<void> read_strings(const Config& config, const char* key, std::vector<std::string>& into) {
  if (config.has(key)) into = BIA_TRY(config.strings(key));
  return {};
}

Result<void> read_duration(const Config& config, const char* key, Duration& into) {
  if (!config.has(key)) return {};
  into = BIA_TRY(config.duration(key));
  if (into < Duration::zero()) return bad_value(config, key, fmt::format("{} is negative", key));
  return {};
}

/// A map, or OpenTelemetry's text of OTEL_EXPORTER_OTLP_HEADERS: "api-key=KEY,x-tenant=a%20b". Its
/// errors show nothing of it, for a token is in there.
Result<void> read_tracing_headers(const Config& config, TracingOptions& into) {
  const std::string key = "tracing.headers";
  const std::vector<std::string> names = config.keys(key);
  for (const std::string& name : names)
    into.headers.emplace_back(name, BIA_TRY(config.string(Config::below(key, name))));
  if (!config.has(key) || !names.empty()) return {};
  const std::string text = BIA_TRY(config.string(key));
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const size_t equals = one.find('=');
    std::string value;
    if (equals == std::string_view::npos ||
        !http::percent_decode(trim(one.substr(equals + 1)), http::Plus::kPlusIsPlus, value))
      return bad_value(config, key, "tracing.headers has a part that is not NAME=VALUE");
    into.headers.emplace_back(trim(one.substr(0, equals)), value);
  }
  return {};
}

Result<void> read_tracing_tls(const Config& config, TracingOptions& into) {
  const bool grpc = into.endpoint.starts_with("grpcs://");
  const bool secure = grpc || into.endpoint.starts_with("https://");
  if (!secure && !config.has("tracing.tls")) return {};
  ClientTls tls =
      BIA_TRY(read_client_tls(config, "tracing.tls", {std::string(grpc ? "h2" : "http/1.1")}));
  into.tls = std::move(tls.context);
  into.tls_server_name = std::move(tls.server_name);
  return {};
}

}  // namespace

Result<std::optional<CorsOptions>> read_cors(const Config& config) {
  if (!config.has("server.http.cors")) return std::optional<CorsOptions>();
  CorsOptions cors;
  BIA_TRY(config.only("server.http.cors", {"origins", "methods", "headers", "expose_headers",
                                           "credentials", "max_age"}));
  BIA_TRY(read_strings(config, "server.http.cors.origins", cors.origins));
  BIA_TRY(read_strings(config, "server.http.cors.methods", cors.methods));
  BIA_TRY(read_strings(config, "server.http.cors.headers", cors.headers));
  BIA_TRY(read_strings(config, "server.http.cors.expose_headers", cors.expose_headers));
  BIA_TRY(read_duration(config, "server.http.cors.max_age", cors.max_age));
  if (config.has("server.http.cors.credentials"))
    cors.credentials = BIA_TRY(config.boolean("server.http.cors.credentials"));
  if (cors.origins.empty()) {
    return bad_value(
        config, "server.http.cors",
        "server.http.cors.origins is missing; write origins: [\"https://shop.example\"]");
  }
  for (const std::string& origin : cors.origins) {
    if (origin != "*" && origin.find("://") == std::string::npos) {
      return bad_value(
          config, "server.http.cors.origins",
          fmt::format("server.http.cors.origins: \"{}\" has no scheme; write \"https://{}\"",
                      origin, origin));
    }
    if (origin == "*" && cors.credentials) {
      return bad_value(
          config, "server.http.cors.credentials",
          "server.http.cors.credentials with the origin \"*\" would let every page act "
          "for the user; name the origins");
    }
  }
  return std::optional<CorsOptions>(std::move(cors));
}

Result<std::optional<TracingOptions>> read_tracing(const Config& config) {
  BIA_TRY(config.only("tracing",
                      {"endpoint", "headers", "tls", "sample_ratio", "queue_spans", "interval"}));
  if (!config.has("tracing.endpoint")) return std::optional<TracingOptions>();
  TracingOptions tracing;
  tracing.endpoint = BIA_TRY(config.string("tracing.endpoint"));
  BIA_TRY(read_tracing_headers(config, tracing));
  if (auto checked = check_tracing_headers(tracing.headers); !checked)
    return std::move(checked).error().in(config.where("tracing.headers"));
  BIA_TRY(read_tracing_tls(config, tracing));
  if (config.has("tracing.sample_ratio")) {
    tracing.sample_ratio = BIA_TRY(config.real("tracing.sample_ratio"));
    if (tracing.sample_ratio < 0 || tracing.sample_ratio > 1)
      return bad_value(config, "tracing.sample_ratio", "tracing.sample_ratio is not 0 to 1");
  }
  if (config.has("tracing.queue_spans")) {
    const int64_t spans = BIA_TRY(config.integer("tracing.queue_spans"));
    if (spans < 1 || spans > 10'000'000)
      return bad_value(config, "tracing.queue_spans", "tracing.queue_spans is not 1 to 10000000");
    tracing.queue_spans_max = size_t(spans);
  }
  BIA_TRY(read_duration(config, "tracing.interval", tracing.interval));
  if (auto made = Tracer::create(tracing); !made)
    return std::move(made).error().in(config.where("tracing.endpoint"));
  return std::optional<TracingOptions>(std::move(tracing));
}

Result<std::optional<EtcdOptions>> read_registry(const Config& config) {
  BIA_TRY(config.only("registry", {"etcd"}));
  if (!config.has("registry.etcd")) return std::optional<EtcdOptions>();
  return std::optional<EtcdOptions>(BIA_TRY(read_etcd_options(config, "registry.etcd")));
}

}  // namespace bia
