#include "zelus/run/test_run.h"

#include <fmt/format.h>

#include "zelus/run/description.h"
#include "zelus/run/remote_options.h"

namespace zelus::run {

using bia::Code;
using bia::Error;
using bia::fiber::Scheduler;
using options::LogLevel;

namespace {

constexpr int kExitMarkedAsFailed = 110;

/// zelus/metrics' form of `thresholds`.
metrics::ThresholdSpecs threshold_specs(const options::Options& options) {
  metrics::ThresholdSpecs specs;
  if (!options.thresholds) return specs;
  for (const auto& [metric, list] : *options.thresholds) {
    auto& out = specs[metric];
    for (const options::ThresholdSpec& spec : list) {
      metrics::ThresholdSpec converted;
      converted.expression = spec.expression;
      converted.abort_on_fail = spec.abort_on_fail;
      if (spec.delay_abort_eval > bia::Duration(0))
        converted.delay_abort_eval = spec.delay_abort_eval;
      out.push_back(std::move(converted));
    }
  }
  return specs;
}

/// Suites that Go still has and OpenSSL 3 has not.
bool is_gone_suite(std::string_view name) {
  return name.find("_WITH_RC4_") != std::string_view::npos ||
         name.find("_WITH_3DES_") != std::string_view::npos;
}

bia::Result<void> set_ciphers(const std::vector<std::string>& names, options::Logger& log,
                              std::string& ciphers) {
  for (const std::string& name : names) {
    // OpenSSL's own names are none to k6.
    if (!name.starts_with("TLS_"))
      return Error(Code::kInvalidArgument, "BAD_CIPHER",
                   fmt::format("unknown cipher suite '{}'", name));
    if (is_gone_suite(name)) {
      log.log(LogLevel::kWarning,
              fmt::format("tlsCipherSuites: {} is not offered: OpenSSL does not have it", name));
      continue;
    }
    ciphers += (ciphers.empty() ? "" : ":") + name;
  }
  if (!ciphers.empty() || names.empty()) return {};
  return Error(Code::kInvalidArgument, "BAD_CIPHER",
               "tlsCipherSuites: OpenSSL has none of them; name one more, such as "
               "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
}

/// k6's names: insecureSkipTLSVerify, tlsVersion, tlsCipherSuites, tlsAuth, SSLKEYLOGFILE.
bia::Result<bia::net::TlsClientOptions> tls_options(const options::Options& options,
                                                    const Environment& environment,
                                                    options::Logger& log) {
  bia::net::TlsClientOptions tls;
  tls.alpn = {"h2", "http/1.1"};
  tls.ocsp = bia::net::TlsClientOptions::Ocsp::kAsk;  // `response.ocsp`; Go always asks.
  if (auto debug = environment.find("GODEBUG");
      debug != environment.end() && debug->second.find("http2client=0") != std::string::npos)
    tls.alpn = {"http/1.1"};
  bool given = false;
  if (options.insecure_skip_tls_verify.value_or(false))
    tls.verify = bia::net::TlsClientOptions::Verify::kInsecureSkip;
  if (options.tls_version) {
    given = true;
    auto limit = [](const std::string& name, bia::net::TlsVersion& into) -> bia::Result<void> {
      if (!name.empty()) into = BIA_TRY(bia::net::parse_tls_version(name));
      return {};
    };
    BIA_TRY(limit(options.tls_version->min, tls.limits.min));
    BIA_TRY(limit(options.tls_version->max, tls.limits.max));
  }
  if (options.tls_cipher_suites) {
    given = given || !options.tls_cipher_suites->empty();
    BIA_TRY(set_ciphers(*options.tls_cipher_suites, log, tls.limits.ciphers));
  }
  if (options.tls_auth) {
    for (const auto& auth : *options.tls_auth) {
      given = true;
      if (auth.cert.find("-----BEGIN") == std::string::npos)
        return Error(Code::kInvalidArgument, "BAD_CERTIFICATE",
                     "tls: failed to find any PEM data in certificate input");
      bia::net::TlsCertificate certificate;
      certificate.certificate_pem = auth.cert;
      certificate.key_pem = auth.key;
      certificate.key_password = auth.password.value_or("");
      tls.certificates.push_back(std::move(certificate));
    }
  }
  if (auto file = environment.find("SSLKEYLOGFILE");
      file != environment.end() && !file->second.empty()) {
    given = true;
    tls.key_log_file = file->second;
  }
  // What is wrong with them is said before the run.
  if (given) BIA_TRY(bia::net::TlsClient::create(tls));
  return tls;
}

exec::UserOptions user_options(const options::Options& options) {
  exec::UserOptions user;
  auto set = [](auto& out, const auto& value) {
    if (value) out = static_cast<std::remove_reference_t<decltype(out)>>(*value);
  };
  user.user_agent = options.user_agent.value_or("Grafana k6/2.2.0");
  user.options_json = options::to_script_json(options);
  user.http_debug = options.http_debug.value_or("");
  if (options.max_redirects) user.max_redirects = static_cast<int>(*options.max_redirects);
  set(user.batch, options.batch);
  set(user.batch_per_host, options.batch_per_host);
  set(user.rps, options.rps);
  set(user.throw_on_failed_request, options.throw_errors);
  set(user.discard_response_bodies, options.discard_response_bodies);
  set(user.no_connection_reuse, options.no_connection_reuse);
  set(user.no_vu_connection_reuse, options.no_vu_connection_reuse);
  set(user.no_cookies_reset, options.no_cookies_reset);
  user.system_tags = options.system_tags;
  if (options.tags) user.tags.assign(options.tags->begin(), options.tags->end());
  return user;
}

}  // namespace

Result<metrics::Thresholds> validated_thresholds(const options::Options& options,
                                                 const LoadedTest& test,
                                                 metrics::Registry& registry) {
  const auto tags = metrics::SystemTags::of(*options.system_tags);
  const metrics::ThresholdSpecs specs = threshold_specs(options);
  auto invalid = [](Error error) {
    return options::with_exit(std::move(error), options::kExitInvalidConfig);
  };
  const bool none = test.runtime.no_thresholds;
  for (const auto& [metric, list] : specs) {
    for (const auto& spec : list) {
      if (none) break;
      if (auto parsed = metrics::parse_threshold(spec.expression); !parsed)
        return invalid(std::move(parsed).error());
    }
  }
  BIA_TRY(options::validate(options, test.info.functions));
  if (none) return metrics::Thresholds::none(specs, registry, tags);
  auto thresholds = metrics::Thresholds::create(specs, registry, tags);
  if (!thresholds) return invalid(std::move(thresholds).error());
  return thresholds;
}

TestRun::TestRun(Setup setup) : setup_(std::move(setup)) {}
TestRun::~TestRun() = default;

Result<void> TestRun::run() {
  start_signals();
  Result<void> result = run_trapped();
  if (result) setup_.log->log(LogLevel::kDebug, "Everything has finished, exiting k6 normally!");
  if (signals_.valid()) {
    signals_.cancel();
    signals_.join().ignore("it ends by itself");
  }
  return result;
}

Result<void> TestRun::run_trapped() {
  // On a thread that runs users, so that a script that never ends leaves this one able to answer
  // signals.
  test_ = BIA_TRY(load_test(
      {setup_.flags->arguments().front(), setup_.flags, setup_.environment, setup_.read_stdin},
      *setup_.factory, registry_, *setup_.log, setup_.threads->scheduler(1)));
  if (test_.runtime.latency_from_due)
    BIA_TRY(registry_.define("iteration_start_delay", metrics::MetricType::kTrend,
                             metrics::Contains::kTime));
  BIA_TRY(configure());
  if (!setup_.global->quiet) {
    bool color = setup_.terminal->out_is_tty() && !setup_.global->no_color;
    setup_.terminal->write_out(color ? fmt::format("\n\x1b[33m{}\x1b[0m\n\n", banner())
                                     : fmt::format("\n{}\n\n", banner()));
  }
  Result<void> result = prepare();
  if (result) result = conclude(execute());
  stop_rest();
  stop_progress();
  for (auto& helper : helpers_) helper.cancel();
  for (auto& helper : helpers_) helper.join().ignore("it ends by itself");
  // Nothing after conclude(), unless that had no snapshot.
  if (outputs_) {
    if (auto stopped = outputs_->stop_early(); !stopped)
      setup_.log->log(LogLevel::kError, stopped.error().message());
  }
  left_ = engine_ && setup_.leaves;
  if (left_) {
    engine_->leave_users();
  } else if (engine_) {
    engine_->destroy_users();
  }
  return result;
}

Result<void> TestRun::configure() {
  options_ = BIA_TRY(
      consolidated_options(*setup_.flags, *setup_.global, *setup_.environment, test_, *setup_.log));
  setup_.log->log(LogLevel::kDebug, "Parsing thresholds and validating config...");
  threshold_specs_ = threshold_specs(options_);
  thresholds_ = std::make_unique<metrics::Thresholds>(
      BIA_TRY(validated_thresholds(options_, test_, registry_)));
  segment_ = BIA_TRY(options::Segment::create(options_.execution_segment.value_or(""),
                                              options_.execution_segment_sequence.value_or("")));
  BIA_TRY(refuse_unbuilt(options_, *setup_.global));
  addresses_ = BIA_TRY(options::AddressRules::of(options_));
  if (options_.console_output) BIA_TRY(setup_.log->set_console_file(*options_.console_output));
  return {};
}

void TestRun::make_shards() {
  aggregator_ = std::make_unique<metrics::Aggregator>(*thresholds_);
  for (size_t i = 0; i < setup_.threads->size(); ++i) {
    shards_.push_back(std::make_unique<metrics::Shard>(registry_));
    aggregator_->add_shard(setup_.threads->scheduler(i), *shards_.back());
  }
}

Result<void> TestRun::create_outputs() {
  output::Context context{*setup_.log,
                          *setup_.environment,
                          metrics::SystemTags::of(*options_.system_tags),
                          *thresholds_,
                          threshold_specs_,
                          [this](std::string_view text) { setup_.terminal->write_out(text); },
                          BIA_TRY(config_file_collectors(*setup_.global))};
  static const options::StringList kNone;
  outputs_ =
      BIA_TRY(output::Outputs::create(options_.out ? *options_.out : kNone, std::move(context)));
  return {};
}

Result<void> TestRun::start_outputs() {
  std::vector<output::Outputs::Source> sources;
  for (size_t i = 0; i < shards_.size(); ++i)
    sources.push_back({&setup_.threads->scheduler(i), shards_[i].get()});
  setup_.log->log(LogLevel::kDebug, fmt::format("Starting {} outputs...", outputs_->size()),
                  {{"component", "output-manager"}});
  return outputs_->start(*aggregator_, std::move(sources));
}

Result<void> TestRun::prepare() {
  setup_.log->log(LogLevel::kDebug, "Initializing the execution scheduler...");
  make_shards();
  std::vector<exec::Worker> workers;
  for (size_t i = 1; i < setup_.threads->size(); ++i)
    workers.push_back({&setup_.threads->scheduler(i), shards_[i].get()});
  state_ = std::make_unique<exec::RunState>(workers.size());
  exec::UserOptions users = user_options(options_);
  auto tls = tls_options(options_, *setup_.environment, *setup_.log);
  if (!tls) return options::with_exit(std::move(tls).error(), options::kExitInvalidConfig);
  users.tls = std::move(*tls);
  users.proxies = BIA_TRY(proxies_of(*setup_.environment));
  users.addresses = addresses_;
  users.latency_from_due = test_.runtime.latency_from_due;
  BIA_TRY(setup_.factory->configure(users, *state_, state_->stop_flag()));
  auto dropped = [this](std::string_view scenario, uint64_t count) {
    metrics::Shard& shard = *shards_[0];
    const metrics::TagSet* tags = shard.tags().empty();
    if (options_.tags) tags = shard.tags().of({options_.tags->begin(), options_.tags->end()});
    if (metrics::SystemTags::of(*options_.system_tags).has(metrics::SystemTag::kScenario))
      tags = shard.tags().with(tags, "scenario", scenario);
    shard.add(metrics::kDroppedIterations, tags, static_cast<double>(count));
  };
  engine_ = BIA_TRY(
      exec::Engine::create({&options_, segment_, std::move(workers), setup_.factory, state_.get(),
                            setup_.log, test_.info.has_setup, test_.info.has_teardown, dropped}));
  start_progress();
  BIA_TRY(create_outputs());
  engine_->set_init_text("Starting outputs");
  BIA_TRY(start_outputs());
  BIA_TRY(start_rest());
  if (!setup_.global->quiet) {
    Description about{test_.source.name, outputs_->description(),
                      setup_.terminal->out_is_tty() && !setup_.global->no_color};
    setup_.terminal->write_out(describe_run(about, options_, segment_, engine_->plan()));
  }
  return {};
}

Result<void> TestRun::execute() {
  trapped_ = true;
  setup_.log->log(LogLevel::kDebug,
                  "Trapping interrupt signals so k6 can handle them gracefully...");
  if (test_.runtime.summary_mode == summary::Mode::kLegacy) {
    setup_.log->log(LogLevel::kWarning,
                    "The \"legacy\" summary mode has been deprecated, and will be removed by k6 "
                    "v2.0. Please, migrate to either \"compact\" or "
                    "\"full\" as soon as possible.");
  }
  setup_.log->log(LogLevel::kDebug, "Starting emission of VUs and VUsMax metrics...");
  start_gauges();
  start_thresholds();
  start_series_watch();
  cpu_before_ = process_cpu_time();
  if (options_.paused.value_or(false)) engine_->start_paused();
  BIA_TRY(engine_->init_users());
  Result<void> result = engine_->run();
  if (options_.linger.value_or(false)) wait_for_signal();
  if (!result) return result;
  if (state_->iterations_completed() == 0) {
    setup_.log->log(
        LogLevel::kWarning,
        "No script iterations fully finished, consider making the test duration longer");
  }
  if (state_->failed()) {
    return options::with_exit(
        Error(Code::kAborted, "MARKED_AS_FAILED", "test run was marked as failed"),
        kExitMarkedAsFailed);
  }
  setup_.log->log(LogLevel::kDebug, "Test finished cleanly");
  return {};
}

}  // namespace zelus::run
