#include "zelus/output/prometheus_rw.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "bia/fiber/scheduler.h"
#include "bia/http/client.h"
#include "zelus/output/prometheus_config.h"
#include "zelus/output/remote_write.h"

namespace zelus::output {
namespace {

using metrics::MetricType;
using metrics::Snapshot;

constexpr Duration kSendTimeout = std::chrono::seconds(5);
/// Between tries, doubled each time; all tries of a push together take no longer than its interval.
constexpr Duration kRetryFirst = std::chrono::milliseconds(50);
constexpr options::LogField kOutputField = {"output", "Prometheus remote write"};

// "p(99.9)" → "p999": what follows the metric's name.
std::string stat_suffix(const metrics::TrendStat& stat) {
  if (stat.kind != metrics::TrendStat::Kind::kPercentile) return stat.name;
  std::string digits = stat.name.substr(2, stat.name.size() - 3);
  std::erase(digits, '.');
  return "p" + digits;
}

std::string_view unit_suffix(metrics::Contains contains) {
  switch (contains) {
    case metrics::Contains::kTime:
      return "seconds";
    case metrics::Contains::kData:
      return "bytes";
    case metrics::Contains::kDefault:
      break;
  }
  return "";
}

double unit_scale(metrics::Contains contains) {
  return contains == metrics::Contains::kTime ? 0.001 : 1;
}

std::vector<Label> labels_of(const metrics::Metric& metric, const metrics::TagSet& tags,
                             std::string_view suffix) {
  std::vector<Label> labels;
  std::string name = fmt::format("k6_{}{}{}", metric.name, suffix.empty() ? "" : "_", suffix);
  labels.emplace_back("__name__", std::move(name));
  for (const metrics::Tag& tag : tags.tags()) {
    if (!tag.first.empty() && !tag.second.empty()) labels.push_back(tag);
  }
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.first < b.first; });
  return labels;
}

class PrometheusOutput final : public Output {
 public:
  PrometheusOutput(PrometheusConfig config, const Context& context)
      : config_(std::move(config)),
        log_(context.log),
        client_(bia::http::ClientOptions{.connections_per_host_max = 1, .tls = config_.tls}) {
    for (auto& [name, value] : config_.headers) headers_.set(name, value);
    headers_.set("User-Agent", "k6-prometheus-rw-output");
    headers_.set("Content-Encoding", "snappy");
    headers_.set("Content-Type", "application/x-protobuf");
    headers_.set("X-Prometheus-Remote-Write-Version", "0.1.0");
  }

  std::string description() const override {
    return fmt::format("Prometheus remote write ({})", config_.url);
  }
  bool wants_samples() const override { return false; }
  Duration interval() const override { return config_.push_interval; }

  void add_snapshot(const Snapshot& snapshot) override {
    bia::TimePoint before = bia::now();
    WriteRequest request;
    int64_t unix_ms = std::max(snapshot.unix_ns() / 1'000'000, last_ms_ + 1);
    for (const Snapshot::SeriesData& series : snapshot.series()) {
      const metrics::Metric& metric = snapshot.metrics()[series.metric].metric;
      uint64_t& sent = sent_[series.tags][metric.name];
      // Only what changed since: a point repeated says nothing.
      if (sent == series.sink.count()) continue;
      sent = series.sink.count();
      add_series(request, metric, series, unix_ms);
    }
    if (request.series_count() == 0) return;
    last_ms_ = unix_ms;
    if (Result<void> sent = send_with_retries(request); !sent) {
      log_.log(options::LogLevel::kError, "Failed to send the time series data to the endpoint",
               {{"error", sent.error().message()}, kOutputField});
      // Values are cumulative: the next push makes up for this one, if it has all series.
      sent_.clear();
    }
    warn_if_slow(bia::now() - before, request.series_count());
  }

  Result<void> stop() override {
    if (!config_.stale_markers || stale_.empty()) return {};
    WriteRequest request;
    // A millisecond later, so that the marker never has the time of the last point, which would
    // make the receiver drop it.
    int64_t unix_ms = std::max(metrics::unix_now_ns() / 1'000'000, last_ms_) + 1;
    double marker = std::bit_cast<double>(kStaleMarkerBits);
    for (const auto& [key, labels] : stale_) request.add_sample(labels, marker, unix_ms);
    if (Result<void> sent = send_with_retries(request); !sent) {
      return Error(sent.error().code(), sent.error().reason(),
                   "marking time series as stale failed: " + sent.error().message());
    }
    return {};
  }

 private:
  void add_series(WriteRequest& request, const metrics::Metric& metric,
                  const Snapshot::SeriesData& series, int64_t unix_ms) {
    const metrics::Sink& sink = series.sink;
    switch (metric.type) {
      case MetricType::kCounter:
        add_sample(request, labels_of(metric, *series.tags, "total"), sink.value(), unix_ms);
        return;
      case MetricType::kGauge:
        add_sample(request, labels_of(metric, *series.tags, ""), sink.value(), unix_ms);
        return;
      case MetricType::kRate:
        add_sample(request, labels_of(metric, *series.tags, "rate"), sink.rate(), unix_ms);
        return;
      case MetricType::kTrend:
        break;
    }
    double scale = unit_scale(metric.contains);
    if (config_.native_histograms) {
      std::vector<Label> labels = labels_of(metric, *series.tags, unit_suffix(metric.contains));
      request.add_histogram(labels, native_histogram(sink, scale), unix_ms);
      remember(labels);
      return;
    }
    std::vector<double> values = metrics::trend_values(sink, config_.trend_stats);
    for (size_t i = 0; i < values.size(); ++i) {
      // k6 divides even the count of a time trend by 1000: a dashboard made for it expects that.
      add_sample(request, labels_of(metric, *series.tags, stat_suffix(config_.trend_stats[i])),
                 values[i] * scale, unix_ms);
    }
  }

