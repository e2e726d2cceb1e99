#include "bia/metrics/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <thread>

namespace bia::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double kBounds[] = {0.005, 0.1, 1};

std::string text_of(const Registry& registry) {
  std::string text;
  registry.write_text(text);
  return text;
}

TEST(Registry, WritesCountersWithHelpTypeAndLabels) {
  Registry registry;
  Counter counter =
      *registry.counter("requests_total", "Requests.", {{"kind", "http"}, {"code", "200"}});
  counter.add();
  counter.add(2);
  EXPECT_EQ(counter.value(), 3u);
  EXPECT_EQ(text_of(registry),
            "# HELP requests_total Requests.\n# TYPE requests_total "
            "counter\nrequests_total{kind=\"http\",code=\"200\"} 3\n");
}

TEST(Registry, EscapesHelpAndLabelValues) {
  Registry registry;
  registry.gauge("g", "back\\slash and\nnew line, \"quotes\"", {{"path", "a\\b\"c\nd"}})->set(1.5);
  EXPECT_EQ(text_of(registry),
            "# HELP g back\\\\slash and\\nnew line, \"quotes\"\n# TYPE g "
            "gauge\ng{path=\"a\\\\b\\\"c\\nd\"} 1.5\n");
}

TEST(Registry, WritesNothingThatIsNoUtf8) {
  Registry registry;
  registry.gauge("g", "", {{"reason", "J\xc3\xb6rg \xff\xc3"}})->set(1);
  EXPECT_EQ(text_of(registry),
            "# HELP g \n# TYPE g gauge\ng{reason=\"J\xc3\xb6rg \xef\xbf\xbd\xef\xbf\xbd\"} 1\n");
}

TEST(Registry, WritesHistogramsCumulatively) {
  Registry registry;
  Histogram histogram = *registry.histogram("seconds", "Time.", {{"kind", "grpc"}}, kBounds);
  for (double value : {0.005, 0.006, 0.5, 2.0}) histogram.observe(value);
  EXPECT_EQ(histogram.count(), 4u);
  EXPECT_DOUBLE_EQ(histogram.sum(), 2.511);
  EXPECT_EQ(
      text_of(registry),
      "# HELP seconds Time.\n# TYPE seconds histogram\n"
      "seconds_bucket{kind=\"grpc\",le=\"0.005\"} 1\nseconds_bucket{kind=\"grpc\",le=\"0.1\"} 2\n"
      "seconds_bucket{kind=\"grpc\",le=\"1\"} 3\nseconds_bucket{kind=\"grpc\",le=\"+Inf\"} 4\n"
      "seconds_sum{kind=\"grpc\"} 2.511\nseconds_count{kind=\"grpc\"} 4\n");
}

TEST(Registry, CountsNotANumberInTheLastBucket) {
  Registry registry;
  Histogram histogram = *registry.histogram("seconds", "Time.", {}, kBounds);
  histogram.observe(std::nan(""));
  EXPECT_THAT(
      text_of(registry),
      HasSubstr("seconds_bucket{le=\"1\"} 0\nseconds_bucket{le=\"+Inf\"} 1\nseconds_sum NaN"));
}

TEST(Registry, GivesTheSameSeriesTwice) {
  Registry registry;
  registry.counter("a_total", "A.", {{"x", "1"}})->add();
  registry.counter("a_total", "A.", {{"x", "1"}})->add();
  registry.counter("a_total", "A.", {{"x", "2"}})->add();
  EXPECT_EQ(text_of(registry),
            "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 2\na_total{x=\"2\"} 1\n");
}

