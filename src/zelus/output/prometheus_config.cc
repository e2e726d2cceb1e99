#include "zelus/output/prometheus_config.h"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include "base/base64.h"
#include "bia/http/uri.h"
#include "zelus/metrics/go_float.h"
#include "zelus/options/duration.h"

namespace zelus::output {
namespace {

constexpr std::string_view kPrefix = "K6_PROMETHEUS_RW_";

struct Setting {
  std::string_view variable;  ///< without the prefix
  std::string_view key;       ///< in collectors of config.json
  std::string_view field;     ///< as k6's errors name it
};

constexpr Setting kSettings[] = {
    {"SERVER_URL", "url", "ServerURL"},
    {"INSECURE_SKIP_TLS_VERIFY", "insecureSkipTLSVerify", "InsecureSkipTLSVerify"},
    {"TLS_MINIMUM_VERSION", "tlsMinVersion", "TLSMinVersion"},
    {"USERNAME", "username", "Username"},
    {"PASSWORD", "password", "Password"},
    {"CLIENT_CERTIFICATE", "clientCertificate", "ClientCertificate"},
    {"CLIENT_CERTIFICATE_KEY", "clientCertificateKey", "ClientCertificateKey"},
    {"BEARER_TOKEN", "bearerToken", "BearerToken"},
    {"PUSH_INTERVAL", "pushInterval", "PushInterval"},
    {"TREND_AS_NATIVE_HISTOGRAM", "trendAsNativeHistogram", "TrendAsNativeHistogram"},
    {"TREND_STATS", "trendStats", "TrendStats"},
    {"STALE_MARKERS", "staleMarkers", "StaleMarkers"},
    {"SIGV4_REGION", "sigV4Region", "SigV4Region"},
    {"SIGV4_ACCESS_KEY", "sigV4AccessKey", "SigV4AccessKey"},
    {"SIGV4_SECRET_KEY", "sigV4SecretKey", "SigV4SecretKey"},
};

using Values = std::map<std::string_view, std::string>;
using Headers = std::map<std::string, std::string>;

Error invalid(std::string message) {
  return Error(bia::Code::kInvalidArgument, "BAD_PROMETHEUS_RW", std::move(message));
}

std::string text_of(const rapidjson::Value& value) {
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (value.IsNumber()) return metrics::format_go_g(value.GetDouble());
  if (value.IsString()) return value.GetString();
  std::string joined;
  if (value.IsArray()) {
    for (const auto& item : value.GetArray()) joined += (joined.empty() ? "" : ",") + text_of(item);
  }
  return joined;
}

Result<void> read_collector(std::string_view json, Values& values, Headers& headers) {
  if (json.empty()) return {};
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject())
    return invalid("parse JSON options failed: collectors has no object for this output");
  for (const Setting& setting : kSettings) {
    auto found = document.FindMember(rapidjson::StringRef(setting.key.data(), setting.key.size()));
    if (found != document.MemberEnd() && !found->value.IsNull())
      values[setting.variable] = text_of(found->value);
  }
  auto found = document.FindMember("headers");
  if (found != document.MemberEnd() && found->value.IsObject()) {
    for (const auto& header : found->value.GetObject())
      headers[header.name.GetString()] = text_of(header.value);
  }
  return {};
}

Result<void> read_environment(const std::map<std::string, std::string>& environment, Values& values,
                              Headers& headers) {
  for (const Setting& setting : kSettings) {
    auto found = environment.find(std::string(kPrefix) + std::string(setting.variable));
    // An empty variable counts as unset, as in k6.
    if (found != environment.end() && !found->second.empty())
      values[setting.variable] = found->second;
  }
  std::string prefix = std::string(kPrefix) + "HEADERS_";
  for (auto at = environment.lower_bound(prefix);
       at != environment.end() && at->first.starts_with(prefix); ++at) {
    headers[at->first.substr(prefix.size())] = at->second;
  }
  auto list = environment.find(std::string(kPrefix) + "HTTP_HEADERS");
  if (list == environment.end()) return {};
  std::string_view rest = list->second;
  for (;;) {
    size_t comma = std::min(rest.find(','), rest.size());
    std::string_view pair = rest.substr(0, comma);
    size_t colon = pair.find(':');
    if (colon == std::string_view::npos || pair.find(':', colon + 1) != std::string_view::npos) {
      return invalid(
          fmt::format("parse environment variables options failed: the provided header ({}) does "
                      "not respect the expected format "
                      "<header key>:<value>",
                      pair));
    }
    headers[std::string(pair.substr(0, colon))] = pair.substr(colon + 1);
    if (comma == rest.size()) return {};
    rest.remove_prefix(comma + 1);
  }
}

Error bad_variable(std::string_view variable, std::string_view value, std::string_view type,
                   std::string_view details) {
  std::string_view field;
  for (const Setting& setting : kSettings) {
    if (setting.variable == variable) field = setting.field;
  }
  return invalid(
      fmt::format("parse environment variables options failed: envconfig.Process: assigning {}{} "
                  "to {}: converting '{}' to type {}. "
                  "details: {}",
                  kPrefix, variable, field, value, type, details));
}

Result<bool> flag(const Values& values, std::string_view variable) {
  auto found = values.find(variable);
  if (found == values.end() || found->second == "false") return false;
  if (found->second == "true") return true;
  return bad_variable(variable, found->second, "null.Bool", "invalid input:" + found->second);
}

Result<void> set_sigv4(const Values& values, PrometheusConfig& config) {
  int sigv4 = 0;
  for (std::string_view variable : {"SIGV4_REGION", "SIGV4_ACCESS_KEY", "SIGV4_SECRET_KEY"})
    sigv4 += static_cast<int>(values.count(variable));
  if (sigv4 == 3) {
    config.sigv4 = SigV4Keys{values.at("SIGV4_REGION"), values.at("SIGV4_ACCESS_KEY"),
                             values.at("SIGV4_SECRET_KEY")};
    return {};
  }
  if (sigv4 > 0) {
    return invalid(
        "sigv4 seems to be partially configured. All of K6_PROMETHEUS_RW_SIGV4_REGION, "
        "K6_PROMETHEUS_RW_SIGV4_ACCESS_KEY, "
        "K6_PROMETHEUS_RW_SIGV4_SECRET_KEY must all be set. Unset all to bypass sigv4");
  }
  return {};
}

/// Go's client of this output speaks HTTP/1.1 only.
Result<void> set_tls(const Values& values, PrometheusConfig& config) {
  auto failed = [](const Error& error) {
    return invalid(fmt::format("failed to initialize the Prometheus remote write client: {}",
                               error.message()));
  };
  auto text = [&](std::string_view variable) {
    auto found = values.find(variable);
    return found == values.end() ? std::string() : found->second;
  };
  bia::net::TlsClientOptions tls;
  tls.alpn = {"http/1.1"};
  if (BIA_TRY(flag(values, "INSECURE_SKIP_TLS_VERIFY")))
    tls.verify = bia::net::TlsClientOptions::Verify::kInsecureSkip;
  // k6 knows 1.2, and takes 1.3 for everything else.
  tls.limits.min = bia::net::TlsVersion::k13;
  if (std::string version = text("TLS_MINIMUM_VERSION"); version == "1.2") {
    tls.limits.min = bia::net::TlsVersion::k12;
  } else if (!version.empty() && version != "1.3") {
    return invalid(fmt::format("{}TLS_MINIMUM_VERSION is {}; it has to be 1.2 or 1.3", kPrefix,
                               metrics::go_quote(version)));
  }
  std::string certificate = text("CLIENT_CERTIFICATE"), key = text("CLIENT_CERTIFICATE_KEY");
  if (certificate.empty() != key.empty())
    return invalid(fmt::format(
        "{0}CLIENT_CERTIFICATE and {0}CLIENT_CERTIFICATE_KEY name files and go together", kPrefix));
  if (!certificate.empty()) {
    bia::net::TlsCertificate pair;
    pair.certificate_file = certificate;
    pair.key_file = key;
    tls.certificates.push_back(std::move(pair));
  }
  if (config.scheme != bia::http::ClientRequest::Scheme::kHttps) return {};
  auto client = bia::net::TlsClient::create(std::move(tls));
  if (!client) return failed(client.error());
  config.tls = std::move(*client);
  return {};
}

Result<void> set_url(PrometheusConfig& config) {
  auto failed = [](std::string_view why) {
    return invalid(fmt::format("failed to initialize the Prometheus remote write client: {}", why));
  };
  if (config.url.find("://") == std::string::npos) {
    return failed(fmt::format("parse {}: missing protocol scheme", metrics::go_quote(config.url)));
  }
  Result<bia::http::Uri> uri = bia::http::parse_uri(config.url);
  if (!uri) return failed(uri.error().message());
  if (uri->scheme == "https") {
    config.scheme = bia::http::ClientRequest::Scheme::kHttps;
  } else if (uri->scheme != "http") {
    return failed(fmt::format("unsupported protocol scheme {}", metrics::go_quote(uri->scheme)));
  }
  config.host = uri->host;
  config.port = uri->port;
  config.target = uri->path.empty() ? "/" : std::string(uri->path);
  if (uri->has_query) config.target += "?" + std::string(uri->query);
  return {};
}

Result<void> set_trend_stats(PrometheusConfig& config, std::string_view list) {
  for (;;) {
    size_t comma = std::min(list.find(','), list.size());
    config.trend_stats.push_back(BIA_TRY(metrics::parse_trend_stat(list.substr(0, comma))));
    if (comma == list.size()) return {};
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<PrometheusConfig> prometheus_config(std::string_view collector,
                                           const std::map<std::string, std::string>& environment) {
  PrometheusConfig config;
  Values values;
  Headers headers;
  BIA_TRY(read_collector(collector, values, headers));
  BIA_TRY(read_environment(environment, values, headers));
  BIA_TRY(set_sigv4(values, config));
  if (values.count("SERVER_URL") != 0) config.url = values["SERVER_URL"];
  if (values.count("PUSH_INTERVAL") != 0) {
    const std::string& text = values["PUSH_INTERVAL"];
    Result<Duration> interval = options::parse_duration(text);
    if (!interval)
      return bad_variable("PUSH_INTERVAL", text, "types.NullDuration", interval.error().message());
    if (interval->count() <= 0)
      return invalid(
          fmt::format("K6_PROMETHEUS_RW_PUSH_INTERVAL is {}; it has to be more than 0", text));
    config.push_interval = *interval;
  }
  config.native_histograms = BIA_TRY(flag(values, "TREND_AS_NATIVE_HISTOGRAM"));
  config.stale_markers = BIA_TRY(flag(values, "STALE_MARKERS"));
  BIA_TRY(set_trend_stats(config, values.count("TREND_STATS") != 0
                                      ? std::string_view(values["TREND_STATS"])
                                      : "p(99)"));
  if (values.count("USERNAME") != 0)
    headers["Authorization"] =
        "Basic " + bia::base64_encode(values["USERNAME"] + ":" + values["PASSWORD"]);
  if (values.count("BEARER_TOKEN") != 0)
    headers["Authorization"] = "Bearer " + values["BEARER_TOKEN"];
  for (auto& [name, value] : headers) {
    if (name.empty() || name.find_first_of("\r\n: ") != std::string::npos ||
        value.find_first_of("\r\n") != std::string::npos) {
      return invalid(
          fmt::format("header {} of the Prometheus output has a line break, a colon or a space in "
                      "its name or value",
                      metrics::go_quote(name)));
    }
    config.headers.emplace_back(name, value);
  }
  BIA_TRY(set_url(config));
  BIA_TRY(set_tls(values, config));
  return config;
}

}  // namespace zelus::output
