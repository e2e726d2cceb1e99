#include "zelus/summary/numbers.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace zelus::summary {
namespace {

using metrics::Contains;
using metrics::MetricType;

std::string time_of(double value, std::string_view unit = "") {
  return humanize(value, MetricType::kTrend, Contains::kTime, unit);
}
std::string data_of(double value) {
  return humanize(value, MetricType::kCounter, Contains::kData, "");
}
std::string plain(double value) {
  return humanize(value, MetricType::kCounter, Contains::kDefault, "");
}

TEST(JsNumber, WritesAsJavaScript) {
  EXPECT_EQ(js_number(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(js_number(1e21), "1e+21");
  EXPECT_EQ(js_number(123456789012345680000.0), "123456789012345680000");
  EXPECT_EQ(js_number(1e-7), "1e-7");
  EXPECT_EQ(js_number(1.5e-10), "1.5e-10");
  EXPECT_EQ(js_number(0.000001), "0.000001");
  EXPECT_EQ(js_number(-0.0), "0");
  EXPECT_EQ(js_number(-5), "-5");
  EXPECT_EQ(js_number(INFINITY), "Infinity");
  EXPECT_EQ(js_number(NAN), "NaN");
}

TEST(JsToFixed, RoundsTiesAway) {
  EXPECT_EQ(js_to_fixed(0.125, 2), "0.13");
  EXPECT_EQ(js_to_fixed(2.5, 0), "3");
  EXPECT_EQ(js_to_fixed(0.5, 0), "1");
  EXPECT_EQ(js_to_fixed(1.005, 2), "1.00");
  EXPECT_EQ(js_to_fixed(9.996, 2), "10.00");
  EXPECT_EQ(js_to_fixed(-1.5, 0), "-2");
  EXPECT_EQ(js_to_fixed(1e21, 2), "1e+21");
}

TEST(Humanize, Times) {
  EXPECT_EQ(time_of(0), "0s");
  EXPECT_EQ(time_of(0.0004567), "456ns");
  EXPECT_EQ(time_of(0.5004), "500.4µs");
  EXPECT_EQ(time_of(12.3456), "12.34ms");
  EXPECT_EQ(time_of(999.999), "999.99ms");
  EXPECT_EQ(time_of(1000), "1s");
  EXPECT_EQ(time_of(59999.999), "59.99s");
  EXPECT_EQ(time_of(60000), "1m0s");
  EXPECT_EQ(time_of(61999), "1m1s");
  EXPECT_EQ(time_of(3723000), "1h2m3s");
  EXPECT_EQ(time_of(1234.567, "s"), "1.23s");
  EXPECT_EQ(time_of(1234.567, "ms"), "1234.57ms");
  EXPECT_EQ(time_of(1.5, "us"), "1500.00µs");
}

TEST(Humanize, DataRatesAndNumbers) {
  EXPECT_EQ(data_of(0), "0 B");
  EXPECT_EQ(data_of(9.5), "9.5 B");
  EXPECT_EQ(data_of(912.4), "912 B");
  EXPECT_EQ(data_of(1234), "1.2 kB");
  EXPECT_EQ(data_of(12345678), "12 MB");
  EXPECT_EQ(data_of(1e9), "1.0 GB");
  EXPECT_EQ(data_of(-1), "-1 B");
  EXPECT_EQ(humanize(2.0 / 3, MetricType::kRate, Contains::kDefault, ""), "66.66%");
  EXPECT_EQ(plain(22.567760), "22.56776");
  EXPECT_EQ(plain(1e9), "1000000000");
  EXPECT_EQ(plain(0.00000001), "0");
}

TEST(Collate, OrdersAsK6) {
  std::vector<std::string> names = {"a_b", "ab",  "a1",  "A", "a", "aB",
                                    "Ab",  "a-b", "a b", "B", "b"};
  std::sort(names.begin(), names.end(),
            [](const auto& a, const auto& b) { return collate(a, b) < 0; });
  EXPECT_THAT(
      names, testing::ElementsAre("a", "A", "a b", "a_b", "a-b", "a1", "ab", "aB", "Ab", "b", "B"));
  EXPECT_EQ(collate("x", "x"), 0);
}

TEST(DisplayWidth, LeavesOutColoursAndMarks) {
  EXPECT_EQ(display_width("µs"), 2u);
  EXPECT_EQ(display_width("\x1b[36mab\x1b[0m"), 2u);
  EXPECT_EQ(display_width("e\xcc\x81"), 1u);
  EXPECT_EQ(display_width("\x1b["), 0u);
  EXPECT_EQ(display_width(""), 0u);
}

}  // namespace
}  // namespace zelus::summary
