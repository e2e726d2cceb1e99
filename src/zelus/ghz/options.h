#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/http/proxy.h"
#include "bia/net/tls.h"
#include "zelus/ghz/connection.h"
#include "zelus/ghz/flags.h"
#include "zelus/ghz/schedule.h"

namespace zelus::ghz {

enum class Format {
  kSummary,
  kCsv,
  kJson,
  kPretty,
  kHtml,
  kInfluxSummary,
  kInfluxDetails,
  kPrometheus
};
/// What becomes of calls in flight when the time is up.
enum class DurationStop { kClose, kWait, kIgnore };

/// A run's settings, checked. Names as ghz's flags.
struct Options {
  std::string proto;
  std::string protoset;
  std::string call;
  std::vector<std::string> import_paths;
  bool insecure = false;
  std::string cacert;
  std::string cert;
  std::string key;
  std::string cname;
  bool skip_tls = false;
  std::shared_ptr<const bia::net::TlsClient> tls;        ///< Null where `insecure`.
  std::shared_ptr<const bia::http::ProxyRules> proxies;  ///< Null: none.
  std::string authority;
  uint64_t rps = 0;
  bool async = false;
  Schedule load;     ///< Const: `rps`.
  Schedule workers;  ///< Const: `concurrency`.
  uint64_t concurrency = 50;
  uint64_t total = 200;  ///< 0: until Ctrl-C.
  uint64_t connections = 1;
  bia::Duration timeout{};  ///< 0: none.
  bia::Duration duration{};
  bia::Duration max_duration{};
  bia::Duration connect_timeout{};
  DurationStop duration_stop = DurationStop::kClose;
  std::string data;    ///< JSON text; empty: an empty message.
  std::string binary;  ///< Serialized messages, in place of `data`; see `has_binary`.
  bool has_binary = false;
  bool compress = false;
  Balance balance = Balance::kPickFirst;
  bia::Duration keepalive{};
  bia::Duration stream_interval{};
  bia::Duration stream_call_duration{};  ///< 0: no limit.
  uint64_t stream_call_count = 0;        ///< 0: no limit.
  bool stream_dynamic_messages = false;
  std::string metadata;          ///< JSON object of strings; empty: none.
  std::string reflect_metadata;  ///< the same, for reflection alone
  std::string output;
  std::string debug;   ///< Path; empty: none.
  std::string series;  ///< Path; empty: none.
  Format format = Format::kSummary;
  uint64_t skip_first = 0;
  bool count_errors = false;
  std::string name;
  std::map<std::string, std::string> tags;
  uint64_t cpus = 0;
  uint64_t recv_bytes_max = INT32_MAX;
  uint64_t send_bytes_max = INT32_MAX;
  bool template_functions = true;
  bool template_data = true;
  std::string host;
};

/// Users' totals beyond these are refused: each worker is a fiber, each connection a socket.
inline constexpr uint64_t kConcurrencyMax = 100'000;

/// Checks what was typed as ghz checks it, and reads the files and standard input that it names.
/// Errors: kInvalidArgument with ghz's texts.
bia::Result<Options> make_options(const ParsedFlags& flags,
                                  const std::function<std::string()>& read_stdin);

/// The report's "options" object (durations in nanoseconds).
std::string options_json(const Options& options);

/// "4096", "42 MB" (10^6), "1 kib" (2^10): go-humanize's ParseBytes.
bia::Result<uint64_t> parse_bytes(std::string_view text);

}  // namespace zelus::ghz
