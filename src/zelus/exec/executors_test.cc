#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zelus/exec/arrival_times.h"
#include "zelus/exec/claims.h"
#include "zelus/exec/fake_user_test_support.h"
#include "zelus/exec/fixed_text.h"

namespace zelus::exec {
namespace {

using namespace testing_support;
using options::ExecutorKind;
using options::Scenario;
using std::chrono::milliseconds;
using std::chrono::seconds;

Scenario scenario(ExecutorKind kind, Duration grace = milliseconds(500)) {
  Scenario s;
  s.kind = kind;
  s.graceful_stop = grace;
  return s;
}

TEST(FixedText, IsK6s) {
  EXPECT_EQ(fixed_int(7, 100), "007");
  EXPECT_EQ(fixed_int(3, 3), "3");
  EXPECT_EQ(fixed_float(5.694, 10, 2), "05.69");
  EXPECT_EQ(fixed_float(5, 5, 2), "5.00");
  EXPECT_EQ(fixed_duration(milliseconds(2340), seconds(3)), "2.3s");
  EXPECT_EQ(fixed_duration(seconds(2), seconds(20)), "02.0s");
  EXPECT_EQ(fixed_duration(Duration(0), seconds(600)), "00m00.0s");
  EXPECT_EQ(fixed_duration(seconds(61), seconds(120)), "1m01.0s");
  EXPECT_EQ(fixed_duration(seconds(3661), seconds(7200)), "1h01m01.0s");
  EXPECT_EQ(fixed_duration(seconds(90061), seconds(864001)), "01d01h01m01.0s");
}

TEST(IterationClaims, GivesEachNumberOnceAndEndsSingly) {
  IterationClaims claims(2, 1000);
  std::set<uint64_t> seen;
  uint64_t number = 0;
  while (claims.next(0, number)) seen.insert(number);
  EXPECT_FALSE(claims.next(1, number));
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(*seen.rbegin(), 999u);
  EXPECT_EQ(claims.taken(), 1000u);
  IterationClaims few(2, 10);
  ASSERT_TRUE(few.next(0, number));
  ASSERT_TRUE(few.next(1, number));
  EXPECT_EQ(number, 1u);
}

TEST(IterationClaims, AnExpectationIsNoLimit) {
  IterationClaims claims(2, IterationClaims::kUnlimited, 10);
  uint64_t number = 0;
  ASSERT_TRUE(claims.next(1, number));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(claims.next(0, number));
  EXPECT_EQ(claims.taken(), 21u);
  EXPECT_EQ(number, 20u);
}

TEST(SharedIterations, RunsExactlyThatMany) {
  FakeScript script;
  Scenario s = scenario(ExecutorKind::kSharedIterations);
  s.vus = 7;
  s.iterations = 10007;
  RunResult result = run_fake(script, {{"a", s}});
  EXPECT_FALSE(result.error.has_value());
  EXPECT_EQ(result.complete, 10007u);
  EXPECT_EQ(result.interrupted, 0u);
  EXPECT_EQ(script.numbers.size(), 10007u);
  EXPECT_EQ(*script.numbers.rbegin(), 10006u);
  EXPECT_EQ(script.inits, 7 + 2);
  EXPECT_EQ(script.setups, 1);
  EXPECT_EQ(script.teardowns, 1);
  EXPECT_EQ(result.active, 0);
  EXPECT_EQ(result.dropped, 0u);
  EXPECT_EQ(result.lines[0].status, Status::kDone);
  EXPECT_EQ(result.lines[0].right[2], "10007/10007 shared iters");
}

TEST(SharedIterations, MaxDurationInterruptsAndCountsTheDropped) {
  FakeScript script;
  script.iteration = seconds(5);
  Scenario s = scenario(ExecutorKind::kSharedIterations, milliseconds(100));
  s.vus = 2;
  s.iterations = 10;
  s.max_duration = milliseconds(200);
  RunResult result = run_fake(script, {{"a", s}});
  EXPECT_EQ(result.complete, 0u);
  EXPECT_EQ(result.interrupted, 2u);
  EXPECT_EQ(result.dropped, 8u);
  EXPECT_EQ(result.lines[0].status, Status::kInterrupted);
  EXPECT_LT(result.took, seconds(3));
}

TEST(PerVuIterations, EachUserRunsItsOwn) {
  FakeScript script;
  Scenario s = scenario(ExecutorKind::kPerVuIterations);
  s.vus = 5;
  s.iterations = 20;
  RunResult result = run_fake(script, {{"a", s}});
  EXPECT_EQ(result.complete, 100u);
  EXPECT_EQ(script.by_user.size(), 5u);
  for (auto& [vu, count] : script.by_user) EXPECT_EQ(count, 20u) << vu;
  EXPECT_EQ(script.numbers.size(), 100u);
}

TEST(PerVuIterations, EachUserTellsWhatItDropped) {
  FakeScript script;
  script.iteration = seconds(5);
  Scenario s = scenario(ExecutorKind::kPerVuIterations, Duration(0));
  s.vus = 3;
  s.iterations = 10;
  s.max_duration = milliseconds(100);
  RunResult result = run_fake(script, {{"a", s}});
  EXPECT_EQ(result.interrupted, 3u);
  EXPECT_EQ(result.dropped, 27u);
  EXPECT_EQ(result.dropped_samples, 3u);
}

TEST(ConstantVus, LoopsAndLetsIterationsFinish) {
  FakeScript script;
  script.iteration = milliseconds(150);
  Scenario s = scenario(ExecutorKind::kConstantVus, seconds(5));
  s.vus = 4;
  s.duration = milliseconds(400);
  RunResult result = run_fake(script, {{"a", s}});
  EXPECT_EQ(result.interrupted, 0u);
  EXPECT_EQ(result.complete, 12u);
  EXPECT_EQ(script.running_max, 4);
  EXPECT_GE(result.took, milliseconds(440));
  EXPECT_LT(result.took, seconds(2));
}

TEST(ConstantVus, IterationsThatNeverSuspendEndInTime) {
  FakeScript script;
  script.on_iteration = [](uint64_t, const IterationNumbers&, RunView&) {};
  Scenario s = scenario(ExecutorKind::kConstantVus);
  s.vus = 4;
  s.duration = milliseconds(200);
  RunResult result = run_fake(script, {{"a", s}});
  EXPECT_EQ(script.by_user.size(), 4u);
  EXPECT_GT(result.complete, 100u);
  EXPECT_LT(result.took, seconds(2));
}

TEST(RampingVus, FollowsTheStages) {
  FakeScript script;
  script.iteration = milliseconds(20);
  Scenario s = scenario(ExecutorKind::kRampingVus);
  s.start_vus = 1;
  s.graceful_ramp_down = seconds(5);
  s.stages = {{Duration(milliseconds(300)), 6}, {Duration(milliseconds(300)), 0}};
  RunResult result = run_fake(script, {{"a", s}});
  EXPECT_EQ(script.running_max, 6);
  EXPECT_EQ(result.interrupted, 0u);
  EXPECT_EQ(result.active, 0);
  // The area below the line is 2.1 user seconds.
  EXPECT_GT(result.complete, 50u);
  EXPECT_LT(result.complete, 130u);
}

TEST(RampingVus, InterruptsWhatOutlivesTheRampDown) {
  FakeScript script;
  script.iteration = seconds(10);
  Scenario s = scenario(ExecutorKind::kRampingVus, seconds(10));
  s.start_vus = 2;
  s.graceful_ramp_down = milliseconds(100);
  s.stages = {{Duration(milliseconds(100)), 0}};
  RunResult result = run_fake(script, {{"a", s}});
  EXPECT_EQ(result.interrupted, 2u);
  EXPECT_LT(result.took, seconds(3));
}

TEST(ConstantArrivalRate, StartsOnTime) {
  FakeScript script;
  script.iteration = milliseconds(5);
  Scenario s = scenario(ExecutorKind::kConstantArrivalRate);
  s.rate = 100;
  s.duration = milliseconds(500);
  s.pre_allocated_vus = 10;
  RunResult result = run_fake(script, {{"a", s}});
  EXPECT_THAT(result.complete + result.dropped, testing::AnyOf(50u, 51u));
  EXPECT_GE(result.complete, 45u);
}

TEST(ConstantArrivalRate, DropsWhatNobodyCanRunAndMakesUsers) {
  FakeScript script;
  script.iteration = seconds(5);
  Scenario s = scenario(ExecutorKind::kConstantArrivalRate, milliseconds(100));
  s.rate = 20;
  s.duration = milliseconds(500);
  s.pre_allocated_vus = 1;
  s.max_vus = 3;
  RunResult result = run_fake(script, {{"a", s}});
  EXPECT_EQ(result.interrupted, 3u);
  EXPECT_THAT(result.dropped, testing::AnyOf(7u, 8u));
  EXPECT_EQ(script.inits, 3 + 2);
  EXPECT_LT(result.took, seconds(3));
}

TEST(ArrivalTimes, OfARamp) {
  Scenario s = scenario(ExecutorKind::kRampingArrivalRate);
  s.start_rate = 0;
  s.stages = {{Duration(seconds(2)), 4}, {Duration(seconds(1)), 4}};
  options::Segment whole;
  ArrivalTimes times(s, whole);
  std::vector<double> at;
  while (auto next = times.next()) at.push_back(std::chrono::duration<double>(*next).count());
  // The integral t*t reaches n at sqrt(n): four in the ramp, four more at the constant rate.
  ASSERT_EQ(at.size(), 8u);
  EXPECT_NEAR(at[0], 1, 1e-6);
  EXPECT_NEAR(at[1], 1.41421356, 1e-6);
  EXPECT_NEAR(at[3], 2, 1e-6);
  EXPECT_NEAR(at[7], 3, 1e-6);
}

TEST(Engine, AbortInterruptsAndStillTearsDown) {
  FakeScript script;
  script.iteration = seconds(10);
  Scenario s = scenario(ExecutorKind::kConstantVus, seconds(30));
  s.vus = 3;
  s.duration = seconds(20);
  RunResult result = run_fake(script, {{"a", s}}, [](Engine& engine) {
    bia::fiber::sleep_for(milliseconds(100)).ignore("cancelled at the end");
    engine.abort(options::with_exit(bia::Error(bia::Code::kAborted, "SIGNAL", "stopped"), 105));
  });
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->message(), "stopped");
  EXPECT_EQ(options::exit_of(*result.error), 105);
  EXPECT_EQ(result.interrupted, 3u);
  EXPECT_EQ(script.teardowns, 1);
  EXPECT_EQ(result.lines[0].status, Status::kInterrupted);
  EXPECT_LT(result.took, seconds(3));
}

TEST(Engine, ScriptAbortsWithItsText) {
  FakeScript script;
  script.on_iteration = [](uint64_t, const IterationNumbers& numbers, RunView& run) {
    if (numbers.in_scenario_test == 4) run.abort("test aborted: enough");
  };
  Scenario s = scenario(ExecutorKind::kSharedIterations);
  s.vus = 2;
  s.iterations = 1'000'000;
  RunResult result = run_fake(script, {{"a", s}});
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->message(), "test aborted: enough");
  EXPECT_EQ(options::exit_of(*result.error), 108);
  EXPECT_LT(result.complete, 1'000'000u);
}