TEST(Registry, RefusesAnotherTypeHelpOrLabelNames) {
  Registry registry;
  ASSERT_TRUE(registry.counter("a_total", "A.", {{"x", "1"}}).ok());
  EXPECT_EQ(registry.gauge("a_total", "A.", {{"x", "1"}}).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(registry.counter("a_total", "B.", {{"x", "1"}}).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(registry.counter("a_total", "A.", {{"y", "1"}}).error().code(), Code::kAlreadyExists);
}

TEST(Registry, RefusesBadNames) {
  Registry registry;
  EXPECT_THAT(registry.counter("9a", "", {}).error().message(), HasSubstr("metric name \"9a\""));
  EXPECT_FALSE(registry.counter("", "", {}).ok());
  EXPECT_FALSE(registry.counter("a-b", "", {}).ok());
  EXPECT_TRUE(registry.counter("a:b", "", {}).ok());
  EXPECT_THAT(registry.counter("a", "", {{"b:c", "1"}}).error().message(),
              HasSubstr("label \"b:c\""));
  EXPECT_THAT(registry.counter("a", "", {{"__name__", "1"}}).error().message(),
              HasSubstr("reserved"));
  EXPECT_THAT(registry.counter("a", "", {{"b", "1"}, {"b", "2"}}).error().message(),
              HasSubstr("twice"));
  EXPECT_FALSE(registry.histogram("h", "", {{"le", "1"}}, kBounds).ok());
}

TEST(Registry, RefusesBadBounds) {
  Registry registry;
  constexpr double kDescending[] = {2, 1};
  constexpr double kEqual[] = {1, 1};
  constexpr double kInfinite[] = {1, std::numeric_limits<double>::infinity()};
  EXPECT_FALSE(registry.histogram("h", "", {}, kDescending).ok());
  EXPECT_FALSE(registry.histogram("h", "", {}, kEqual).ok());
  EXPECT_FALSE(registry.histogram("h", "", {}, kInfinite).ok());
  EXPECT_FALSE(registry.histogram("h", "", {}, std::vector<double>(Shards::kChunkCells, 0)).ok());
}

TEST(Registry, RefusesTooManySeries) {
  Registry registry;
  for (size_t i = 0; i < Registry::kSeriesMax; ++i)
    ASSERT_TRUE(registry.counter("c" + std::to_string(i % 64), "", {{"i", std::to_string(i)}}).ok())
        << i;
  EXPECT_EQ(registry.counter("c0", "", {{"i", "more"}}).error().code(), Code::kResourceExhausted);
}

TEST(Registry, AddsUpWhatThreadsCounted) {
  Registry registry;
  Counter counter = *registry.counter("a_total", "A.", {});
  Histogram histogram = *registry.histogram("h", "H.", {}, kBounds);
  const auto work = [&] {
    for (int i = 0; i < 10'000; ++i) {
      counter.add();
      histogram.observe(0.5);
    }
  };
  for (int round = 0; round < 3; ++round) {
    std::thread one(work);
    std::thread two(work);
    one.join();
    two.join();
  }
  EXPECT_EQ(counter.value(), 60'000u);
  EXPECT_EQ(histogram.count(), 60'000u);
  EXPECT_DOUBLE_EQ(histogram.sum(), 30'000);
}

TEST(Registry, KeepsRegistriesApart) {
  Registry one;
  Registry two;
  Counter of_one = *one.counter("a_total", "A.", {});
  Counter of_two = *two.counter("a_total", "A.", {});
  for (int i = 0; i < 10; ++i) {
    of_one.add();
    of_two.add(2);
  }
  EXPECT_EQ(of_one.value(), 10u);
  EXPECT_EQ(of_two.value(), 20u);
}

TEST(Registry, FindsItsOwnShardAfterAnOlderRegistryEnded) {
  for (int i = 0; i < 3; ++i) {
    auto registry = std::make_unique<Registry>();
    Counter counter = *registry->counter("a_total", "A.", {});
    counter.add();
    EXPECT_EQ(counter.value(), 1u);
  }
}

TEST(ProcessMetrics, HasTheNamesOfPrometheusClients) {
  Registry registry;
  registry.add_collector(write_process_metrics);
  const std::string text = text_of(registry);
  for (const char* name : {"process_cpu_seconds_total", "process_open_fds", "process_max_fds",
                           "process_virtual_memory_bytes", "process_resident_memory_bytes",
                           "process_start_time_seconds", "process_threads"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(name) + " ")) << name;
  }
  EXPECT_THAT(text, HasSubstr("process_context_switches_total{type=\"voluntary\"}"));
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
}

TEST(OpenMetrics, NamesFamiliesWithoutTotalShowsExemplarsAndEnds) {
  Registry registry;
  registry.counter("requests_total", "Requests.", {})->add();
  registry.counter("odd", "Odd.", {})->add();
  Histogram seconds =
      *registry.histogram("seconds", "Time.", {}, kBounds, Registry::Keep::kExemplars);
  seconds.observe(0.05, "4bf92f3577b34da6a3ce929d0e0e4736");
  seconds.observe(0.06);
  std::string text;
  registry.write_text(text, TextFormat::kOpenMetrics);
  EXPECT_THAT(text, HasSubstr("# TYPE requests counter\nrequests_total 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE odd unknown\nodd 1\n"));
  EXPECT_THAT(text, testing::ContainsRegex(
                        "seconds_bucket\\{le=\"0.1\"\\} 2 # "
                        "\\{trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"\\} 0.05 [0-9.]+\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"0.005\"} 0\n"));
  EXPECT_TRUE(text.ends_with("# EOF\n"));
  EXPECT_THAT(text_of(registry), Not(HasSubstr("trace_id")));
  EXPECT_THAT(text_of(registry), HasSubstr("# TYPE requests_total counter\n"));
}

TEST(OpenMetrics, IsForWhoLikesItBetter) {
  constexpr const char* kPrometheus =
      "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;"
      "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
  EXPECT_EQ(accepted_text(kPrometheus), TextFormat::kOpenMetrics);
  for (const char* plain :
       {"", "*/*", "text/html", "text/plain, application/openmetrics-text;q=0.5",
        "application/openmetrics-text;q=0", "application/openmetrics-text;version=2.0.0",
        "application/openmetrics-text;q=x", ";;,,"})
    EXPECT_EQ(accepted_text(plain), TextFormat::kPrometheus) << plain;
}

}  // namespace
}  // namespace bia::metrics
