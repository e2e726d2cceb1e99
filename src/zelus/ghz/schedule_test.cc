#include "zelus/ghz/schedule.h"

#include <gtest/gtest.h>

#include <vector>

namespace zelus::ghz {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Schedule step(uint64_t start, uint64_t end, int64_t by, bia::Duration each,
              bia::Duration most = {}) {
  return {Shape::kStep, start, end, by, each, most};
}

std::vector<uint64_t> values(const Schedule& schedule, uint64_t count) {
  std::vector<uint64_t> all;
  for (uint64_t i = 0; i < count; ++i) all.push_back(schedule.value(i, 0));
  return all;
}

TEST(Schedule, EndsAtItsEndOrItsTimeWhicheverComesFirst) {
  EXPECT_EQ(values(step(5, 20, 10, seconds(1)), 4), (std::vector<uint64_t>{5, 15, 20, 20}));
  EXPECT_EQ(values(step(20, 5, -10, seconds(1)), 4), (std::vector<uint64_t>{20, 10, 5, 5}));
  EXPECT_EQ(values(step(5, 0, 5, seconds(1), seconds(2)), 5),
            (std::vector<uint64_t>{5, 10, 15, 15, 15}));
  EXPECT_EQ(values(step(5, 8, 1, seconds(1), seconds(2)), 5),
            (std::vector<uint64_t>{5, 6, 7, 7, 7}));
  EXPECT_EQ(values(step(5, 0, -3, seconds(1)), 4), (std::vector<uint64_t>{5, 2, 0, 0}));
  EXPECT_EQ(step(5, 0, -3, seconds(1)).value(9, 1), 1u);
}

TEST(Schedule, IsCheckedAsGhzDoes) {
  const auto why = [](const Schedule& schedule) {
    return check_schedule(schedule, "load").error().message();
  };
  EXPECT_EQ(why(step(5, 5, 1, seconds(1))), "load start cannot equal load end");
  EXPECT_EQ(why(step(5, 6, 0, seconds(1))), "invalid load step");
  EXPECT_EQ(why(step(5, 6, 1, {})), "invalid load step duration");
  EXPECT_TRUE(check_schedule(step(5, 6, 1, seconds(1)), "load").ok());
  EXPECT_FALSE(parse_shape("sine").ok());
}

TEST(Pacer, HoldsAConstantRate) {
  Pacer pacer({}, 50);
  EXPECT_EQ(pacer.due(0), milliseconds(20));
  EXPECT_EQ(pacer.due(49), seconds(1));
  EXPECT_FALSE(Pacer({}, 0).limited());
}

TEST(Pacer, StepsUpAndStaysAtTheEnd) {
  Pacer pacer(step(10, 20, 10, seconds(2)), 0);
  EXPECT_EQ(pacer.due(0), milliseconds(100));
  EXPECT_EQ(pacer.due(19), seconds(2));  // 20 calls in the first step.
  EXPECT_EQ(pacer.due(20), milliseconds(2050));
  EXPECT_EQ(pacer.due(59), seconds(4));
  EXPECT_EQ(pacer.due(99), seconds(6));
  EXPECT_EQ(pacer.due(0), milliseconds(100)) << "also backwards";
}

TEST(Pacer, FromNothingAndToNothing) {
  Pacer up(step(0, 10, 10, seconds(1)), 0);
  EXPECT_EQ(up.due(0), milliseconds(1100));
  Pacer down(step(10, 0, -10, seconds(1)), 0);
  EXPECT_EQ(down.due(9), seconds(1));
  EXPECT_EQ(down.due(10), bia::Duration::max());
}

}  // namespace
}  // namespace zelus::ghz