TEST(Engine, SetupTimesOut) {
  FakeScript script;
  script.setup = seconds(10);
  options::Options options;
  options.setup_timeout = milliseconds(100);
  RunResult result =
      run_fake(script, {{"a", scenario(ExecutorKind::kPerVuIterations)}}, {}, options);
  ASSERT_TRUE(result.error.has_value());
  EXPECT_EQ(result.error->message(), "setup() execution timed out after 0 seconds");
  EXPECT_EQ(options::exit_of(*result.error), 100);
  EXPECT_EQ(script.iterations, 0u);
  EXPECT_EQ(script.teardowns, 0);
}

TEST(Engine, StartTimesAndSharedUsers) {
  FakeScript script;
  Scenario first = scenario(ExecutorKind::kPerVuIterations, Duration(0));
  first.vus = 3;
  first.max_duration = milliseconds(100);
  Scenario second = first;
  second.start_time = milliseconds(200);
  RunResult result = run_fake(script, {{"a", first}, {"b", second}});
  EXPECT_EQ(result.complete, 6u);
  // Both use the same three users.
  EXPECT_EQ(script.inits, 3 + 2);
  EXPECT_GE(result.took, milliseconds(200));
}

TEST(Engine, MinIterationDurationPaces) {
  FakeScript script;
  options::Options options;
  options.min_iteration_duration = milliseconds(50);
  Scenario s = scenario(ExecutorKind::kPerVuIterations);
  s.iterations = 4;
  RunResult result = run_fake(script, {{"a", s}}, {}, options);
  EXPECT_EQ(result.complete, 4u);
  EXPECT_GE(result.took, milliseconds(200));
}

