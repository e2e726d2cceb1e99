#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "zelus/options/logger.h"
#include "zelus/options/scenario.h"

namespace zelus::options {

/// One entry of `thresholds`: the expression as written, not parsed (zelus/metrics does that).
struct ThresholdSpec {
  std::string expression;
  bool abort_on_fail = false;
  Duration delay_abort_eval{0};
};

struct DnsOptions {
  std::optional<std::string> ttl, select, policy;
};
struct TlsVersions {
  std::string min, max;
};
/// `tlsAuth`: PEM texts.
struct TlsAuth {
  std::string cert, key;
  std::optional<std::string> password;
  std::vector<std::string> domains;
};

using StringList = std::vector<std::string>;
using StringMap = std::map<std::string, std::string>;
using ThresholdMap = std::map<std::string, std::vector<ThresholdSpec>>;

/// k6's options as one layer (config.json, script, environment, command line) or all of them give
/// them; unset is nullopt. Names and meaning: parity/k6.md 3.
struct Options {
  std::optional<bool> paused;
  std::optional<int64_t> vus;
  std::optional<Duration> duration;
  std::optional<int64_t> iterations;
  std::optional<std::vector<Stage>> stages;
  std::optional<ScenarioMap> scenarios;
  std::optional<std::string> execution_segment;
  std::optional<std::string> execution_segment_sequence;
  std::optional<bool> no_setup;
  std::optional<Duration> setup_timeout;
  std::optional<bool> no_teardown;
  std::optional<Duration> teardown_timeout;
  std::optional<Duration> handle_summary_timeout;
  std::optional<int64_t> rps;
  DnsOptions dns;
  std::optional<int64_t> max_redirects;
  std::optional<std::string> user_agent;
  std::optional<int64_t> batch;
  std::optional<int64_t> batch_per_host;
  std::optional<std::string> http_debug;
  std::optional<bool> insecure_skip_tls_verify;
  std::optional<StringList> tls_cipher_suites;
  std::optional<TlsVersions> tls_version;
  std::optional<std::vector<TlsAuth>> tls_auth;
  std::optional<bool> throw_errors;
  std::optional<ThresholdMap> thresholds;
  std::optional<StringList> blacklist_ips;
  std::optional<StringList> block_hostnames;
  std::optional<StringMap> hosts;
  std::optional<bool> no_connection_reuse;
  std::optional<bool> no_vu_connection_reuse;
  std::optional<Duration> min_iteration_duration;
  std::optional<std::string> cloud_json;
  std::optional<StringMap> ext;
  std::optional<StringList> summary_trend_stats;
  std::optional<std::string> summary_time_unit;
  std::optional<StringList> system_tags;
  std::optional<StringMap> tags;
  std::optional<int64_t> metric_samples_buffer_size;
  std::optional<bool> no_cookies_reset;
  std::optional<bool> discard_response_bodies;
  std::optional<StringList> features;
  // Not for scripts: command line, environment or config.json.
  std::optional<std::string> console_output;
  std::optional<std::string> local_ips;
  std::optional<StringList> out;
  std::optional<bool> linger;
  std::optional<bool> no_usage_report;
  std::optional<bool> web_dashboard;
};

/// k6's default `summaryTrendStats` and `systemTags`.
const StringList& default_trend_stats();
const StringList& default_system_tags();

/// Lays `upper` over `lower`, k6's Options.Apply: `duration`, `iterations`, `stages` and
/// `scenarios` replace each other.
void apply(Options& lower, const Options& upper);
/// k6's warning when a layer above `below` (named "script", "env" or "cli") overrides its
/// scenarios.
void warn_on_override(const Options& below, const Options& above, std::string_view layer,
                      Logger& log);

/// The four layers, lowest first, with k6's defaults laid below. Errors: an invalid trend stat.
Result<Options> consolidate(const Options& config_file, const Options& script,
                            const Options& environment, const Options& command_line, Logger& log);
/// Turns `iterations`, `duration`, `stages` or nothing into the scenario `default`. Errors
/// (metadata exit=104): options that exclude each other.
Result<void> derive_scenarios(Options& options, Logger& log);
/// All that k6 checks before a run, in one message. `functions`: the script's exports. Errors
/// (exit=104).
Result<void> validate(const Options& options, const std::vector<std::string>& functions);

/// `export const options` as JSON. Type errors carry k6's texts and exit=104; unknown fields only
/// warn (`first_unknown` names the first).
Result<Options> parse_script_options(std::string_view json, std::string* first_unknown);
/// config.json: the script's keys and out, linger, noUsageReport, webDashboard. Unknown keys are
/// ignored, as k6 does.
Result<Options> parse_config_file(std::string_view json);
/// K6_VUS and so on (parity/k6.md 1.3). Errors (exit=104) as envconfig words them.
Result<Options> parse_environment(const std::map<std::string, std::string>& environment);

/// "10s:5" of --stage and K6_STAGES.
Result<Stage> parse_stage(std::string_view text);
/// --dns and K6_DNS: "ttl=5m,select=random,policy=preferIPv4".
Result<DnsOptions> parse_dns(std::string_view text);
Result<void> check_dns(const DnsOptions& dns);
/// Errors: "failed to parse CIDR 'x': invalid CIDR address: x".
Result<void> check_cidr(std::string_view text);
Result<void> check_hostname_pattern(std::string_view pattern);
/// A key of `hosts`: a pattern that may end with a port.
Result<void> check_host_pattern(std::string_view pattern);
/// avg, min, med, max, count, p(N). Errors: "invalid trend stat 'x', unknown format".
Result<void> check_trend_stat(std::string_view stat);

/// What `inspect` prints: every option, unset ones null, k6's order.
/// Without indentation.
std::string to_json(const Options& options);
/// The same for scripts while the run goes on: without the short forms of scenarios, with what only
/// the command line sets.
std::string to_script_json(const Options& options);

/// An error that ends k6 with that code: kept in the error's metadata "exit".
bia::Error with_exit(bia::Error error, int code);
/// The code in the metadata, else `otherwise`.
int exit_of(const bia::Error& error, int otherwise = 255);
inline constexpr int kExitInvalidConfig = 104;

}  // namespace zelus::options
