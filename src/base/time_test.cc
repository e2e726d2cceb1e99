#include "bia/base/time.h"

#include <gtest/gtest.h>

namespace bia {
namespace {

using namespace std::chrono_literals;

TEST(ParseGoDuration, ReadsWhatGoReads) {
  EXPECT_EQ(*parse_go_duration("1h2m3.5s"), 1h + 2min + 3500ms);
  EXPECT_EQ(*parse_go_duration("100ms"), 100ms);
  EXPECT_EQ(*parse_go_duration("-1.5h"), -90min);
  EXPECT_EQ(*parse_go_duration("0"), 0ns);
  EXPECT_EQ(*parse_go_duration("2.5µs"), 2500ns);
  EXPECT_EQ(*parse_go_duration(".5s"), 500ms);
}

TEST(ParseGoDuration, RefusesWithGosText) {
  EXPECT_EQ(parse_go_duration("5").error().message(), "time: missing unit in duration \"5\"");
  EXPECT_EQ(parse_go_duration("1d").error().message(),
            "time: unknown unit \"d\" in duration \"1d\"");
  EXPECT_EQ(parse_go_duration("").error().message(), "time: invalid duration \"\"");
  EXPECT_EQ(parse_go_duration(".s").error().message(), "time: invalid duration \".s\"");
  EXPECT_FALSE(parse_go_duration("999999999999h").ok());
}

TEST(FormatGoDuration, WritesWhatGoWrites) {
  EXPECT_EQ(format_go_duration(0ns), "0s");
  EXPECT_EQ(format_go_duration(1h), "1h0m0s");
  EXPECT_EQ(format_go_duration(90s), "1m30s");
  EXPECT_EQ(format_go_duration(1500ms), "1.5s");
  EXPECT_EQ(format_go_duration(2500ns), "2.5µs");
  EXPECT_EQ(format_go_duration(999ns), "999ns");
  EXPECT_EQ(format_go_duration(-100ms), "-100ms");
}

}  // namespace
}  // namespace bia