  void add_sample(WriteRequest& request, const std::vector<Label>& labels, double value,
                  int64_t unix_ms) {
    request.add_sample(labels, value, unix_ms);
    remember(labels);
  }

  void remember(const std::vector<Label>& labels) {
    if (!config_.stale_markers) return;
    std::string key;
    for (const auto& [name, value] : labels) key += name + '\0' + value + '\0';
    stale_.emplace(std::move(key), labels);
  }

  // A receiver that is away or overloaded may be back in a moment (k6 tries once).
  Result<void> send_with_retries(const WriteRequest& request) {
    const std::string body = request.compressed();
    const bia::TimePoint end = bia::now() + std::min(config_.push_interval, kSendTimeout);
    for (Duration pause = kRetryFirst;; pause *= 2) {
      int status = 0;
      Result<void> sent = send(body, status);
      bool worth = status == 0 || status == 429 || status >= 500;
      if (sent || !worth || sent.error().code() == bia::Code::kCancelled ||
          bia::now() + pause >= end)
        return sent;
      BIA_TRY(bia::fiber::sleep_for(pause));
    }
  }

  void sign(const std::string& body) {
    std::string date = sigv4_date(metrics::unix_now_ns() / 1'000'000'000);
    size_t question = std::min(config_.target.find('?'), config_.target.size());
    std::string_view target = config_.target;
    bool https = config_.scheme == bia::http::ClientRequest::Scheme::kHttps;
    std::string host = config_.port == (https ? 443 : 80)
                           ? config_.host
                           : fmt::format("{}:{}", config_.host, config_.port);
    SigV4Request request{"POST",
                         target.substr(0, question),
                         target.substr(std::min(question + 1, target.size())),
                         {{"host", host}, {"x-amz-date", date}},
                         body};
    headers_.set("X-Amz-Date", date);
    headers_.set("Authorization", sigv4_authorization(request, *config_.sigv4, "aps", date));
  }

  /// `status` stays 0 where there was no answer.
  Result<void> send(const std::string& body, int& status) {
    if (config_.sigv4) sign(body);
    bia::http::ClientRequest post;
    post.method = "POST";
    post.scheme = config_.scheme;
    post.host = config_.host;
    post.port = config_.port;
    post.target = config_.target;
    post.headers = &headers_;
    post.body = body;
    post.response_body = bia::http::ClientRequest::Body::kDiscard;
    bia::http::ClientResponse response;
    bia::http::Timings timings;
    if (Result<void> done =
            client_.send(post, response, timings, bia::Deadline::after(kSendTimeout));
        !done) {
      return Error(
          done.error().code(), done.error().reason(),
          fmt::format("HTTP POST request failed: Post \"{}\": {}", config_.url, why(done.error())));
    }
    status = response.status;
    if (response.status >= 200 && response.status < 300) return {};
    return Error(bia::Code::kUnavailable, "BAD_STATUS",
                 fmt::format("got status code: {} instead expected a 2xx successful status code",
                             response.status));
  }

  std::string why(const Error& error) const {
    if (error.reason() == "CONNECTION_REFUSED")
      return fmt::format("dial tcp {}:{}: connect: connection refused", config_.host, config_.port);
    if (error.code() == bia::Code::kDeadlineExceeded)
      return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
    return error.message();
  }

  void warn_if_slow(Duration took, size_t series) {
    if (took <= config_.push_interval) return;
    std::string count = std::to_string(series);
    log_.log(
        options::LogLevel::kWarning,
        fmt::format("Successful flushed time series to remote write endpoint but it took {} while "
                    "flush period is {}. Some samples may be "
                    "dropped.",
                    bia::format_go_duration(took), bia::format_go_duration(config_.push_interval)),
        {{"nts", count}, kOutputField});
  }

  PrometheusConfig config_;
  options::Logger& log_;
  bia::http::Client client_;
  bia::http::Headers headers_;
  int64_t last_ms_ = 0;
  /// How many values each series had when it was sent last.
  std::unordered_map<const metrics::TagSet*, std::unordered_map<std::string, uint64_t>> sent_;
  std::unordered_map<std::string, std::vector<Label>> stale_;
};

}  // namespace

Result<std::unique_ptr<Output>> create_prometheus_rw(const Context& context) {
  auto collector = context.collectors.find("experimental-prometheus-rw");
  PrometheusConfig config = BIA_TRY(prometheus_config(
      collector == context.collectors.end() ? std::string_view() : collector->second,
      context.environment));
  return std::unique_ptr<Output>(std::make_unique<PrometheusOutput>(std::move(config), context));
}

}  // namespace zelus::output
