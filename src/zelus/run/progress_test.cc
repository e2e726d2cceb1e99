#include "zelus/run/progress.h"

#include <gtest/gtest.h>

namespace zelus::run {
namespace {

using exec::Status;

// Golden 05.
TEST(RenderBars, PipedIsK6s) {
  std::vector<Bar> bars = {
      {"",
       Status::kRunning,
       0,
       {},
       "running (03.0s), 13/27 VUs, 96 complete and 0 interrupted iterations"},
      {"constant", Status::kRunning, 0.99, {"3 VUs", "3.0s/3s"}, ""},
      {"per_vu", Status::kDone, 1, {"2 VUs", "02.5s/20s", "10/10 iters, 5 per VU"}, ""},
      {"ramping", Status::kRunning, 0.99, {"02/12 VUs", "3.0s/3.0s"}, ""},
      {"a_scenario_with_a_very_long_name_indeed", Status::kWaiting, 0, {"waiting", "0.0s"}, ""}};
  BarStyle style;
  style.left_width = 30;
  EXPECT_EQ(
      render_bars(bars, style, true).text,
      "\n"
      "running (03.0s), 13/27 VUs, 96 complete and 0 interrupted iterations\n"
      "constant                         [  99% ] 3 VUs      3.0s/3s   \n"
      "per_vu                         ✓ [ 100% ] 2 VUs      02.5s/20s  10/10 iters, 5 per VU\n"
      "ramping                          [  99% ] 02/12 VUs  3.0s/3.0s \n"
      "a_scenario_with_a_very_long... • [   0% ] waiting    0.0s      \n");
}

TEST(RenderBars, TerminalDrawsBarsAndGoesBack) {
  std::vector<Bar> bars = {
      {"",
       Status::kRunning,
       0,
       {},
       "running (00m00.0s), 0/2 VUs, 20 complete and 0 interrupted iterations"},
      {"default", Status::kDone, 1, {"2 VUs", "00m00.0s/10m0s", "20/20 shared iters"}, ""}};
  BarStyle style{true, true, 120, 7, 0};
  EXPECT_EQ(render_bars(bars, style, false).text,
            "\x1b[K\nrunning (00m00.0s), 0/2 VUs, 20 complete and 0 interrupted iterations\x1b[K\n"
            "default \x1b[32m✓\x1b[0m [======================================\x1b[2m\x1b[22m] 2 "
            "VUs  00m00.0s/10m0s  20/20 shared iters\x1b[K\n");
  bars[1].fraction = 0.5;
  bars[1].status = Status::kRunning;
  std::string half = render_bars(bars, style, true).text;
  EXPECT_NE(half.find("[==================>\x1b[2m-------------------\x1b[22m]"), std::string::npos)
      << half;
  EXPECT_TRUE(half.ends_with("\r\x1b[J\x1b[3A"));
  style.columns = 40;
  EXPECT_TRUE(render_bars(bars, style, true).text.ends_with("\x1b[6A"));
}

TEST(RenderBars, BarsOfNarrowTerminalsStayNarrow) {
  const std::vector<Bar> bars = {{"default", Status::kRunning, 0.5, {"1/1 VUs", "1.0s/1s"}, ""}};
  for (auto [columns, want] : {std::pair{100, 67}, {60, 59}, {45, 44}, {30, 35}}) {
    BarStyle style;
    style.left_width = 7;
    style.tty = true;
    style.columns = columns;
    style.width_delta = 0;
    for (int i = 0; i < 5; ++i) {
      RenderedBars drawn = render_bars(bars, style, true);
      EXPECT_EQ(drawn.longest, i == 0 ? 67 : want) << columns << " " << i;
      style.width_delta = next_width_delta(style.width_delta, columns, drawn.longest);
    }
    style.columns = 100;
    style.width_delta = next_width_delta(style.width_delta, 100, want);
    EXPECT_EQ(render_bars(bars, style, true).longest, 67) << columns;
  }
}

TEST(RenderBars, EmptyRightAndZero) {
  BarStyle style;
  style.left_width = 7;
  EXPECT_EQ(
      render_bars({{"Init", Status::kRunning, 0, {}, ""}, {"default", Status::kRunning, 0, {}, ""}},
                  style, false)
          .text,
      "\nInit      [   0% ]\ndefault   [   0% ]\n");
}

}  // namespace
}  // namespace zelus::run
