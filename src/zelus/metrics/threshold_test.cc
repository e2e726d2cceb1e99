#include "zelus/metrics/threshold.h"

#include <gmock/gmock.h>

#include "zelus/metrics/shard.h"
#include "zelus/metrics/snapshot.h"

namespace zelus::metrics {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

std::string error_of(const ThresholdSpecs& specs) {
  Result<Thresholds> thresholds = Thresholds::create(specs, Registry(), SystemTags::defaults());
  return thresholds ? "" : thresholds.error().message();
}

TEST(ParseThreshold, TakesK6sGrammar) {
  ThresholdExpression p = *parse_threshold(" p(99.9) <= 1e3 ");
  EXPECT_EQ(p.method, ThresholdExpression::Method::kPercentile);
  EXPECT_EQ(p.percentile, 99.9);
  EXPECT_EQ(p.op, ThresholdExpression::Operator::kLessEqual);
  EXPECT_EQ(p.value, 1000);
  EXPECT_EQ(p.key(), "p(99.9)");
  EXPECT_EQ(parse_threshold("rate===0.5")->op, ThresholdExpression::Operator::kEqual);
  EXPECT_EQ(parse_threshold("count!=3")->op, ThresholdExpression::Operator::kNotEqual);
  EXPECT_EQ(parse_threshold("value>=-1")->op, ThresholdExpression::Operator::kGreaterEqual);
}

TEST(ParseThreshold, RefusesWithK6sTexts) {
  auto error = [](std::string_view text) { return parse_threshold(text).error().message(); };
  EXPECT_EQ(error("p95<500"),
            "failed parsing threshold expression's \"p95<500\" left hand side; reason: failed "
            "parsing method from expression");
  EXPECT_EQ(error("rate"),
            "failed parsing threshold expression \"rate\"; reason: malformed threshold expression");
  EXPECT_EQ(
      error("rate<"),
      "failed parsing threshold expression \"rate<\"; reason: malformed threshold expression");
  EXPECT_EQ(error(""),
            "failed parsing threshold expression \"\"; reason: malformed threshold expression");
  EXPECT_EQ(error("rate<x"),
            "failed parsing threshold expresion's \"rate<x\" right hand side; reason: "
            "strconv.ParseFloat: parsing \"x\": invalid syntax");
  EXPECT_EQ(error("rate<0.1 && rate>0"),
            "failed parsing threshold expresion's \"rate<0.1 && rate>0\" right hand side; reason: "
            "strconv.ParseFloat: parsing "
            "\"0.1 && rate>0\": invalid syntax");
  EXPECT_EQ(
      error("p(100.1)<1"),
      "failed parsing threshold expression's \"p(100.1)<1\" left hand side; reason: malformed "
      "percentile value, provide a number between 0 and 100");
  EXPECT_EQ(error("rate!==1"),
            "failed parsing threshold expression's \"rate!==1\" left hand side; reason: failed "
            "parsing method from expression");
  EXPECT_EQ(error("p(x)<1"),
            "failed parsing threshold expression's \"p(x)<1\" left hand side; reason: malformed "
            "percentile value; reason: "
            "strconv.ParseFloat: parsing \"x\": invalid syntax");
}

TEST(ParseMetricName, TakesTagsAndRefusesBadBraces) {
  ParsedMetricName parsed = *parse_metric_name("http_reqs{a:b, c:d}");
  EXPECT_EQ(parsed.name, "http_reqs");
  EXPECT_THAT(parsed.tags, ElementsAre("a:b", "c:d"));
  auto error = [](std::string_view text) { return parse_metric_name(text).error().message(); };
  EXPECT_EQ(error("a{b"),
            "parsing metric name failed, metric \"a{b\" has unmatched opening/close curly brace");
  EXPECT_EQ(
      error("a}b{"),
      "parsing metric name failed, metric \"a}b{\" closing curly brace appears before opening one");
  EXPECT_EQ(error("a{b:c}d"),
            "parsing metric name failed, metric \"a{b:c}d\" lacks a closing curly brace in its "
            "last position");
  EXPECT_EQ(error("a{b:}"),
            "parsing metric name failed, metric \"b:\" tag expression is malformed");
  EXPECT_EQ(error("a{}"), "parsing metric name failed, metric \"\" tag expression is malformed");
}

TEST(Thresholds, RefusesWithK6sTexts) {
  EXPECT_EQ(error_of({{"no_such_metric", {{"rate<1", false, {}}}}}),
            "invalid threshold defined on no_such_metric; reason: no metric name "
            "\"no_such_metric\" found");
  EXPECT_EQ(error_of({{"http_req_failed", {{"p(95)<500", false, {}}}}}),
            "invalid threshold \"p(95)<500\" applied on metric http_req_failed; reason: "
            "unsupported aggregation method p on metric of type "
            "rate. supported aggregation methods for this metric are: rate");
  EXPECT_THAT(error_of({{"http_req_duration{x:y}", {{"count<1", false, {}}}}}),
              testing::EndsWith("are: avg, min, max, med, p"));
  EXPECT_EQ(error_of({{"http_reqs{x", {{"count<1", false, {}}}}}),
            "unable to validate threshold expressions; reason: parsing metric name failed, metric "
            "\"http_reqs{x\" has unmatched "
            "opening/close curly brace");
}

TEST(Thresholds, MakesSubmetricsOnceEach) {
  ThresholdSpecs specs{{"http_req_duration{ 'scenario':\"shop\" }", {{"max<1", false, {}}}},
                       {"http_req_duration{scenario:shop}", {{"min<1", false, {}}}}};
  Thresholds thresholds = *Thresholds::create(specs, Registry(), SystemTags::defaults());
  const std::vector<Submetric>& list = thresholds.submetrics().at(kHttpReqDuration);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_THAT(list[0].tags, ElementsAre(Tag("scenario", "shop")));
  EXPECT_EQ(list[1].name, "http_req_duration{expected_response:true}");
  EXPECT_TRUE(Thresholds::create({}, Registry(), SystemTags::none())->submetrics().empty());
}

TEST(Thresholds, WithoutThresholdsKeepsSubmetricsAndWarns) {
  ThresholdSpecs specs{{"http_req_duration{vu:1}", {{"nonsense", false, {}}}}, {"nosuch", {}}};
  Thresholds thresholds = Thresholds::none(specs, Registry(), SystemTags::none());
  EXPECT_TRUE(thresholds.empty());
  EXPECT_EQ(thresholds.submetrics().at(kHttpReqDuration)[0].suffix, "vu:1");
  EXPECT_THAT(thresholds.warnings(), ElementsAre("Invalid metric 'nosuch' in threshold definitions",
                                                 testing::HasSubstr("high-cardinality 'vu'")));
}

struct TestRun {
  explicit TestRun(const ThresholdSpecs& specs)
      : thresholds(*Thresholds::create(specs, registry, SystemTags::defaults())), shard(registry) {}
  Thresholds::Verdict evaluate(bia::Duration elapsed, Thresholds::When when) {
    return thresholds.evaluate(Snapshot::of(shard, thresholds, Detail::kTotals), elapsed, when);
  }
  Registry registry;
  Thresholds thresholds;
  Shard shard;
};

TEST(Thresholds, NamesThoseCrossed) {
  TestRun run({{"http_req_duration", {{"p(95)<500", false, {}}, {"avg<1", false, {}}}},
               {"http_req_duration{url:/a}", {{"max<=10", false, {}}}},
               {"checks", {{"rate>0.9", false, {}}}},
               {"http_reqs", {{"rate>100", false, {}}}},
               {"vus", {{"value==3", false, {}}}}});
  const TagSet* a = run.shard.tags().of({{"url", "/a"}});
  const TagSet* b = run.shard.tags().of({{"url", "/b"}});
  run.shard.add(kHttpReqDuration, a, 10);
  run.shard.add(kHttpReqDuration, b, 400);
  run.shard.add(kHttpReqs, a, 50);
  run.shard.add(kVus, run.shard.tags().empty(), 3);
  Thresholds::Verdict verdict = run.evaluate(1s, Thresholds::When::kFinal);
  EXPECT_THAT(verdict.crossed, ElementsAre("http_req_duration", "http_reqs"));
  EXPECT_FALSE(verdict.abort);
  EXPECT_FALSE(run.thresholds.entries()[1].thresholds[0].failed);
  EXPECT_TRUE(run.thresholds.entries()[1].name == "http_req_duration");
}

TEST(Thresholds, EmptyMetricsCountAtTheEndOnly) {
  TestRun run({{"http_reqs", {{"count>0", false, {}}}},
               {"checks", {{"rate>0.9", false, {}}}},
               {"iteration_duration", {{"avg>0", false, {}}}}});
  EXPECT_TRUE(run.evaluate(1s, Thresholds::When::kRunning).crossed.empty());
  EXPECT_THAT(run.evaluate(1s, Thresholds::When::kFinal).crossed,
              ElementsAre("http_reqs", "iteration_duration"));
}

TEST(Thresholds, AbortsAfterTheDelay) {
  TestRun run({{"checks", {{"rate>0.9", true, 10s}}}});
  run.shard.add(kChecks, run.shard.tags().empty(), 0);
  EXPECT_FALSE(run.evaluate(10s, Thresholds::When::kRunning).abort);
  EXPECT_TRUE(run.evaluate(10s + 1ns, Thresholds::When::kRunning).abort);
}

}  // namespace
}  // namespace zelus::metrics
