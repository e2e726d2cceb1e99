#include "zelus/metrics/go_time.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace zelus::metrics {
namespace {

constexpr int64_t kTime = 1'795'545'638'677'145'566;

TEST(GoTime, ShowsTheZone) {
  setenv("TZ", "UTC", 1);
  tzset();
  EXPECT_EQ(rfc3339(kTime, TimePrecision::kSeconds), "2026-11-24T18:40:38Z");
  EXPECT_EQ(rfc3339(1'500'000'000, TimePrecision::kNano), "1970-01-01T00:00:01.5Z");
  EXPECT_EQ(rfc3339(-1, TimePrecision::kNano), "1969-12-31T23:59:59.999999999Z");
  std::string far;
  append_rfc3339(far, UnixTime{253'402'300'799, 120'000'000}, TimePrecision::kNano);
  EXPECT_EQ(far, "9999-12-31T23:59:59.12Z");
}

}  // namespace
}  // namespace zelus::metrics
