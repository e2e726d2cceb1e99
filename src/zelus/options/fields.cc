#include "zelus/options/fields.h"

#include <array>

namespace zelus::options {

namespace {
using O = Options;
const std::array kFields = {
    Field{"paused", "K6_PAUSED", "Paused", &O::paused},
    Field{"vus", "K6_VUS", "VUs", &O::vus},
    Field{"duration", "K6_DURATION", "Duration", &O::duration},
    Field{"iterations", "K6_ITERATIONS", "Iterations", &O::iterations},
    Field{"stages", "K6_STAGES", "Stages", &O::stages},
    Field{"scenarios", "", "Scenarios", &O::scenarios},
    Field{"executionSegment", "", "ExecutionSegment", &O::execution_segment},
    Field{"executionSegmentSequence", "", "ExecutionSegmentSequence",
          &O::execution_segment_sequence},
    Field{"noSetup", "K6_NO_SETUP", "NoSetup", &O::no_setup},
    Field{"setupTimeout", "K6_SETUP_TIMEOUT", "SetupTimeout", &O::setup_timeout},
    Field{"noTeardown", "K6_NO_TEARDOWN", "NoTeardown", &O::no_teardown},
    Field{"teardownTimeout", "K6_TEARDOWN_TIMEOUT", "TeardownTimeout", &O::teardown_timeout},
    Field{"handleSummaryTimeout", "K6_HANDLE_SUMMARY_TIMEOUT", "HandleSummaryTimeout",
          &O::handle_summary_timeout},
    Field{"rps", "K6_RPS", "RPS", &O::rps},
    Field{"dns", "K6_DNS", "DNS", &O::dns},
    Field{"maxRedirects", "K6_MAX_REDIRECTS", "MaxRedirects", &O::max_redirects},
    Field{"userAgent", "K6_USER_AGENT", "UserAgent", &O::user_agent},
    Field{"batch", "K6_BATCH", "Batch", &O::batch},
    Field{"batchPerHost", "K6_BATCH_PER_HOST", "BatchPerHost", &O::batch_per_host},
    Field{"httpDebug", "K6_HTTP_DEBUG", "HTTPDebug", &O::http_debug},
    Field{"insecureSkipTLSVerify", "K6_INSECURE_SKIP_TLS_VERIFY", "InsecureSkipTLSVerify",
          &O::insecure_skip_tls_verify},
    Field{"tlsCipherSuites", "K6_TLS_CIPHER_SUITES", "TLSCipherSuites", &O::tls_cipher_suites},
    Field{"tlsVersion", "", "TLSVersion", &O::tls_version},
    Field{"tlsAuth", "K6_TLSAUTH", "TLSAuth", &O::tls_auth},
    Field{"throw", "K6_THROW", "Throw", &O::throw_errors},
    Field{"thresholds", "K6_THRESHOLDS", "Thresholds", &O::thresholds},
    Field{"blacklistIPs", "K6_BLACKLIST_IPS", "BlacklistIPs", &O::blacklist_ips},
    Field{"blockHostnames", "K6_BLOCK_HOSTNAMES", "BlockedHostnames", &O::block_hostnames},
    Field{"hosts", "K6_HOSTS", "Hosts", &O::hosts},
    Field{"noConnectionReuse", "K6_NO_CONNECTION_REUSE", "NoConnectionReuse",
          &O::no_connection_reuse},
    Field{"noVUConnectionReuse", "K6_NO_VU_CONNECTION_REUSE", "NoVUConnectionReuse",
          &O::no_vu_connection_reuse},
    Field{"minIterationDuration", "K6_MIN_ITERATION_DURATION", "MinIterationDuration",
          &O::min_iteration_duration},
    Field{"cloud", "", "Cloud", &O::cloud_json},
    Field{"ext", "", "External", &O::ext},
    Field{"summaryTrendStats", "K6_SUMMARY_TREND_STATS", "SummaryTrendStats",
          &O::summary_trend_stats},
    Field{"summaryTimeUnit", "K6_SUMMARY_TIME_UNIT", "SummaryTimeUnit", &O::summary_time_unit},
    Field{"systemTags", "K6_SYSTEM_TAGS", "SystemTags", &O::system_tags},
    Field{"tags", "K6_TAGS", "RunTags", &O::tags},
    Field{"metricSamplesBufferSize", "K6_METRIC_SAMPLES_BUFFER_SIZE", "MetricSamplesBufferSize",
          &O::metric_samples_buffer_size},
    Field{"noCookiesReset", "K6_NO_COOKIES_RESET", "NoCookiesReset", &O::no_cookies_reset},
    Field{"discardResponseBodies", "K6_DISCARD_RESPONSE_BODIES", "DiscardResponseBodies",
          &O::discard_response_bodies},
    Field{"features", "", "Features", &O::features},
    Field{"", "K6_CONSOLE_OUTPUT", "ConsoleOutput", &O::console_output},
    Field{"", "K6_LOCAL_IPS", "LocalIPs", &O::local_ips},
    Field{"out", "K6_OUT", "Out", &O::out, true},
    Field{"linger", "K6_LINGER", "Linger", &O::linger, true},
    Field{"noUsageReport", "K6_NO_USAGE_REPORT", "NoUsageReport", &O::no_usage_report, true},
    Field{"webDashboard", "K6_WEB_DASHBOARD", "WebDashboard", &O::web_dashboard, true},
};
}  // namespace

std::span<const Field> fields() { return kFields; }

}  // namespace zelus::options
