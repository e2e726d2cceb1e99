#include "report/writers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include "report/bench.h"

namespace report {
namespace {

using testing::HasSubstr;
using testing::Not;

BenchResult sample_result() {
  BenchResult result;
  result.date = "2026-11-24T12:00:00+0000";
  result.machine = "2 × CPU";
  result.users = 50;
  result.requests = 1'000'000;
  for (const char* name : {"bia", "</script><b>kratos"}) {
    TargetResult target;
    target.name = name;
    target.where = "http://127.0.0.1:8080, 127.0.0.1:8282";
    for (const char* protocol : {"HTTP", "gRPC"}) {
      LoadResult load;
      load.protocol = protocol;
      load.command = "zelus run script.js";
      load.summary = "checks 100%";
      load.total.count = 1'000'000;
      load.total.seconds = 20;
      load.total.p95_ms = 1.25;
      load.total.curve = {{50, 1}, {99, 2}};
      load.total.histogram = {{1, 600'000}, {2, 400'000}};
      load.server_cpu_seconds = 8;
      load.load_cpu_seconds = 6;
      load.rss_peak_bytes = 9'000'000;
      for (int i = 1; i < 100; ++i)
        load.points.push_back({i * 0.2, 10'000, 0, 0.9, 1.2 + i * 0.001, 1.9});
      target.loads.push_back(load);
    }
    for (int i = 0; i < 210; ++i) {
      TimedSample sample;
      sample.seconds = i * 0.2;
      sample.cpu_percent = 90;
      sample.process.rss_bytes = 9'000'000;
      sample.process.open_files = 60;
      target.samples.push_back(sample);
    }
    result.targets.push_back(target);
  }
  return result;
}

TEST(ToJson, HoldsWhatWasMeasured) {
  rapidjson::Document document;
  ASSERT_FALSE(document.Parse(to_json(sample_result()).c_str()).HasParseError());
  const auto& load = document["targets"][0]["loads"][0];
  EXPECT_DOUBLE_EQ(load["requests_per_second"].GetDouble(), 50'000);
  EXPECT_DOUBLE_EQ(load["server_cpu_us_per_request"].GetDouble(), 8);
  EXPECT_DOUBLE_EQ(load["requests_per_cpu_second"].GetDouble(), 125'000);
  EXPECT_FALSE(document["partial"].GetBool());
}

TEST(ToMarkdown, HasATableForEachProtocolAndAColumnForEachTarget) {
  std::string text = to_markdown(sample_result());
  EXPECT_THAT(text, HasSubstr("| HTTP | bia | </script><b>kratos |"));
  EXPECT_THAT(text, HasSubstr("| gRPC | bia |"));
  EXPECT_THAT(text, HasSubstr("| server CPU a request | 8.00 µs | 8.00 µs |"));
  EXPECT_THAT(text, HasSubstr("$ zelus run script.js\nchecks 100%"));
}

TEST(ToMarkdown, SaysWhatIsPartial) {
  BenchResult result = sample_result();
  result.targets[0].loads[0].partial = "the service ended in mid-run";
  EXPECT_THAT(to_markdown(result), HasSubstr("**Partial: the service ended in mid-run**"));
  EXPECT_THAT(to_terminal(result),
              HasSubstr("HTTP of bia is partial: the service ended in mid-run"));
}

TEST(ToHtml, IsOnePageWithoutOutsideReferences) {
  std::string page = to_html(sample_result());
  EXPECT_THAT(page, Not(HasSubstr("</script><b>kratos")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("/*DATA*/")));
  EXPECT_GT(page.size(), 150'000u) << "the chart library is in it";
}

TEST(Grouped, PutsCommas) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000'000), "1,000,000");
}

TEST(ParseTarget, TakesAFolderOrAddresses) {
  EXPECT_EQ(parse_target("mine=./svc")->folder, "./svc");
  auto running = parse_target("kratos=http=http://127.0.0.1:8000,grpc=127.0.0.1:9000,pid=12");
  ASSERT_TRUE(running.ok());
  EXPECT_EQ(running->http, "http://127.0.0.1:8000");
  EXPECT_EQ(running->grpc, "127.0.0.1:9000");
  EXPECT_EQ(running->pid, 12);
}

TEST(ParseTarget, SaysWhatIsWrong) {
  EXPECT_THAT(parse_target("x").error().message(), HasSubstr("has no name"));
  EXPECT_THAT(parse_target("x=").error().message(), HasSubstr("says no service"));
  EXPECT_THAT(parse_target("x=htp=1").error().message(), HasSubstr("\"htp\" is none of"));
  EXPECT_THAT(parse_target("x=http=a,pid=z").error().message(), HasSubstr("pid is not a number"));
}

}  // namespace
}  // namespace report
