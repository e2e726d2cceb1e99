#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zelus/options/scenario.h"
#include "zelus/options/segment.h"

namespace zelus::options {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

Scenario base(ExecutorKind kind) {
  Scenario s;
  s.name = "s";
  s.kind = kind;
  return s;
}

// The scenario of k6's TestRampingVUsConfigExecutionPlanExample.
Scenario k6_example() {
  Scenario s = base(ExecutorKind::kRampingVus);
  s.start_vus = 4;
  s.stages.emplace();
  for (auto [length, target] : std::vector<std::pair<int, int64_t>>{
           {2, 6}, {5, 1}, {4, 5}, {4, 1}, {3, 4}, {2, 4}, {0, 1}, {3, 1}}) {
    s.stages->push_back({Duration(seconds(length)), target});
  }
  return s;
}

/// "seconds:users" of each step.
std::vector<std::string> brief(const std::vector<PlanStep>& steps) {
  std::vector<std::string> out;
  for (const PlanStep& step : steps) {
    out.push_back(std::to_string(std::chrono::duration_cast<seconds>(step.offset).count()) + ":" +
                  std::to_string(step.planned));
  }
  return out;
}

TEST(RampingPlan, IsK6sExample) {
  Scenario s = k6_example();
  EXPECT_THAT(
      brief(ramping_steps(s, Segment())),
      ElementsAre("0:4", "1:5", "2:6", "3:5", "4:4", "5:3", "6:2", "7:1", "8:2", "9:3", "10:4",
                  "11:5", "12:4", "13:3", "14:2", "15:1", "16:2", "17:3", "18:4", "20:1", "23:0"));
  EXPECT_THAT(brief(plan_of(s, Segment())),
              ElementsAre("0:4", "1:5", "2:6", "33:5", "42:4", "50:1", "53:0"));
  s.graceful_stop = Duration(seconds(80));
  EXPECT_THAT(brief(plan_of(s, Segment())),
              ElementsAre("0:4", "1:5", "2:6", "33:5", "42:4", "50:1", "103:0"));
  s.graceful_stop = Duration(seconds(3));
  EXPECT_THAT(brief(plan_of(s, Segment())), ElementsAre("0:4", "1:5", "2:6", "26:0"));
  s.graceful_stop = Duration(0);
  EXPECT_THAT(brief(plan_of(s, Segment())), ElementsAre("0:4", "1:5", "2:6", "23:0"));
  s.graceful_ramp_down = Duration(0);
  EXPECT_EQ(plan_of(s, Segment()), ramping_steps(s, Segment()));
}

TEST(RampingPlan, OfASegment) {
  auto third = Segment::create("0:1/3", "");
  ASSERT_TRUE(third.ok());
  EXPECT_THAT(
      brief(ramping_steps(k6_example(), *third)),
      ElementsAre("0:1", "1:2", "4:1", "7:0", "8:1", "11:2", "12:1", "15:0", "16:1", "20:0"));
}

TEST(TestPlan, AddsScenariosUp) {
  ScenarioMap map;
  map["a"] = base(ExecutorKind::kConstantVus);
  map["a"].vus = 3;
  map["a"].duration = seconds(5);
  map["b"] = base(ExecutorKind::kConstantArrivalRate);
  map["b"].start_time = seconds(10);
  map["b"].duration = seconds(5);
  map["b"].pre_allocated_vus = 2;
  map["b"].max_vus = 7;
  map["b"].graceful_stop = seconds(0);
  auto plan = plan_of(map, Segment());
  EXPECT_THAT(brief(plan), ElementsAre("0:3", "10:5", "15:3", "35:0"));
  EXPECT_EQ(planned_max(plan), 5);
  EXPECT_EQ(possible_max(plan), 10);
  EXPECT_EQ(plan.back().offset, Duration(seconds(35)));
}

TEST(Describe, IsK6s) {
  Scenario s = base(ExecutorKind::kConstantArrivalRate);
  s.rate = 5;
  s.duration = seconds(3);
  s.pre_allocated_vus = 2;
  s.max_vus = 3;
  EXPECT_EQ(describe(s, Segment()), "5.00 iterations/s for 3s (maxVUs: 2-3, gracefulStop: 30s)");
  s = base(ExecutorKind::kPerVuIterations);
  s.exec = "other";
  s.start_time = seconds(2);
  EXPECT_EQ(describe(s, Segment()),
            "1 iterations for each of 1 VUs (maxDuration: 10m0s, exec: other, startTime: 2s, "
            "gracefulStop: 30s)");
  EXPECT_EQ(describe(k6_example(), Segment()),
            "Up to 6 looping VUs for 23s over 8 stages (gracefulRampDown: 30s, gracefulStop: 30s)");
}

// parity/k6.md 4: shared-iterations, 10 users, 20 iterations, segment 1/3:2/3 of 0,1/3,2/3,1.
TEST(Segment, StripesAsK6) {
  auto middle = Segment::create("1/3:2/3", "0,1/3,2/3,1");
  ASSERT_TRUE(middle.ok()) << middle.error().message();
  EXPECT_EQ(middle->scale(10), 3);
  EXPECT_EQ(middle->global(0) + 1, 2u);
  EXPECT_EQ(middle->global(1) + 1, 5u);
  EXPECT_EQ(middle->global(2) + 1, 8u);
  auto striped = middle->restriped(10);
  ASSERT_TRUE(striped.ok());
  EXPECT_EQ(striped->scale(20), 6);
  auto first = Segment::create("1/3", "0,1/3,2/3,1");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->restriped(10)->scale(20) + striped->scale(20) +
                Segment::create("2/3:1", "0,1/3,2/3,1")->restriped(10)->scale(20),
            20);
}

TEST(Segment, EveryElementBelongsToOne) {
  for (int64_t value = 0; value < 100; ++value) {
    int64_t sum = 0;
    for (const char* text : {"0:1/7", "1/7:1/2", "1/2:9/10", "9/10:1"})
      sum += Segment::create(text, "0,1/7,1/2,9/10,1")->scale(value);
    EXPECT_EQ(sum, value);
  }
}

TEST(Segment, RefusesWithK6sTexts) {
  auto error = [](const char* segment, const char* sequence = "") {
    auto made = Segment::create(segment, sequence);
    return made ? std::string("accepted") : made.error().message();
  };
  EXPECT_EQ(error("abc"), "'abc' is not a valid percentage, decimal, fraction or interval value");
  EXPECT_EQ(error("x%"), "'x%' is not a valid percentage");
  EXPECT_EQ(error("2"), "segment end value can't be more than 1 but was 2.00");
  EXPECT_EQ(error("0.5:0.2"), "segment start(0.50) must be less than its end(0.20)");
  EXPECT_EQ(error("1/3:2/3", "0,1/2,1"),
            "provided segment 1/3:2/3 can't be found in sequence 0,1/2,1");
  EXPECT_EQ(error("1/2", "0"),
            "at least 2 points are needed for an execution segment sequence, 1 given");
  EXPECT_EQ(error("1/99999999"),
            "'1/99999999' is not a valid percentage, decimal, fraction or interval value");
  EXPECT_EQ(error("10%"), "accepted");
}

}  // namespace
}  // namespace zelus::options
