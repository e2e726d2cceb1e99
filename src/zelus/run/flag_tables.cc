#include "zelus/run/flag_tables.h"

#include <cstdlib>

namespace zelus::run {

using options::Flag;
using Kind = options::Flag::Kind;

const std::vector<Flag>& option_flags() {
  static const std::vector<Flag> kFlags = {
      {"vus", 'u', Kind::kInt, "1", "number of virtual users"},
      {"duration", 'd', Kind::kDuration, "", "test duration limit"},
      {"iterations", 'i', Kind::kInt, "", "script total iteration limit (among all VUs)"},
      {"stage", 's', Kind::kStringSlice, "", "add a `stage`, as `[duration]:[target]`"},
      {"execution-segment", 0, Kind::kString, "",
       "limit execution to the specified segment, e.g. 10%, 1/3, 0.2:2/3"},
      {"execution-segment-sequence", 0, Kind::kString, "", "the execution segment sequence"},
      {"paused", 'p', Kind::kBool, "", "start the test in a paused state"},
      {"no-setup", 0, Kind::kBool, "", "don't run setup()"},
      {"no-teardown", 0, Kind::kBool, "", "don't run teardown()"},
      {"max-redirects", 0, Kind::kInt, "10", "follow at most n redirects"},
      {"batch", 0, Kind::kInt, "20", "max parallel batch reqs"},
      {"batch-per-host", 0, Kind::kInt, "6", "max parallel batch reqs per host"},
      {"rps", 0, Kind::kInt, "", "limit requests per second"},
      {"user-agent", 0, Kind::kString, "Grafana k6/2.2.0", "user agent for http requests"},
      {"http-debug", 0, Kind::kString, "",
       "log all HTTP requests and responses. Excludes body by default. To include body use "
       "'--http-debug=full'",
       "headers"},
      {"insecure-skip-tls-verify", 0, Kind::kBool, "", "skip verification of TLS certificates"},
      {"no-connection-reuse", 0, Kind::kBool, "", "disable keep-alive connections"},
      {"no-vu-connection-reuse", 0, Kind::kBool, "", "don't reuse connections between iterations"},
      {"min-iteration-duration", 0, Kind::kDuration, "",
       "minimum amount of time zelus will take executing a single iteration"},
      {"throw", 'w', Kind::kBool, "", "throw warnings (like failed http requests) as errors"},
      {"blacklist-ip", 0, Kind::kStringSlice, "", "blacklist an `ip range` from being called"},
      {"block-hostnames", 0, Kind::kStringSlice, "",
       "block a case-insensitive hostname `pattern`, with optional leading wildcard, from being "
       "called"},
      {"summary-trend-stats", 0, Kind::kStringSlice, "",
       "define `stats` for trend metrics (response times), one or more as 'avg,p(95),...' (default "
       "'avg, min, med, max, p(90), p(95)')"},
      {"summary-time-unit", 0, Kind::kString, "",
       "define the time unit used to display the trend stats. Possible units are: 's', 'ms' and "
       "'us'"},
      {"system-tags", 0, Kind::kStringSlice, "",
       "only include these system tags in metrics (default \"proto, subproto, status, method, url, "
       "name, group, check, error, error_code, "
       "tls_version, scenario, service, expected_response\")"},
      {"tag", 0, Kind::kStringArray, "",
       "add a `tag` to be applied to all samples, as `[name]=[value]`"},
      {"console-output", 0, Kind::kString, "",
       "redirects the console logging to the provided output file"},
      {"discard-response-bodies", 0, Kind::kBool, "",
       "Read but don't process or save HTTP response bodies"},
      {"local-ips", 0, Kind::kString, "",
       "Client IP Ranges and/or CIDRs from which each VU will be making requests, e.g. "
       "'192.168.220.1,192.168.0.10-192.168.0.25', "
       "'fd:1::0/120', etc."},
      {"dns", 0, Kind::kString, "ttl=5m,select=random,policy=preferIPv4",
       "DNS resolver configuration. Possible ttl values are: 'inf' for a persistent cache, '0' to "
       "disable the cache, or a positive duration, "
       "e.g. '1s', '1m', etc. Milliseconds are assumed if no unit is provided. Possible select "
       "values to return a single IP are: 'first', "
       "'random' or 'roundRobin'. Possible policy values are: 'preferIPv4', 'preferIPv6', "
       "'onlyIPv4', 'onlyIPv6' or 'any'."},
  };
  return kFlags;
}

const std::vector<Flag>& runtime_flags() {
  static const std::vector<Flag> kFlags = {
      {"include-system-env-vars", 0, Kind::kBool, "true",
       "pass the real system environment variables to the runtime"},
      {"compatibility-mode", 0, Kind::kString, "extended",
       "JavaScript compiler compatibility mode, \"extended\" or \"base\"\nbase: pure ES6+\n"
       "extended: base + sets \"global\" as alias for \"globalThis\"\n"},
      {"type", 't', Kind::kString, "", "override test type, \"js\" or \"archive\""},
      {"env", 'e', Kind::kStringArray, "", "add/override environment variable with `VAR=value`"},
      {"no-thresholds", 0, Kind::kBool, "", "don't run thresholds"},
      {"no-summary", 0, Kind::kBool, "", "don't show the summary at the end of the test", "",
       "use --summary-mode=disabled instead"},
      {"summary-mode", 0, Kind::kString, "compact",
       "determine the summary mode, \"compact\", \"full\", \"legacy\" or \"disabled\""},
      {"summary-export", 0, Kind::kString, "",
       "output the end-of-test summary report to JSON file"},
      {"new-machine-readable-summary", 0, Kind::kBool, "",
       "enables the new machine-readable summary, which is used for summary exports and as "
       "handleSummary() argument"},
      {"traces-output", 0, Kind::kString, "none",
       "set the output for k6 traces, possible values are none,otel[=host:port]"},
      {"modules-lock", 0, Kind::kBool, "",
       "not in k6: fetch https:// modules anew and write their hashes into zelus.lock beside the "
       "script; later runs take what has these hashes and nothing else"},
      {"modules-offline", 0, Kind::kBool, "",
       "not in k6: take https:// modules from the cache, never from the network"},
  };
  return kFlags;
}

const std::vector<Flag>& config_flags() {
  static const std::vector<Flag> kFlags = {
      {"out", 'o', Kind::kStringArray, "", "`uri` for an external metrics database"},
      {"linger", 'l', Kind::kBool, "", "keep the API server alive past test end"},
      {"no-usage-report", 0, Kind::kBool, "", "does nothing: zelus never sends usage reports"},
      {"latency-from", 0, Kind::kString, "start",
       "not in k6: \"due\" counts durations of arrival-rate executors from when an iteration "
       "should "
       "have begun, so that a stalled server cannot hide, and records iteration_start_delay"},
      {"features", 0, Kind::kStringArray, "", "enable feature flags (comma-separated)"},
  };
  return kFlags;
}

const std::vector<Flag>& global_flags() {
  static const std::vector<Flag> kFlags = {
      {"address", 'a', Kind::kString, "",
       "address for the REST API server (e.g. localhost:6565); the server is disabled when not "
       "set"},
      {"config", 'c', Kind::kString, "$HOME/.config/k6/config.json", "JSON config file"},
      {"log-format", 0, Kind::kString, "", "log output format"},
      {"log-output", 0, Kind::kString, "stderr",
       "change the output for k6 logs, possible values are: 'stderr', 'stdout', 'none', "
       "'file[=./path.fileformat]'"},
      {"no-color", 0, Kind::kBool, "", "disable colored output"},
      {"profiling-enabled", 0, Kind::kBool, "",
       "enable profiling (pprof) endpoints, requires the REST API to be enabled (--address)"},
      {"quiet", 'q', Kind::kBool, "", "disable progress updates"},
      {"secret-source", 0, Kind::kStringArray, "",
       "setting secret sources for k6 file[=./path.fileformat],"},
      {"verbose", 'v', Kind::kBool, "", "enable verbose logging"},
  };
  return kFlags;
}

std::vector<Flag> run_flags() {
  std::vector<Flag> all = option_flags();
  for (const auto* more : {&runtime_flags(), &config_flags(), &global_flags()})
    all.insert(all.end(), more->begin(), more->end());
  return all;
}

}  // namespace zelus::run
