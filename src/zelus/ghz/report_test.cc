#include "zelus/ghz/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "zelus/ghz/printers.h"

namespace zelus::ghz {
namespace {

using bia::Code;

Tally twenty() {
  Tally tally(Tally::Keep::kDetails);
  for (int i = 1; i <= 20; ++i)
    tally.add(1'700'000'000'000'000'000 + i, i * 1'000'000, Code::kOk, "");
  return tally;
}

TEST(MakeReport, FollowsGhzsFormulas) {
  Report report = make_report(twenty(), 2'000'000'000, false);
  EXPECT_EQ(report.count, 20u);
  EXPECT_EQ(report.fastest_ns, 1'000'000);
  EXPECT_EQ(report.slowest_ns, 20'000'000);
  EXPECT_EQ(report.average_ns, 10'500'000);
  EXPECT_DOUBLE_EQ(report.rps, 10);
  // Nearest rank, one lower where the rank is whole: 10 % of 20 is the 2nd value, 99 % (19.8) the
  // 20th.
  EXPECT_EQ(report.percentiles.front().latency_ns, 2'000'000);
  EXPECT_EQ(report.percentiles.back().latency_ns, 20'000'000);
  ASSERT_EQ(report.histogram.size(), 11u);
  EXPECT_EQ(report.histogram[0].count, 1u) << "only what equals the fastest";
  uint64_t sum = 0;
  for (const Bucket& bucket : report.histogram) sum += bucket.count;
  EXPECT_EQ(sum, 20u);
}

TEST(MakeReport, LeavesErrorsOutUnlessAsked) {
  Tally tally = twenty();
  tally.add(1, 90'000'000, Code::kUnavailable, "gone");
  Tally same = twenty();
  same.add(1, 90'000'000, Code::kUnavailable, "gone");
  Report without = make_report(std::move(tally), 1, false);
  EXPECT_EQ(without.slowest_ns, 20'000'000);
  EXPECT_EQ(without.error_distribution.at("rpc error: code = Unavailable desc = gone"), 1u);
  EXPECT_EQ(without.status_distribution.at("Unavailable"), 1u);
  EXPECT_EQ(make_report(std::move(same), 1, true).slowest_ns, 90'000'000);
}

TEST(MakeReport, WithoutAnyCallHasNoRows) {
  Report report = make_report(Tally(Tally::Keep::kLatencies), 1, false);
  EXPECT_TRUE(report.percentiles.empty());
  EXPECT_TRUE(report.histogram.empty());
  EXPECT_THAT(json_text(report, Json::kCompact),
              testing::HasSubstr("\"latencyDistribution\":null,\"histogram\":null"));
}

TEST(InfluxText, IsGhzsLine) {
  Tally tally = twenty();
  tally.add(1'700'000'000'000'000'099, 5, Code::kUnavailable, "no \"x\", gone");
  Report report = make_report(std::move(tally), 2'000'000'000, false);
  report.name = "my run";
  report.date_unix_ns = 77;
  report.options_json =
      R"({"call":"a.B/c","host":"h:1","rps":20,"concurrency":2,"total":21,"timeout":1500000000,)"
      R"("dial-timeout":10000000000,"data":{"n":"x y"},"metadata":{"k":"v"}})";
  report.tags = {{"env", "a,b"}};
  EXPECT_EQ(influx_summary_text(report),
            R"(ghz_run,name="my\ run",call="a.B/c",host="h:1",n=21,c=2,rps=20,z=0,timeout=1.5,)"
            R"(dial_timeout=10,keepalive=0,data="{\"n\":\"x\ y\"}",metadata="{\"k\":\"v\"}",)"
            R"(tags="{\"env\":\"a\,b\"}",errors=1,has_errors=true count=21,total=2000000000,)"
            R"(average=10000000,fastest=1000000,slowest=20000000,rps=10.50,median=10000000,)"
            R"(p95=19000000,errors=1 77)");
  const std::string details = influx_details_text(report);
  EXPECT_EQ(std::count(details.begin(), details.end(), '\n'), 21);
  EXPECT_THAT(
      details,
      testing::HasSubstr(
          R"(hasError=true latency=5,error="rpc error: code = Unavailable desc = no \"x\", )"
          R"(gone",status="Unavailable" 1700000000000000099)"));
}

TEST(PrometheusText, HasCumulativeBucketsAndSortedLabels) {
  Report report = make_report(twenty(), 2'000'000'000, false);
  report.end_reason = "normal";
  report.options_json =
      R"({"call":"a.B/c","import-paths":["x","."],"load-schedule":"const","load-start":0,)"
      R"("concurrency":2,"concurrency-schedule":"step","concurrency-start":1,"insecure":true,)"
      R"("data":{"secret":1},"metadata":{"token":"s"}})";
  const std::string text = prometheus_text(report);
  const std::string labels =
      R"({call="a.B/c",concurrency="2",concurrency_schedule="step",concurrency_start="1",)"
      R"(end_reason="normal",import_paths="x,.",insecure="true",name="")";
  EXPECT_THAT(text, testing::StartsWith("# TYPE ghz_run_count gauge\nghz_run_count" + labels));
  EXPECT_THAT(text, testing::HasSubstr("ghz_run_total" + labels + "} 2e+09\n"));
  EXPECT_THAT(text, testing::HasSubstr(",le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, testing::HasSubstr(",le=\"0.02\"} 20\n"));
  EXPECT_THAT(text, testing::HasSubstr(",le=\"+Inf\"} 20\n"));
  EXPECT_THAT(text, testing::HasSubstr(",quantile=\"0.99\"} 2e+07\n"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("secret")));
}

TEST(GoFloat, WritesAsGo) {
  EXPECT_EQ(go_float(0), "0");
  EXPECT_EQ(go_float(20), "20");
  EXPECT_EQ(go_float(1e-6), "1e-06");
  EXPECT_EQ(go_float(332173), "332173");
  EXPECT_EQ(go_float(14984428), "1.4984428e+07");
  EXPECT_EQ(go_float(0.000332173), "0.000332173");
}

TEST(Tally, MergesErrorsByText) {
  Tally a(Tally::Keep::kDetails);
  Tally b(Tally::Keep::kDetails);
  a.add(2, 1, Code::kInternal, "x");
  b.add(1, 1, Code::kInternal, "y");
  b.add(3, 1, Code::kInternal, "x");
  a.merge(std::move(b));
  Report report = make_report(std::move(a), 1, false);
  EXPECT_EQ(report.error_distribution.at("rpc error: code = Internal desc = x"), 2u);
  EXPECT_EQ(report.errors[report.details[0].error], "rpc error: code = Internal desc = y")
      << "sorted by end";
}

TEST(SummaryText, IsGhzsTextToTheByte) {
  Report report = make_report(twenty(), 19'880'000, false);
  std::string bar40, bar20;
  for (int i = 0; i < 40; ++i) bar40 += "∎";
  for (int i = 0; i < 20; ++i) bar20 += "∎";
  std::string expected =
      "\nSummary:\n  Count:\t20\n  Total:\t19.88 ms\n  Slowest:\t20.00 ms\n  Fastest:\t1.00 ms\n  "
      "Average:\t10.50 ms\n"
      "  Requests/sec:\t1006.04\n\nResponse time histogram:\n  1.000  [1] |" +
      bar20;
  EXPECT_EQ(summary_text(report).substr(0, expected.size()), expected);
  EXPECT_THAT(summary_text(report),
              testing::HasSubstr("  20.000 [2] |" + bar40 +
                                 "\n\nLatency distribution:\n  10 % in 2.00 ms \n"));
  EXPECT_TRUE(
      summary_text(report).ends_with("Status code distribution:\n  [OK]   20 responses   \n\n\n"));
}

TEST(SummaryText, ShowsErrors) {
  Tally tally(Tally::Keep::kLatencies);
  tally.add(1, 100'000, Code::kUnavailable, "gone");
  std::string text = summary_text(make_report(std::move(tally), 910'000, false));
  EXPECT_TRUE(text.ends_with(
      "Response time histogram:\n\nLatency distribution:\n\nStatus code distribution:\n  "
      "[Unavailable]   1 responses   \n\n"
      "Error distribution:\n  [1]   rpc error: code = Unavailable desc = gone   \n\n"))
      << text;
}

TEST(JsonText, ParsesAndKeepsGhzsOrder) {
  Report report = make_report(twenty(), 2'000'000'000, false);
  report.options_json = "{\"call\":\"a.b/c\"}";
  report.end_reason = "normal";
  std::string text = json_text(report, Json::kPretty);
  rapidjson::Document document;
  ASSERT_FALSE(document.Parse(text.c_str()).HasParseError());
  std::vector<std::string> keys;
  for (const auto& member : document.GetObject()) keys.emplace_back(member.name.GetString());
  EXPECT_THAT(keys, testing::ElementsAre("date", "endReason", "options", "count", "total",
                                         "average", "fastest", "slowest", "rps",
                                         "errorDistribution", "statusCodeDistribution",
                                         "latencyDistribution", "histogram", "details"));
  EXPECT_EQ(document["details"].Size(), 20u);
}

TEST(HtmlText, EscapesWhatComesFromOutside) {
  Report report = make_report(twenty(), 1, false);
  report.name = "<script>alert(1)</script>";
  report.tags["a"] = "</script><b>";
  report.options_json = "{}";
  std::string page = html_text(report);
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("<script>alert")));
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("</script><b>")));
}

TEST(GoJsonFloat, WritesWhatGoWrites) {
  EXPECT_EQ(go_json_float(0), "0");
  EXPECT_EQ(go_json_float(10), "10");
  EXPECT_EQ(go_json_float(0.0005416457999999999), "0.0005416457999999999");
  EXPECT_EQ(go_json_float(1e-7), "1e-7");
  EXPECT_EQ(go_json_float(1e-6), "0.000001");
  EXPECT_EQ(go_json_float(824.2426240588179), "824.2426240588179");
}

TEST(DurationText, SwitchesUnitsAsGhz) {
  EXPECT_EQ(duration_text(9'999), "9999 ns");
  EXPECT_EQ(duration_text(10'000), "0.01 ms");
  EXPECT_EQ(duration_text(999'990'000), "999.99 ms");
  EXPECT_EQ(duration_text(61'000'000'000), "61.00 s");
}

}  // namespace
}  // namespace zelus::ghz
