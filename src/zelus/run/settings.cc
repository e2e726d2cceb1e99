#include "zelus/run/settings.h"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>

#include "base/read_file.h"
#include "zelus/options/addresses.h"
#include "zelus/options/duration.h"
#include "zelus/options/json.h"
#include "zelus/options/segment.h"

namespace zelus::run {

using bia::Code;
using bia::Error;
using options::FlagSet;
using options::Options;

namespace {

Error bad(std::string text) { return Error(Code::kInvalidArgument, "BAD_FLAG", std::move(text)); }
Error unbuilt(std::string_view what) {
  return Error(Code::kUnimplemented, "NOT_BUILT",
               fmt::format("{} is known to k6 but not built into zelus", what));
}

std::optional<std::string> look_up(const Environment& environment, const char* name) {
  auto found = environment.find(name);
  return found == environment.end() ? std::nullopt : std::optional(found->second);
}

/// The flag, else the variable, else `otherwise`.
std::string text_of(const FlagSet& flags, std::string_view flag, const Environment& environment,
                    const char* variable, std::string otherwise) {
  if (auto value = flags.text(flag)) return *value;
  return look_up(environment, variable).value_or(std::move(otherwise));
}

bool env_name(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

Result<void> read_tags(const FlagSet& flags, Options& options) {
  for (const std::string& pair : flags.list("tag")) {
    // As k6: an empty one is none.
    if (pair.empty()) continue;
    size_t equals = pair.find('=');
    const char* fault = nullptr;
    if (equals == 0)
      fault = "invalid tag, empty name";
    else if (equals == std::string::npos || equals + 1 == pair.size())
      fault = "invalid tag, empty value";
    if (fault) return bad(fmt::format("error parsing tag '{}': {}", pair, fault));
    if (!options.tags) options.tags.emplace();
    (*options.tags)[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return {};
}

Result<void> read_stages(const FlagSet& flags, Options& options) {
  if (!flags.changed("stage")) return {};
  options.stages.emplace();
  int number = 0;
  for (const std::string& text : flags.list("stage")) {
    auto stage = options::parse_stage(text);
    if (!stage) return bad(fmt::format("error for stage {}: {}", number, stage.error().message()));
    if (!stage->duration)
      return bad(fmt::format("stage {} doesn't have a specified duration", number));
    options.stages->push_back(*stage);
    ++number;
  }
  return {};
}

template <typename T>
void set_list(const FlagSet& flags, std::string_view name, std::optional<T>& out) {
  if (flags.changed(name)) out = flags.list(name);
}

}  // namespace

Result<bool> bool_setting(const FlagSet& flags, std::string_view flag,
                          const Environment& environment, const char* variable, bool otherwise) {
  auto given = flags.boolean(flag);
  auto variable_text = look_up(environment, variable);
  if (!variable_text) return given.value_or(otherwise);
  auto parsed = options::parse_bool(*variable_text);
  if (!parsed)
    return bad(fmt::format("env var '{}' is not a valid boolean value: {}", variable,
                           parsed.error().message()));
  return given.value_or(*parsed);
}

GlobalSettings global_settings(const FlagSet& flags, const Environment& environment) {
  GlobalSettings settings;
  settings.address = text_of(flags, "address", environment, "K6_ADDRESS", "");
  settings.config_given = flags.changed("config") || environment.contains("K6_CONFIG");
  std::string home = look_up(environment, "XDG_CONFIG_HOME")
                         .value_or(look_up(environment, "HOME").value_or("") + "/.config");
  settings.config_path =
      text_of(flags, "config", environment, "K6_CONFIG", home + "/k6/config.json");
  settings.log_output = text_of(flags, "log-output", environment, "K6_LOG_OUTPUT", "stderr");
  settings.log_format = text_of(flags, "log-format", environment, "K6_LOG_FORMAT", "");
  settings.no_color = flags.boolean("no-color")
                          .value_or(look_up(environment, "K6_NO_COLOR").value_or("") != "" ||
                                    environment.contains("NO_COLOR"));
  settings.verbose = flags.boolean("verbose").value_or(false);
  settings.quiet = flags.boolean("quiet").value_or(false);
  settings.profiling = flags.boolean("profiling-enabled")
                           .value_or(environment.contains("K6_PROFILING_ENABLED") &&
                                     look_up(environment, "K6_PROFILING_ENABLED") != "false");
  settings.secret_sources = flags.list("secret-source");
  if (auto source = look_up(environment, "K6_SECRET_SOURCE");
      source && settings.secret_sources.empty()) {
    settings.secret_sources = {*source};
  }
  return settings;
}

namespace {

/// Flags and variables of k6 features that zelus does not have: asking for one is an error that
/// names it.
Result<void> refuse_unbuilt_runtime(const FlagSet& flags, const Environment& environment) {
  std::string traces = text_of(flags, "traces-output", environment, "K6_TRACES_OUTPUT", "none");
  if (traces.starts_with("otel")) return unbuilt("--traces-output (K6_TRACES_OUTPUT)");
  if (traces != "none") return bad(fmt::format("invalid traces output \"{}\"", traces));
  for (const std::string& feature : flags.list("features")) {
    if (!feature.empty()) return unbuilt("--features");
  }
  for (const char* name : {"K6_FEATURES", "K6_DEPENDENCIES_MANIFEST", "K6_BUILD_SERVICE_URL"}) {
    if (!look_up(environment, name).value_or("").empty())
      return unbuilt(fmt::format("the environment variable {}", name));
  }
  return {};
}

Result<void> refuse_secret_source(const std::string& source) {
  std::string_view type = std::string_view(source).substr(0, source.find('='));
  if (type.empty())
    return bad(fmt::format("couldn't parse secret source configuration \"{}\"", source));
  if (type == "file" || type == "mock" || type == "url")
    return unbuilt("--secret-source (K6_SECRET_SOURCE)");
  return bad(
      fmt::format("no secret source for type \"{}\" for configuration \"{}\"", type, source));
}

}  // namespace

Result<RuntimeSettings> runtime_settings(const FlagSet& flags, const Environment& environment,
                                         bool include_system_env) {
  RuntimeSettings settings;
  std::string mode =
      text_of(flags, "compatibility-mode", environment, "K6_COMPATIBILITY_MODE", "extended");
  if (!mode.empty() && mode != "extended" && mode != "base" && mode != "experimental_enhanced") {
    return bad(
        fmt::format("invalid compatibility mode \"{}\". Use: \"extended\", \"base\", "
                    "\"experimental_enhanced\"",
                    mode));
  }
  settings.extended_compatibility = mode != "base";
  settings.enhanced_compatibility = mode == "experimental_enhanced";
  bool system = BIA_TRY(bool_setting(flags, "include-system-env-vars", environment,
                                     "K6_INCLUDE_SYSTEM_ENV_VARS", include_system_env));
  settings.no_thresholds =
      BIA_TRY(bool_setting(flags, "no-thresholds", environment, "K6_NO_THRESHOLDS", false));
  bool no_summary = BIA_TRY(bool_setting(flags, "no-summary", environment, "K6_NO_SUMMARY", false));
  settings.summary_mode = BIA_TRY(summary::parse_mode(
      text_of(flags, "summary-mode", environment, "K6_SUMMARY_MODE", "compact")));
  if (no_summary) settings.summary_mode = summary::Mode::kDisabled;
  settings.machine_readable =
      BIA_TRY(bool_setting(flags, "new-machine-readable-summary", environment,
                           "K6_NEW_MACHINE_READABLE_SUMMARY", false));
  settings.summary_export = text_of(flags, "summary-export", environment, "K6_SUMMARY_EXPORT", "");
  std::string from = text_of(flags, "latency-from", environment, "ZELUS_LATENCY_FROM", "start");
  if (from != "start" && from != "due")
    return bad(
        fmt::format("invalid value \"{}\" of --latency-from. Use: \"start\", \"due\"", from));
  settings.latency_from_due = from == "due";
  settings.type = text_of(flags, "type", environment, "K6_TYPE", "");
  BIA_TRY(refuse_unbuilt_runtime(flags, environment));
  if (system) settings.env = environment;
  for (const std::string& pair : flags.list("env")) {
    if (pair.empty()) continue;
    size_t equals = pair.find('=');
    std::string name = pair.substr(0, equals);
    if (!env_name(name)) return bad(fmt::format("invalid environment variable name '{}'", name));
    settings.env[name] = equals == std::string::npos ? "" : pair.substr(equals + 1);
  }
  return settings;
}

Result<Options> command_line_options(const FlagSet& flags) {
  Options options;
  options.vus = flags.integer("vus");
  options.duration = flags.duration("duration");
  options.iterations = flags.integer("iterations");
  options.paused = flags.boolean("paused");
  options.no_setup = flags.boolean("no-setup");
  options.no_teardown = flags.boolean("no-teardown");
  options.max_redirects = flags.integer("max-redirects");
  options.batch = flags.integer("batch");
  options.batch_per_host = flags.integer("batch-per-host");
  options.rps = flags.integer("rps");
  options.user_agent = flags.text("user-agent");
  options.http_debug = flags.text("http-debug");
  options.insecure_skip_tls_verify = flags.boolean("insecure-skip-tls-verify");
  options.no_connection_reuse = flags.boolean("no-connection-reuse");
  options.no_vu_connection_reuse = flags.boolean("no-vu-connection-reuse");
  options.min_iteration_duration = flags.duration("min-iteration-duration");
  options.throw_errors = flags.boolean("throw");
  options.discard_response_bodies = flags.boolean("discard-response-bodies");
  BIA_TRY(read_stages(flags, options));
  options.execution_segment = flags.text("execution-segment");
  options.execution_segment_sequence = flags.text("execution-segment-sequence");
  BIA_TRY(options::Segment::check(options.execution_segment.value_or(""),
                                  options.execution_segment_sequence.value_or("")));
  set_list(flags, "system-tags", options.system_tags);
  if (!flags.list("blacklist-ip").empty()) options.blacklist_ips = flags.list("blacklist-ip");
  for (const std::string& net : flags.list("blacklist-ip")) {
    if (options::check_cidr(net)) continue;
    return bad(fmt::format("error parsing blacklist-ip '{0}': invalid CIDR address: {0}", net));
  }
  set_list(flags, "block-hostnames", options.block_hostnames);
  for (const std::string& pattern : flags.list("block-hostnames"))
    BIA_TRY(options::check_hostname_pattern(pattern));
  if (auto pool = flags.text("local-ips"); pool && !pool->empty()) {
    BIA_TRY(options::IpPool::parse(*pool));
    options.local_ips = pool;
  }
  set_list(flags, "summary-trend-stats", options.summary_trend_stats);
  for (const std::string& stat : flags.list("summary-trend-stats"))
    BIA_TRY(options::check_trend_stat(stat));
  if (auto unit = flags.text("summary-time-unit"); unit && !unit->empty()) {
    if (*unit != "s" && *unit != "ms" && *unit != "us")
      return bad(fmt::format("invalid summary time unit '{}', use 's', 'ms' or 'us'", *unit));
    options.summary_time_unit = unit;
  }
  BIA_TRY(read_tags(flags, options));
  if (auto file = flags.text("console-output"); file && !file->empty())
    options.console_output = file;
  if (auto dns = flags.text("dns"); dns && !dns->empty()) {
    auto parsed = options::parse_dns(*dns);
    if (!parsed) return bad(parsed.error().message());
    options.dns = std::move(*parsed);
  }
  set_list(flags, "out", options.out);
  if (options.out) std::erase(*options.out, "");
  options.linger = flags.boolean("linger");
  options.no_usage_report = flags.boolean("no-usage-report");
  return options;
}

namespace {

/// Go's names of what config.json is read into.
std::string as_config(std::string text) {
  auto replace = [&](std::string_view what, std::string_view with) {
    if (size_t at = text.find(what); at != std::string::npos) text.replace(at, what.size(), with);
  };
  replace("Go value of type lib.Options", "Go value of type cmd.Config");
  replace("struct field Options.out ", "struct field Config.out ");
  replace("struct field Options.", "struct field Config.Options.");
  return text;
}

}  // namespace

Result<Options> config_file_options(const GlobalSettings& settings) {
  auto failed = [&](std::string_view what) {
    return options::with_exit(
        bad(fmt::format("failed to load the configuration file from the local file system: {}",
                        what)),
        options::kExitInvalidConfig);
  };
  const auto text = bia::read_file(settings.config_path);
  if (!text && text.error().code() == Code::kNotFound) {
    if (!settings.config_given) return Options();
    return failed(fmt::format("stat {}: no such file or directory", settings.config_path));
  }
  if (!text) return failed(text.error().message());
  auto options = options::parse_config_file(*text);
  if (options) return options;
  if (options.error().reason() == "BAD_DNS_TTL") return options;
  return failed(fmt::format("couldn't parse the configuration from \"{}\": {}",
                            settings.config_path, as_config(options.error().message())));
}

Result<std::map<std::string, std::string>> config_file_collectors(const GlobalSettings& settings) {
  std::map<std::string, std::string> collectors;
  const auto text = bia::read_file(settings.config_path);
  if (!text) return collectors;  // config_file_options says so where it matters
  rapidjson::Document document;
  BIA_TRY(options::parse_json(*text, document));
  if (!document.IsObject()) return collectors;
  for (const options::JsonMember& member : options::members(document)) {
    if (!options::same_name(member.name, "collectors") || member.value->IsNull()) continue;
    if (!member.value->IsObject())
      return options::with_exit(
          bad(fmt::format("`collectors` of {} is no JSON object", settings.config_path)),
          options::kExitInvalidConfig);
    for (const options::JsonMember& output : options::members(*member.value))
      if (!output.value->IsNull())
        collectors[std::string(output.name)] = options::dump(*output.value);
  }
  return collectors;
}

Result<void> refuse_unbuilt(const Options& options, const GlobalSettings& global) {
  auto refuse = [](bool given, std::string_view name) -> Result<void> {
    if (given) return unbuilt(name);
    return {};
  };
  BIA_TRY(refuse(global.profiling, "--profiling-enabled"));
  for (const std::string& source : global.secret_sources) BIA_TRY(refuse_secret_source(source));
  BIA_TRY(refuse(options.paused.value_or(false) && global.address.empty(),
                 "option `paused` (--paused) without --address, which resumes the test,"));
  BIA_TRY(refuse(options.web_dashboard.value_or(false), "the web dashboard (K6_WEB_DASHBOARD)"));
  if (options.scenarios) {
    for (const auto& [name, scenario] : *options.scenarios)
      BIA_TRY(refuse(scenario.browser(), "option `browser` of scenario " + name));
  }
  return {};
}

}  // namespace zelus::run