Scenario external(int64_t vus, int64_t vus_max, Duration duration) {
  Scenario s;
  s.kind = ExecutorKind::kExternallyControlled;
  s.vus = vus;
  s.max_vus = vus_max;
  s.duration = duration;
  return s;
}

void wait_for_setup(Engine& engine) {
  while (!engine.setup_done() || engine.lines()[0].right.empty())
    bia::fiber::sleep_for(milliseconds(1)).ignore("it looks again");
}

TEST(ExternallyControlled, LoopsForItsDurationAndIsCutOffAtTheEnd) {
  FakeScript script;
  script.iteration = seconds(60);
  RunResult result = run_fake(script, {{"a", external(2, 5, milliseconds(300))}});
  EXPECT_FALSE(result.error.has_value());
  EXPECT_EQ(result.interrupted, 2u);
  EXPECT_EQ(script.inits, 5 + 2);
  EXPECT_EQ(result.active, 0);
  EXPECT_LT(result.took, seconds(30));
  EXPECT_EQ(result.lines[0].right[0], "2/5 VUs");
}

TEST(ExternallyControlled, ScalesWithinAndAboveItsUsers) {
  FakeScript script;
  script.iteration = milliseconds(1);
  std::vector<int64_t> active, initialized;
  std::vector<std::string> refusals;
  auto during = [&](Engine& engine) {
    wait_for_setup(engine);
    auto scale = [&](std::optional<int64_t> vus, std::optional<int64_t> vus_max) {
      auto done = engine.scale(vus, vus_max);
      if (!done) refusals.push_back(done.error().message());
      active.push_back(engine.state().vus_active());
      initialized.push_back(engine.state().vus_initialized());
    };
    scale(4, std::nullopt);
    scale(std::nullopt, 3);
    scale(6, 8);
    scale(1, std::nullopt);
    scale(std::nullopt, 2);
    scale(2, 4);
    engine.abort(bia::Error(bia::Code::kAborted, "STOPPED", "enough"));
  };
  RunResult result = run_fake(script, {{"a", external(2, 5, Duration(0))}}, during);
  EXPECT_EQ(result.error->message(), "enough");
  EXPECT_THAT(active, testing::ElementsAre(4, 4, 6, 1, 1, 2));
  EXPECT_THAT(initialized, testing::ElementsAre(5, 5, 8, 8, 2, 4));
  EXPECT_THAT(refusals, testing::ElementsAre(
                            "invalid configuration supplied: the number of active VUs (4) must be "
                            "less than or equal to the number of maxVUs (3)"));
  EXPECT_EQ(result.active, 0);
}

