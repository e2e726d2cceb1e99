#include <gmock/gmock.h>

#include "zelus/metrics/metric.h"
#include "zelus/metrics/tags.h"

namespace zelus::metrics {
namespace {

TEST(Registry, KnowsTheBuiltinMetrics) {
  Registry registry;
  EXPECT_EQ(registry.size(), kBuiltinCount);
  EXPECT_EQ(registry.id_of("http_req_duration"), kHttpReqDuration);
  EXPECT_EQ(registry.id_of("data_received"), kDataReceived);
  EXPECT_EQ(registry[kHttpReqFailed].name, "http_req_failed");
  EXPECT_EQ(registry[kGrpcReqDuration].contains, Contains::kTime);
}

TEST(Registry, FindsTheSameMetricAgain) {
  Registry registry;
  MetricId id = *registry.define("pick_time", MetricType::kTrend, Contains::kTime);
  EXPECT_EQ(*registry.define("pick_time", MetricType::kTrend, Contains::kTime), id);
  Registry copy = registry;
  EXPECT_EQ(copy.id_of("pick_time"), id);
}

TEST(Registry, RefusesAnotherTypeOrUnit) {
  Registry registry;
  registry.define("pick_time", MetricType::kTrend).ignore("known good");
  EXPECT_EQ(registry.define("pick_time", MetricType::kCounter).error().message(),
            "metric 'pick_time' already exists but with type trend, instead of counter");
  EXPECT_EQ(registry.define("pick_time", MetricType::kTrend, Contains::kTime).error().message(),
            "metric 'pick_time' already exists but with a value type default, instead of time");
}

TEST(Registry, RefusesBadNames) {
  Registry registry;
  for (std::string name : {"", "a", "1a", "with space", "dash-ed", "umläut"}) {
    EXPECT_EQ(registry.define(name, MetricType::kCounter).error().message(),
              "Invalid metric name: '" + name +
                  "'. Metric names must only include up to 128 ASCII letters, numbers, or "
                  "underscores and start with a letter or an "
                  "underscore.");
  }
  EXPECT_TRUE(registry.define(std::string(129, 'x'), MetricType::kCounter).ok());
  EXPECT_FALSE(registry.define(std::string(130, 'x'), MetricType::kCounter).ok());
}

TEST(TagInterner, MakesEqualSetsOnePointer) {
  TagInterner tags;
  const TagSet* a = tags.with(tags.with(tags.empty(), "url", "/"), "method", "GET");
  const TagSet* b = tags.with(tags.with(tags.empty(), "method", "GET"), "url", "/");
  EXPECT_EQ(a, b);
  EXPECT_EQ(tags.of({{"url", "/x"}, {"method", "GET"}, {"url", "/"}}), a);
  EXPECT_EQ(tags.with(a, "url", "/"), a);
  EXPECT_EQ(tags.with(a, "url", "/"), a);
  EXPECT_NE(tags.with(a, "url", "/b"), a);
  EXPECT_EQ(a->tags()[0].first, "method");
}

TEST(TagInterner, RemovesAndMerges) {
  TagInterner tags;
  const TagSet* ab = tags.of({{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(tags.without(ab, "b"), tags.of({{"a", "1"}}));
  EXPECT_EQ(tags.without(ab, "none"), ab);
  EXPECT_EQ(tags.merge(ab, tags.of({{"b", "3"}, {"c", "4"}})),
            tags.of({{"a", "1"}, {"b", "3"}, {"c", "4"}}));
  EXPECT_EQ(tags.without(tags.of({{"a", "1"}}), "a"), tags.empty());
}

TEST(TagInterner, AdoptsSetsOfAnother) {
  TagInterner mine;
  TagInterner theirs;
  const TagSet* set = theirs.of({{"a", "1"}});
  EXPECT_NE(mine.adopt(set), set);
  EXPECT_EQ(mine.adopt(set), mine.of({{"a", "1"}}));
  EXPECT_EQ(mine.adopt(set)->hash(), set->hash());
}

TEST(TagSet, Finds) {
  TagInterner tags;
  const TagSet* set = tags.of({{"a", "1"}, {"b", ""}});
  EXPECT_EQ(set->get("a"), "1");
  EXPECT_EQ(set->get("c"), "");
  EXPECT_NE(set->find("b"), nullptr);
  EXPECT_EQ(set->find("c"), nullptr);
  EXPECT_TRUE(set->contains(*tags.of({{"a", "1"}})));
  EXPECT_FALSE(set->contains(*tags.of({{"a", "2"}})));
  EXPECT_TRUE(set->contains(*tags.empty()));
}

TEST(SystemTags, TakesNamesAndForgetsUnknownOnes) {
  SystemTags tags = SystemTags::of(std::vector<std::string>{"url", "vu", "warp"});
  EXPECT_TRUE(tags.has(SystemTag::kUrl));
  EXPECT_TRUE(tags.has(SystemTag::kVu));
  EXPECT_FALSE(tags.has(SystemTag::kMethod));
  EXPECT_THAT(tags.names(true), testing::ElementsAre("url"));
  EXPECT_EQ(SystemTags::defaults().names(false).size(), 14u);
  EXPECT_FALSE(SystemTags::defaults().has(SystemTag::kIp));
  EXPECT_EQ(system_tag_name(SystemTag::kExpectedResponse), "expected_response");
  EXPECT_EQ(system_tag_name(SystemTag::kIp), "ip");
}

}  // namespace
}  // namespace zelus::metrics
