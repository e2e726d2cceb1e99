#include "zelus/output/prometheus_rw.h"

#include <gmock/gmock.h>
#include <snappy.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <set>

#include "bia/http/server.h"
#include "zelus/output/outputs.h"
#include "zelus/output/prometheus_config.h"
#include "zelus/output/remote_write.h"
#include "zelus/output/test_support.h"

namespace zelus::output {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::in_fiber;
using ::testing::Pair;
using testing::TestRun;
using namespace std::chrono_literals;

// A reader of protobuf's wire format, enough for WriteRequest.
struct Field {
  uint32_t number = 0;
  uint64_t integer = 0;
  std::string bytes;
  double real() const { return std::bit_cast<double>(integer); }
};

std::vector<Field> fields_of(std::string_view in) {
  std::vector<Field> fields;
  auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      unsigned char byte = static_cast<unsigned char>(in.at(0));
      in.remove_prefix(1);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
  };
  while (!in.empty()) {
    Field field;
    uint64_t tag = varint();
    field.number = static_cast<uint32_t>(tag >> 3);
    if ((tag & 7) == 0) {
      field.integer = varint();
    } else if ((tag & 7) == 1) {
      std::memcpy(&field.integer, in.substr(0, 8).data(), 8);
      in.remove_prefix(8);
    } else {
      size_t size = varint();
      field.bytes = in.substr(0, size);
      in.remove_prefix(size);
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

struct Point {
  uint64_t value_bits = 0;
  int64_t unix_ms = 0;
  std::string histogram;
  double value() const { return std::bit_cast<double>(value_bits); }
};

// "name{a=b,c=d}" → its point.
std::map<std::string, Point> decoded(const std::string& bytes) {
  std::map<std::string, Point> series;
  for (const Field& one : fields_of(bytes)) {
    std::string name;
    std::string labels;
    std::string before;
    Point point;
    for (const Field& part : fields_of(one.bytes)) {
      std::vector<Field> inner = fields_of(part.bytes);
      if (part.number == 1) {
        EXPECT_LT(before, inner[0].bytes) << "labels are sorted";
        before = inner[0].bytes;
        if (inner[0].bytes == "__name__") {
          name = inner[1].bytes;
        } else {
          labels += (labels.empty() ? "" : ",") + inner[0].bytes + "=" + inner[1].bytes;
        }
      } else if (part.number == 2) {
        point.value_bits = inner[0].integer;
        point.unix_ms = static_cast<int64_t>(inner[1].integer);
      } else {
        point.histogram = part.bytes;
      }
    }
    series[name + "{" + labels + "}"] = point;
  }
  return series;
}

// Buckets of a native histogram of the wire: index → count.
std::map<int32_t, int64_t> buckets_of(const std::string& histogram, uint32_t spans_field,
                                      uint32_t deltas_field) {
  std::vector<int32_t> indices;
  std::map<int32_t, int64_t> buckets;
  int32_t next = 0;
  for (const Field& field : fields_of(histogram)) {
    if (field.number == spans_field) {
      std::vector<Field> span = fields_of(field.bytes);
      next += static_cast<int32_t>(unzigzag(span[0].integer));
      for (uint64_t i = 0; i < span[1].integer; ++i) indices.push_back(next++);
    }
    if (field.number == deltas_field) {
      // Packed: read as a row of varints.
      std::string_view in = field.bytes;
      int64_t count = 0;
      for (int32_t index : indices) {
        uint64_t value = 0;
        for (int shift = 0;; shift += 7) {
          unsigned char byte = static_cast<unsigned char>(in[0]);
          in.remove_prefix(1);
          value |= uint64_t{byte & 0x7fu} << shift;
          if (byte < 0x80) break;
        }
        count += unzigzag(value);
        if (count != 0) buckets[index] = count;
      }
      EXPECT_TRUE(in.empty());
    }
  }
  return buckets;
}

/// Takes what is pushed to it.
struct Receiver {
  explicit Receiver(bia::fiber::ThreadGroup& threads) {
    bia::http::ServerOptions options;
    options.address = "127.0.0.1:0";
    auto made = bia::http::Server::create(
        threads, options,
        [this](bia::http::ServerRequest& request, bia::http::ServerResponse& response) {
          std::string body(*request.body());
          std::string raw;
          EXPECT_TRUE(snappy::Uncompress(body.data(), body.size(), &raw));
          requests.push_back(decoded(raw));
          headers.clear();
          for (size_t i = 0; i < request.header_count(); ++i) headers.emplace(request.header_at(i));
          target = request.target();
          response.set_status(failures > 0 ? 503 : status);
          if (failures > 0) --failures;
        });
    server = std::move(*made);
    EXPECT_TRUE(server->start().ok());
    url = "http://" + server->address() + "/api/v1/write?x=1";
  }
  ~Receiver() { server->stop(bia::Deadline::after(1s)); }

  std::vector<std::map<std::string, Point>> requests;
  std::map<std::string, std::string> headers;
  std::string target;
  int status = 204;
  int failures = 0;  ///< answers of 503 before `status`
  std::unique_ptr<bia::http::Server> server;
  std::string url;
};

void record(TestRun& run) {
  metrics::Shard& shard = run.shard;
  const metrics::TagSet* tags = shard.tags().of({{"url", "/a"}, {"empty", ""}, {"Zone", "x"}});
  shard.add(metrics::kHttpReqs, tags, 3);
  shard.add(metrics::kChecks, tags, 1);
  shard.add(metrics::kChecks, tags, 0);
  shard.add(metrics::kVus, shard.tags().empty(), 7);
  for (double value : {1000.0, 2000.0, 4000.0})
    shard.add(shard.registry().id_of("tt"), tags, value);
}

TEST(PrometheusOutput, PushesEverySeriesAsK6NamesIt) {
  in_fiber([](bia::fiber::ThreadGroup& threads) {
    Receiver receiver(threads);
    TestRun run;
    run.environment = {{"K6_PROMETHEUS_RW_SERVER_URL", receiver.url},
                       {"K6_PROMETHEUS_RW_TREND_STATS", "p(99.9),avg,count,sum"},
                       {"K6_PROMETHEUS_RW_USERNAME", "me"},
                       {"K6_PROMETHEUS_RW_PASSWORD", "secret"},
                       {"K6_PROMETHEUS_RW_HEADERS_X-Scope", "42"}};
    auto output = run.create("experimental-prometheus-rw=ignored");
    ASSERT_TRUE(output.ok()) << output.error().message();
    EXPECT_EQ((*output)->description(), "Prometheus remote write (" + receiver.url + ")");
    record(run);
    (*output)->add_snapshot(run.snapshot());
    ASSERT_EQ(receiver.requests.size(), 1u);
    auto series = receiver.requests[0];
    EXPECT_EQ(series.size(), 7u);
    EXPECT_EQ(series["k6_http_reqs_total{Zone=x,url=/a}"].value(), 3);
    EXPECT_EQ(series["k6_checks_rate{Zone=x,url=/a}"].value(), 0.5);
    EXPECT_EQ(series["k6_vus{}"].value(), 7);
    EXPECT_NEAR(series["k6_tt_p999{Zone=x,url=/a}"].value(), 3.996, 1e-9);
    EXPECT_NEAR(series["k6_tt_avg{Zone=x,url=/a}"].value(), 7 / 3.0, 1e-9);
    EXPECT_NEAR(series["k6_tt_sum{Zone=x,url=/a}"].value(), 7, 1e-9);
    EXPECT_NEAR(static_cast<double>(series["k6_vus{}"].unix_ms),
                static_cast<double>(metrics::unix_now_ns()) / 1e6, 5000);
    EXPECT_EQ(receiver.target, "/api/v1/write?x=1");
    EXPECT_EQ(receiver.headers["Content-Encoding"], "snappy");
    EXPECT_EQ(receiver.headers["X-Prometheus-Remote-Write-Version"], "0.1.0");
    EXPECT_EQ(receiver.headers["Authorization"], "Basic bWU6c2VjcmV0");
    EXPECT_EQ(receiver.headers["X-Scope"], "42");

    (*output)->add_snapshot(run.snapshot());
    EXPECT_EQ(receiver.requests.size(), 1u) << "nothing changed";
    run.shard.add(metrics::kVus, run.shard.tags().empty(), 8);
    (*output)->add_snapshot(run.snapshot());
    ASSERT_EQ(receiver.requests.size(), 2u);
    EXPECT_EQ(receiver.requests[1].size(), 1u) << "only what changed";
    EXPECT_GT(receiver.requests[1]["k6_vus{}"].unix_ms, series["k6_vus{}"].unix_ms);
    EXPECT_TRUE(run.log.lines.empty());
  });
}

TEST(PrometheusOutput, MarksSeriesStaleWhereAsked) {
  in_fiber([](bia::fiber::ThreadGroup& threads) {
    Receiver receiver(threads);
    TestRun run;
    run.environment = {{"K6_PROMETHEUS_RW_SERVER_URL", receiver.url},
                       {"K6_PROMETHEUS_RW_STALE_MARKERS", "true"}};
    auto output = std::move(*run.create("experimental-prometheus-rw"));
    record(run);
    output->add_snapshot(run.snapshot());
    EXPECT_TRUE(output->stop().ok());
    ASSERT_EQ(receiver.requests.size(), 2u);
    EXPECT_EQ(receiver.requests[1].size(), receiver.requests[0].size());
    EXPECT_EQ(receiver.requests[1]["k6_vus{}"].value_bits, kStaleMarkerBits);
    EXPECT_GT(receiver.requests[1]["k6_vus{}"].unix_ms, receiver.requests[0]["k6_vus{}"].unix_ms);
  });
}

TEST(PrometheusOutput, SendsNativeHistograms) {
  in_fiber([](bia::fiber::ThreadGroup& threads) {
    Receiver receiver(threads);
    TestRun run;
    run.environment = {{"K6_PROMETHEUS_RW_SERVER_URL", receiver.url},
                       {"K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM", "true"}};
    auto output = std::move(*run.create("experimental-prometheus-rw"));
    record(run);
    output->add_snapshot(run.snapshot());
    ASSERT_EQ(receiver.requests.size(), 1u);
    std::string histogram = receiver.requests[0]["k6_tt_seconds{Zone=x,url=/a}"].histogram;
    // 1, 2 and 4 seconds are upper bounds, inclusive, of the buckets 0, 8 and 16.
    EXPECT_THAT(buckets_of(histogram, 11, 12), ElementsAre(Pair(0, 1), Pair(8, 1), Pair(16, 1)));
    for (const Field& field : fields_of(histogram)) {
      if (field.number == 1) {
        EXPECT_EQ(field.integer, 3u);
      }
      if (field.number == 3) {
        EXPECT_EQ(field.real(), 7);
      }
      if (field.number == 4) {
        EXPECT_EQ(unzigzag(field.integer), 3);
      }
    }
  });
}

TEST(PrometheusOutput, LogsWhatFailsAndGoesOn) {
  in_fiber([](bia::fiber::ThreadGroup& threads) {
    Receiver receiver(threads);
    receiver.status = 404;
    TestRun run;
    run.environment = {{"K6_PROMETHEUS_RW_SERVER_URL", receiver.url}};
    auto output = std::move(*run.create("experimental-prometheus-rw"));
    record(run);
    output->add_snapshot(run.snapshot());
    run.environment["K6_PROMETHEUS_RW_SERVER_URL"] = "http://127.0.0.1:1/w";
    run.environment["K6_PROMETHEUS_RW_PUSH_INTERVAL"] = "45ms";  // no time for a second try
    output = std::move(*run.create("experimental-prometheus-rw"));
    output->add_snapshot(run.snapshot());
    EXPECT_THAT(run.log.lines,
                ElementsAre("error: Failed to send the time series data to the endpoint error=got "
                            "status code: 404 instead expected a 2xx "
                            "successful status code output=Prometheus remote write",
                            "error: Failed to send the time series data to the endpoint error=HTTP "
                            "POST request failed: Post "
                            "\"http://127.0.0.1:1/w\": dial tcp 127.0.0.1:1: connect: connection "
                            "refused output=Prometheus remote write"));
  });
}

TEST(PrometheusOutput, TriesAgainWhereThatMayHelp) {
  in_fiber([](bia::fiber::ThreadGroup& threads) {
    Receiver receiver(threads);
    receiver.failures = 2;
    TestRun run;
    run.environment = {{"K6_PROMETHEUS_RW_SERVER_URL", receiver.url}};
    auto output = std::move(*run.create("experimental-prometheus-rw"));
    record(run);
    output->add_snapshot(run.snapshot());
    EXPECT_EQ(receiver.requests.size(), 3u);
    EXPECT_THAT(run.log.lines, ElementsAre());
  });
}

TEST(PrometheusOutput, APushThatFailedIsMadeUpFor) {
  in_fiber([](bia::fiber::ThreadGroup& threads) {
    Receiver receiver(threads);
    receiver.status = 400;
    TestRun run;
    run.environment = {{"K6_PROMETHEUS_RW_SERVER_URL", receiver.url}};
    auto output = std::move(*run.create("experimental-prometheus-rw"));
    record(run);
    output->add_snapshot(run.snapshot());
    EXPECT_EQ(receiver.requests.size(), 1u) << "400 will not get better";
    receiver.status = 204;
    // Nothing new was recorded, and yet all is sent.
    output->add_snapshot(run.snapshot());
    ASSERT_EQ(receiver.requests.size(), 2u);
    EXPECT_EQ(receiver.requests[1].size(), receiver.requests[0].size());
  });
}

TEST(PrometheusOutput, SignsForAws) {
  in_fiber([](bia::fiber::ThreadGroup& threads) {
    Receiver receiver(threads);
    TestRun run;
    run.environment = {{"K6_PROMETHEUS_RW_SERVER_URL", receiver.url},
                       {"K6_PROMETHEUS_RW_SIGV4_REGION", "eu-west-1"},
                       {"K6_PROMETHEUS_RW_SIGV4_ACCESS_KEY", "AK"},
                       {"K6_PROMETHEUS_RW_SIGV4_SECRET_KEY", "SK"}};
    auto output = std::move(*run.create("experimental-prometheus-rw"));
    record(run);
    output->add_snapshot(run.snapshot());
    std::map<std::string, std::string> lower;
    for (const auto& [name, value] : receiver.headers) {
      std::string key = name;
      for (char& c : key) c = static_cast<char>(std::tolower(c));
      lower[key] = value;
    }
    EXPECT_THAT(lower["authorization"],
                ::testing::MatchesRegex("AWS4-HMAC-SHA256 Credential=AK/[0-9]+/eu-west-1/aps/"
                                        "aws4_request, SignedHeaders=host;x-amz-date, "
                                        "Signature=[0-9a-f]+"));
    EXPECT_EQ(lower["x-amz-date"].size(), 16u);
  });
}

TEST(Outputs, PushSnapshotsInTheirIntervalAndAtTheEnd) {
  in_fiber([](bia::fiber::ThreadGroup& threads) {
    Receiver receiver(threads);
    TestRun run;
    run.environment = {{"K6_PROMETHEUS_RW_SERVER_URL", receiver.url},
                       {"K6_PROMETHEUS_RW_PUSH_INTERVAL", "20ms"}};
    std::string names[] = {"experimental-prometheus-rw"};
    auto outputs = std::move(*Outputs::create(names, run.context()));
    metrics::Aggregator aggregator(run.thresholds);
    aggregator.add_shard(threads.scheduler(0), run.shard);
    ASSERT_TRUE(outputs->start(aggregator, {{&threads.scheduler(0), &run.shard}}).ok());
    EXPECT_FALSE(run.shard.streaming());
    record(run);
    while (receiver.requests.empty()) bia::fiber::sleep_for(5ms).ignore("waits for the first push");
    run.shard.add(metrics::kVus, run.shard.tags().empty(), 9);
    EXPECT_TRUE(outputs->stop().ok());
    EXPECT_EQ(receiver.requests.back()["k6_vus{}"].value(), 9);
  });
}

std::string config_error(const std::map<std::string, std::string>& variables) {
  std::map<std::string, std::string> environment;
  for (const auto& [name, value] : variables) environment["K6_PROMETHEUS_RW_" + name] = value;
  Result<PrometheusConfig> config = prometheus_config("", environment);
  return config ? "" : config.error().message();
}

TEST(PrometheusConfig, RefusesBadVariablesWithK6sTexts) {
  EXPECT_EQ(config_error({{"PUSH_INTERVAL", "x"}}),
            "parse environment variables options failed: envconfig.Process: assigning "
            "K6_PROMETHEUS_RW_PUSH_INTERVAL to PushInterval: converting "
            "'x' to type types.NullDuration. details: time: invalid duration \"x\"");
  EXPECT_EQ(config_error({{"TREND_STATS", "p99,avg"}}), "invalid trend stat 'p99', unknown format");
  EXPECT_EQ(config_error({{"SERVER_URL", "::bad"}}),
            "failed to initialize the Prometheus remote write client: parse \"::bad\": missing "
            "protocol scheme");
  EXPECT_EQ(config_error({{"STALE_MARKERS", "maybe"}}),
            "parse environment variables options failed: envconfig.Process: assigning "
            "K6_PROMETHEUS_RW_STALE_MARKERS to StaleMarkers: converting "
            "'maybe' to type null.Bool. details: invalid input:maybe");
  EXPECT_EQ(config_error({{"HTTP_HEADERS", "abc"}}),
            "parse environment variables options failed: the provided header (abc) does not "
            "respect the expected format <header key>:<value>");
  EXPECT_THAT(config_error({{"SIGV4_REGION", "x"}}),
              HasSubstr("sigv4 seems to be partially configured"));
  EXPECT_THAT(config_error({{"HEADERS_X", "a\r\nb"}}), HasSubstr("line break"));
  EXPECT_THAT(config_error({{"PUSH_INTERVAL", "0s"}}), HasSubstr("more than 0"));
}

TEST(PrometheusConfig, ReadsTls) {
  EXPECT_THAT(config_error({{"CLIENT_CERTIFICATE", "x"}}), HasSubstr("go together"));
  EXPECT_THAT(config_error({{"TLS_MINIMUM_VERSION", "1.4"}}),
              HasSubstr("K6_PROMETHEUS_RW_TLS_MINIMUM_VERSION is \"1.4\""));
  EXPECT_THAT(config_error({{"SERVER_URL", "https://x/"},
                            {"CLIENT_CERTIFICATE", "/nonexistent/c.pem"},
                            {"CLIENT_CERTIFICATE_KEY", "/nonexistent/k.pem"}}),
              HasSubstr("/nonexistent/c.pem"));
  PrometheusConfig config =
      *prometheus_config("", {{"K6_PROMETHEUS_RW_SERVER_URL", "https://h/w"},
                              {"K6_PROMETHEUS_RW_INSECURE_SKIP_TLS_VERIFY", "true"},
                              {"K6_PROMETHEUS_RW_TLS_MINIMUM_VERSION", "1.3"}});
  EXPECT_EQ(config.port, 443);
  ASSERT_NE(config.tls, nullptr);
  EXPECT_EQ(config.tls->options().verify, bia::net::TlsClientOptions::Verify::kInsecureSkip);
  EXPECT_EQ(config.tls->options().limits.min, bia::net::TlsVersion::k13);
  EXPECT_EQ(prometheus_config("", {})->tls, nullptr);
}

TEST(PrometheusConfig, LaysVariablesOverCollectors) {
  std::map<std::string, std::string> environment = {{"K6_PROMETHEUS_RW_PUSH_INTERVAL", "500"},
                                                    {"K6_PROMETHEUS_RW_SERVER_URL", ""},
                                                    {"K6_PROMETHEUS_RW_BEARER_TOKEN", "t"},
                                                    {"K6_PROMETHEUS_RW_HTTP_HEADERS", "A:1,B:2"}};
  PrometheusConfig config = *prometheus_config(
      R"j({"url":"http://h:99/w","pushInterval":"9s","trendStats":["avg","p(90)"],"staleMarkers":true,"headers":{"C":"3"}})j",
      environment);
  EXPECT_EQ(config.url, "http://h:99/w");
  EXPECT_EQ(config.host, "h");
  EXPECT_EQ(config.port, 99);
  EXPECT_EQ(config.target, "/w");
  EXPECT_EQ(config.push_interval, 500ms);
  EXPECT_EQ(config.trend_stats.size(), 2u);
  EXPECT_TRUE(config.stale_markers);
  EXPECT_THAT(config.headers, ElementsAre(Pair("A", "1"), Pair("Authorization", "Bearer t"),
                                          Pair("B", "2"), Pair("C", "3")));
  EXPECT_FALSE(prometheus_config("{", {}).ok());
  EXPECT_EQ(prometheus_config("", {})->url, "http://localhost:9090/api/v1/write");
}

TEST(NativeHistogram, KeepsZeroNegativeAndFoldedValues) {
  metrics::Sink trend(metrics::MetricType::kTrend);
  for (int i = 0; i < 5000; ++i) trend.add(i % 2 ? 100 : -100, 0);
  trend.add(0, 0);
  NativeHistogram native = native_histogram(trend, 0.001);
  EXPECT_EQ(native.count, 5001u);
  EXPECT_EQ(native.zero_count, 1u);
  // 0.1 s lies in (2^(-27/8), 2^(-26/8)] = (0.0964, 0.1051].
  EXPECT_THAT(native.positive, ElementsAre(Pair(-26, 2500)));
  EXPECT_THAT(native.negative, ElementsAre(Pair(-26, 2500)));
}

}  // namespace
}  // namespace zelus::output