TEST(ExternallyControlled, PausesAndGoesOn) {
  FakeScript script;
  script.iteration = milliseconds(1);
  std::vector<std::string> refusals;
  auto during = [&](Engine& engine) {
    wait_for_setup(engine);
    EXPECT_TRUE(engine.set_paused(true).ok());
    EXPECT_TRUE(engine.paused());
    refusals.push_back(engine.set_paused(true).error().message());
    // The iterations in hand may take their time.
    while (engine.state().vus_active() > 0)
      bia::fiber::sleep_for(milliseconds(1)).ignore("it looks again");
    uint64_t before = engine.state().iterations_completed();
    bia::fiber::sleep_for(milliseconds(20)).ignore("nothing shall happen meanwhile");
    EXPECT_EQ(engine.state().iterations_completed(), before);
    EXPECT_TRUE(engine.set_paused(false).ok());
    refusals.push_back(engine.set_paused(false).error().message());
    while (engine.state().iterations_completed() == before)
      bia::fiber::sleep_for(milliseconds(1)).ignore("it looks again");
    engine.abort(bia::Error(bia::Code::kAborted, "STOPPED", "enough"));
  };
  RunResult result = run_fake(script, {{"a", external(3, 3, Duration(0))}}, during);
  EXPECT_EQ(result.error->message(), "enough");
  EXPECT_THAT(refusals, testing::ElementsAre("test execution was already paused",
                                             "test execution wasn't paused"));
}

TEST(Engine, ScalesOnlyExternallyControlledScenarios) {
  FakeScript script;
  std::string refusal;
  auto during = [&](Engine& engine) { refusal = engine.scale(3, std::nullopt).error().message(); };
  Scenario s = scenario(ExecutorKind::kSharedIterations);
  run_fake(script, {{"a", s}}, during);
  EXPECT_EQ(refusal,
            "an externally-controlled executor needs to be configured for live configuration "
            "updates");
}

}  // namespace
}  // namespace zelus::exec
