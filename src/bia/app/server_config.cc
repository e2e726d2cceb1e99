#include "bia/app/server_config.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "bia/app/feature_config.h"
#include "bia/app/server_tls.h"
#include "bia/bia/log.h"
#include "bia/config/config_node.h"
#include "bia/service/service_http.h"

namespace bia {
namespace {

Error bad_value(const Config& config, std::string_view key, std::string message) {
  return Error(Code::kInvalidArgument, "CONFIG", std::move(message)).in(config.where(key));
}

Result<void> read_duration(const Config& config, const std::string& key, Duration& into) {
  if (!config.has(key)) return {};
  into = BIA_TRY(config.duration(key));
  if (into < Duration::zero()) return bad_value(config, key, fmt::format("{} is negative", key));
  return {};
}

template <typename T>
Result<void> read_size(const Config& config, const std::string& key, T& into, uint64_t min,
                       uint64_t max) {
  if (!config.has(key)) return {};
  const int64_t value = BIA_TRY(config.integer(key));
  if (value < 0 || uint64_t(value) < min || uint64_t(value) > max) {
    return bad_value(config, key,
                     fmt::format("{} is {}; it must be {} to {}", key, value, min, max));
  }
  into = T(value);
  return {};
}

/// ":8080" is every address of both families, as in Go: one socket for [::] takes IPv4 too. Without
/// IPv6, IPv4's alone.
std::string any_address(const std::string& text) {
  const int six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (six < 0) return text;
  close(six);
  return "[::]" + text;
}

/// Kratos' key `network`, which Go's net.Listen knows: with "unix", `addr` is a path.
Result<bool> is_unix(const Config& config, const std::string& key) {
  if (!config.has(key)) return false;
  const std::string network = BIA_TRY(config.string(key));
  if (network == "unix") return true;
  if (network == "tcp" || network.empty()) return false;
  return bad_value(config, key,
                   fmt::format("{} \"{}\" is not built; write \"tcp\" or \"unix\"", key, network));
}

Result<std::string> read_address(const Config& config, const std::string& section,
                                 std::string_view example) {
  const std::string key = section + ".addr";
  if (!config.has(key)) {
    return bad_value(
        config, section,
        fmt::format("{} is missing; write \"addr: {}\" below {}", key, example, section));
  }
  std::string text = BIA_TRY(config.string(key));
  if (BIA_TRY(is_unix(config, section + ".network")) && !text.starts_with("unix:"))
    text.insert(0, "unix:");
  if (text.starts_with("unix:")) {
    if (text.size() > 5) return text;
    return bad_value(config, key, fmt::format("{} \"{}\" has no path", key, text));
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    return bad_value(config, key,
                     fmt::format("{} \"{}\" has no port; write \"{}\"", key, text,
                                 digits ? "0.0.0.0:" + text : text + example.data()));
  }
  unsigned port = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc() || last != end || port > std::numeric_limits<uint16_t>::max()) {
    return bad_value(
        config, key,
        fmt::format("{} \"{}\" has no port from 0 to 65535 after the colon; write \"0.0.0.0{}\"",
                    key, text, example));
  }
  const std::string host = text.substr(0, colon);
  if (host.empty()) return any_address(text);
  if (host == "localhost") return fmt::format("127.0.0.1:{}", port);
  if (host.find(':') != std::string::npos && host.front() != '[') {
    return bad_value(config, key,
                     fmt::format("{} \"{}\": an IPv6 address stands in brackets; write \"[{}]:{}\"",
                                 key, text, host, port));
  }
  return text;
}

constexpr uint64_t kBytesMax = 1ull << 31;
constexpr uint64_t kCountMax = 1'000'000;

Result<void> read_flag(const Config& config, const std::string& key, bool& into) {
  if (config.has(key)) into = BIA_TRY(config.boolean(key));
  return {};
}

Result<void> read_json_options(const Config& config, const std::string& section,
                               HttpJsonOptions& into) {
  BIA_TRY(config.only(section, {"omit_unset", "proto_names", "enum_numbers"}));
  BIA_TRY(read_flag(config, section + ".omit_unset", into.omit_unset));
  BIA_TRY(read_flag(config, section + ".proto_names", into.proto_names));
  return read_flag(config, section + ".enum_numbers", into.enum_numbers);
}

Result<void> read_envelope(const Config& config, HttpEnvelope& into) {
  const std::string section = "server.http.envelope";
  BIA_TRY(config.only(section, {"reply", "error", "error_status"}));
  if (config.has(section + ".reply")) into.reply = BIA_TRY(config.string(section + ".reply"));
  if (config.has(section + ".error")) into.error = BIA_TRY(config.string(section + ".error"));
  return read_size(config, section + ".error_status", into.error_status, 200, 599);
}

Result<void> read_operations(const Config& config, ServerBindingOptions& into) {
  for (const std::string& operation : config.keys("server.http.operations")) {
    const std::string section = Config::below("server.http.operations", operation);
    if (operation.empty() || operation[0] != '/')
      return bad_value(config, "server.http.operations",
                       fmt::format("{} is no operation; write it as in "
                                   "/helloworld.v1.Greeter/SayHello",
                                   operation));
    BIA_TRY(config.only(section, {"timeout", "body_bytes_max", "json", "codecs"}));
    HttpOperationOptions options;
    if (config.has(section + ".timeout")) {
      options.timeout = Duration::zero();
      BIA_TRY(read_duration(config, section + ".timeout", *options.timeout));
    }
    BIA_TRY(read_size(config, section + ".body_bytes_max", options.body_bytes_max, 1, kBytesMax));
    if (config.has(section + ".json")) {
      options.json.emplace();
      BIA_TRY(read_json_options(config, section + ".json", *options.json));
    }
    if (config.has(section + ".codecs")) {
      options.codecs = BIA_TRY(config.strings(section + ".codecs"));
      if (options.codecs.empty())
        return bad_value(config, section + ".codecs",
                         section + ".codecs is empty; leave it out to have all");
    }
    into.operations.emplace(operation, std::move(options));
  }
  return {};
}

Result<std::optional<http::CompressionOptions>> read_compression(const Config& config) {
  const std::string section = "server.http.compression";
  std::optional<http::CompressionOptions> compression;
  if (!config.has(section)) return compression;
  BIA_TRY(config.only(section, {"codings", "bytes_min", "bytes_max"}));
  compression.emplace();
  if (config.has(section + ".codings")) {
    compression->codings.clear();
    for (const std::string& name : BIA_TRY(config.strings(section + ".codings"))) {
      auto coding = http::parse_coding(name);
      if (!coding)
        return bad_value(config, section + ".codings",
                         section + ".codings: " + coding.error().message());
      compression->codings.push_back(*coding);
    }
  }
  BIA_TRY(read_size(config, section + ".bytes_min", compression->bytes_min, 0, kBytesMax));
  BIA_TRY(read_size(config, section + ".bytes_max", compression->bytes_max, 0, kBytesMax));
  if (compression->bytes_max < compression->bytes_min) {
    return bad_value(config, section,
                     fmt::format("{}.bytes_min is {}, which is above bytes_max, {}", section,
                                 compression->bytes_min, compression->bytes_max));
  }
  return compression;
}

/// server.http.http2, server.grpc.http2.
Result<void> read_http2(const Config& config, const std::string& section, http::Http2Limits& into) {
  if (!config.has(section)) return {};
  BIA_TRY(config.only(section, {"resets", "resets_per_second", "settings", "settings_per_second",
                                "pings", "pings_per_second", "empty_data", "empty_data_per_second",
                                "continuations", "queued_bytes"}));
  const auto rate = [&](const std::string& key, http::Http2Rate& one) -> Result<void> {
    BIA_TRY(read_size(config, section + "." + key, one.burst, 1, kCountMax));
    return read_size(config, section + "." + key + "_per_second", one.per_second, 0, kCountMax);
  };
  BIA_TRY(rate("resets", into.resets));
  BIA_TRY(rate("settings", into.settings));
  BIA_TRY(rate("pings", into.pings));
  BIA_TRY(rate("empty_data", into.empty_data));
  BIA_TRY(read_size(config, section + ".continuations", into.continuations, 0, kCountMax));
  return read_size(config, section + ".queued_bytes", into.queued_bytes, 1024, kBytesMax);
}

Result<void> read_header_name(const Config& config, const char* key, std::string& into) {
  if (!config.has(key)) return {};
  into = BIA_TRY(config.string(key));
  const bool good = !into.empty() && std::all_of(into.begin(), into.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  if (good) return {};
  return bad_value(config, key, fmt::format("{} \"{}\" is no header's name", key, into));
}

Result<void> read_path_prefix(const Config& config, std::string& into) {
  const std::string key = "server.http.path_prefix";
  if (!config.has(key)) return {};
  into = BIA_TRY(config.string(key));
  if (into.ends_with('/')) into.pop_back();
  if (is_path_prefix(into)) return {};
  return bad_value(config, key, fmt::format("{} \"{}\" is no path like \"/api\"", key, into));
}

Result<ServerConfig::Http> read_http(const Config& config) {
  ServerConfig::Http http;
  BIA_TRY(config.only("server.http", {"network",
                                      "addr",
                                      "timeout",
                                      "deadline_header",
                                      "request_line_bytes_max",
                                      "header_bytes_max",
                                      "header_count_max",
                                      "body_bytes_max",
                                      "pipeline_max",
                                      "idle_timeout",
                                      "header_timeout",
                                      "connections_max",
                                      "streams_max",
                                      "stall_timeout",
                                      "http2",
                                      "json",
                                      "envelope",
                                      "operations",
                                      "path_prefix",
                                      "docs",
                                      "cors",
                                      "tls",
                                      "grpc",
                                      "compression",
                                      "decompression",
                                      "etag"}));
  http.options.address = BIA_TRY(read_address(config, "server.http", ":8080"));
  http.where = config.where("server.http.addr");
  http.tls = BIA_TRY(read_tls(config, "server.http.tls", {"h2", "http/1.1"}));
  http::Limits& limits = http.options.limits;
  BIA_TRY(read_duration(config, "server.http.timeout", http.timeout));
  BIA_TRY(read_header_name(config, "server.http.deadline_header", http.binding.deadline_header));
  BIA_TRY(read_duration(config, "server.http.idle_timeout", http.options.idle_timeout));
  BIA_TRY(read_duration(config, "server.http.header_timeout", http.options.header_timeout));
  BIA_TRY(read_size(config, "server.http.request_line_bytes_max", limits.request_line_bytes_max, 64,
                    kBytesMax));
  BIA_TRY(
      read_size(config, "server.http.header_bytes_max", limits.header_bytes_max, 64, kBytesMax));
  BIA_TRY(read_size(config, "server.http.header_count_max", limits.header_count_max, 1, kCountMax));
  BIA_TRY(read_size(config, "server.http.body_bytes_max", limits.body_bytes_max, 0, kBytesMax));
  BIA_TRY(read_size(config, "server.http.pipeline_max", limits.pipeline_max, 1, kCountMax));
  BIA_TRY(
      read_size(config, "server.http.connections_max", http.options.connections_max, 1, kCountMax));
  BIA_TRY(read_size(config, "server.http.streams_max", http.options.streams_max, 1, kCountMax));
  BIA_TRY(read_duration(config, "server.http.stall_timeout", http.options.http2.stall));
  BIA_TRY(read_http2(config, "server.http.http2", http.options.http2));
  BIA_TRY(read_json_options(config, "server.http.json", http.binding.json));
  BIA_TRY(read_flag(config, "server.http.docs", http.docs));
  BIA_TRY(read_flag(config, "server.http.grpc", http.grpc));
  BIA_TRY(read_flag(config, "server.http.etag", http.etag));
  BIA_TRY(read_flag(config, "server.http.decompression", http.decompression));
  http.compression = BIA_TRY(read_compression(config));
  BIA_TRY(read_envelope(config, http.binding.envelope));
  BIA_TRY(read_operations(config, http.binding));
  for (const auto& [name, operation] : http.binding.operations)
    limits.body_bytes_asked_max = std::max(limits.body_bytes_asked_max, operation.body_bytes_max);
  BIA_TRY(read_path_prefix(config, http.binding.path_prefix));
  return http;
}

Result<void> read_keepalive(const Config& config, grpc::ServerKeepalive& into) {
  const std::string section = "server.grpc.keepalive";
  if (!config.has(section)) return {};
  BIA_TRY(config.only(section, {"time", "timeout", "max_connection_idle", "max_connection_age",
                                "max_connection_age_grace", "min_time", "permit_without_stream"}));
  BIA_TRY(read_duration(config, section + ".time", into.time));
  BIA_TRY(read_duration(config, section + ".timeout", into.timeout));
  BIA_TRY(read_duration(config, section + ".max_connection_idle", into.max_connection_idle));
  BIA_TRY(read_duration(config, section + ".max_connection_age", into.max_connection_age));
  BIA_TRY(
      read_duration(config, section + ".max_connection_age_grace", into.max_connection_age_grace));
  BIA_TRY(read_duration(config, section + ".min_time", into.min_time));
  BIA_TRY(read_flag(config, section + ".permit_without_stream", into.permit_without_stream));
  // As grpc-go has it, which raises it.
  if (into.time > Duration::zero() && into.time < std::chrono::seconds(1))
    return bad_value(config, section + ".time",
                     section + ".time is below 1s; write 1s or more, or 0s for no PINGs");
  if (into.timeout == Duration::zero())
    return bad_value(config, section + ".timeout",
                     section + ".timeout is 0s; write time: 0s for no PINGs");
  return {};
}

/// `shared`: the HTTP port serves gRPC too.
Result<ServerConfig::Grpc> read_grpc(const Config& config, bool shared) {
  ServerConfig::Grpc grpc;
  BIA_TRY(config.only("server.grpc",
                      {"network", "addr", "timeout", "message_bytes_max", "streams_max",
                       "metadata_bytes_max", "window_bytes", "stall_timeout", "handshake_timeout",
                       "connections_max", "http2", "keepalive", "tls", "health", "reflection"}));
  if (shared && !config.has("server.grpc.addr")) {
    grpc.options.address.clear();
    if (config.has("server.grpc.tls"))
      return bad_value(config, "server.grpc.tls",
                       "server.grpc.tls without server.grpc.addr: the port that gRPC shares with "
                       "HTTP has server.http.tls");
    if (config.has("server.grpc.http2"))
      return bad_value(config, "server.grpc.http2",
                       "server.grpc.http2 without server.grpc.addr: the port that gRPC shares with "
                       "HTTP has server.http.http2");
    if (config.has("server.grpc.keepalive"))
      return bad_value(config, "server.grpc.keepalive",
                       "server.grpc.keepalive without server.grpc.addr: the port that gRPC shares "
                       "with HTTP has server.http.idle_timeout and http2.pings");
  } else {
    grpc.options.address = BIA_TRY(read_address(config, "server.grpc", ":9000"));
  }
  grpc.where = config.where("server.grpc.addr");
  grpc.tls = BIA_TRY(read_tls(config, "server.grpc.tls", {"h2"}));
  BIA_TRY(read_flag(config, "server.grpc.health", grpc.options.health));
  BIA_TRY(read_flag(config, "server.grpc.reflection", grpc.options.reflection));
  BIA_TRY(read_duration(config, "server.grpc.handshake_timeout", grpc.options.handshake_timeout));
  BIA_TRY(
      read_size(config, "server.grpc.connections_max", grpc.options.connections_max, 1, kCountMax));
  BIA_TRY(read_duration(config, "server.grpc.timeout", grpc.options.timeout));
  BIA_TRY(read_duration(config, "server.grpc.stall_timeout", grpc.options.stall_timeout));
  BIA_TRY(read_http2(config, "server.grpc.http2", grpc.options.http2));
  BIA_TRY(read_keepalive(config, grpc.options.keepalive));
  BIA_TRY(read_size(config, "server.grpc.message_bytes_max", grpc.options.message_bytes_max, 1,
                    kBytesMax));
  BIA_TRY(read_size(config, "server.grpc.streams_max", grpc.options.streams_max, 1, kCountMax));
  BIA_TRY(read_size(config, "server.grpc.metadata_bytes_max", grpc.options.metadata_bytes_max, 64,
                    kBytesMax));
  BIA_TRY(read_size(config, "server.grpc.window_bytes", grpc.options.window_bytes, 65'535,
                    kBytesMax - 1));
  return grpc;
}

Result<void> read_path(const Config& config, const char* key, std::string& into) {
  if (!config.has(key)) return {};
  into = BIA_TRY(config.string(key));
  if (into.starts_with('/')) return {};
  return bad_value(config, key, fmt::format("{} \"{}\" does not begin with \"/\"", key, into));
}

Result<void> read_the_rest(const Config& config, ServerConfig& into) {
  BIA_TRY(config.only("runtime", {"threads", "stack_bytes", "stop_timeout", "drain_delay"}));
  BIA_TRY(config.only("log", {"level", "queue_lines", "mask", "mask_values"}));
  BIA_TRY(config.only("metrics", {"enabled", "path", "in_flight", "sizes", "exemplars"}));
  BIA_TRY(config.only("health", {"enabled", "live_path", "ready_path"}));
  BIA_TRY(config.only("debug", {"enabled"}));
  BIA_TRY(read_size(config, "runtime.threads", into.threads, 0, kThreadsMax));
  BIA_TRY(read_size(config, "runtime.stack_bytes", into.stack_bytes, fiber::kStackBytesMin,
                    fiber::kStackBytesMax));
  BIA_TRY(read_duration(config, "runtime.stop_timeout", into.stop_timeout));
  BIA_TRY(read_duration(config, "runtime.drain_delay", into.drain_delay));
  BIA_TRY(read_size(config, "log.queue_lines", into.log_queue_lines, 1, kCountMax));
  if (config.has("log.mask")) into.log_mask = BIA_TRY(config.strings("log.mask"));
  if (config.has("log.mask_values"))
    into.log_mask_values = BIA_TRY(config.strings("log.mask_values"));
  if (config.has("log.level")) {
    into.log_level = BIA_TRY(config.string("log.level"));
    if (auto level = parse_log_level(into.log_level); !level)
      return std::move(level).error().in(config.where("log.level"));
  }
  BIA_TRY(read_flag(config, "metrics.enabled", into.metrics_enabled));
  BIA_TRY(read_path(config, "metrics.path", into.metrics_path));
  BIA_TRY(read_flag(config, "metrics.in_flight", into.metrics_more.in_flight));
  BIA_TRY(read_flag(config, "metrics.sizes", into.metrics_more.sizes));
  BIA_TRY(read_flag(config, "metrics.exemplars", into.metrics_more.exemplars));
  BIA_TRY(read_flag(config, "health.enabled", into.health_enabled));
  BIA_TRY(read_path(config, "health.live_path", into.live_path));
  BIA_TRY(read_path(config, "health.ready_path", into.ready_path));
  return read_flag(config, "debug.enabled", into.debug_enabled);
}

Error no_server(const Config& config) {
  for (const std::string& name : config.keys("")) {
    if (name != "server" && !config_detail::closest(name, {"server"}).empty())
      return bad_value(config, Config::below("", name),
                       fmt::format("unknown key {}; did you mean server?", name));
  }
  return Error(Code::kNotFound, "CONFIG",
               "the configuration has neither server.http nor server.grpc")
      .with_hint(R"(write server: {http: {addr: ":8080"}, grpc: {addr: ":9000"}})");
}

}  // namespace

Result<ServerConfig> ServerConfig::read(const Config& config) {
  ServerConfig server;
  BIA_TRY(config.only("server", {"http", "grpc"}));
  if (config.has("server.http")) server.http = BIA_TRY(read_http(config));
  const bool shared = server.http && server.http->grpc;
  if (shared || config.has("server.grpc")) server.grpc = BIA_TRY(read_grpc(config, shared));
  if (!server.http && !server.grpc) return no_server(config);
  BIA_TRY(read_the_rest(config, server));
  if (server.http) server.http->cors = BIA_TRY(read_cors(config));
  server.tracing = BIA_TRY(read_tracing(config));
  server.etcd = BIA_TRY(read_registry(config));
  if (server.etcd && !config.has("runtime.drain_delay")) server.drain_delay = kRegistryDrainDelay;
  return server;
}

Result<void> ServerConfig::start_log() const {
  log::set_level(BIA_TRY(parse_log_level(log_level)));
  log::set_masked(log_mask);
  log::set_masked_values(log_mask_values);
  return {};
}

}  // namespace bia
