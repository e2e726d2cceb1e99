#include "codec/real_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace bia::codec {
namespace {

template <typename T>
std::string read(std::string_view text, std::chars_format format = std::chars_format::general) {
  T value = 42;
  const auto [end, error] = real_from_chars(text, value, format);
  if (error == std::errc::result_out_of_range) return value == 42 ? "too large" : "changed";
  if (error != std::errc() || end != text.data() + text.size()) return "no number";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  return value == std::numeric_limits<T>::max()          ? "largest"
         : value == std::numeric_limits<T>::denorm_min() ? "least"
                                                         : std::to_string(value);
}

TEST(RealFromChars, TellsTinyFromHuge) {
  EXPECT_EQ(read<double>("1e-400"), "0");
  EXPECT_EQ(read<double>("-1e-400"), "-0");
  EXPECT_EQ(read<double>("1e400"), "too large");
  EXPECT_EQ(read<double>("-1E+400"), "too large");
  EXPECT_EQ(read<double>("1e-99999999999999999999"), "0");
  EXPECT_EQ(read<double>("1e99999999999999999999"), "too large");
  // The exponent's sign alone does not say which.
  const std::string zeros(400, '0');
  EXPECT_EQ(read<double>("0." + zeros + "1"), "0");
  EXPECT_EQ(read<double>("0." + zeros + "1e+9"), "0");
  EXPECT_EQ(read<double>("1" + zeros), "too large");
  EXPECT_EQ(read<double>("-1" + zeros + ".5e-10"), "too large");
  EXPECT_EQ(read<double>("1" + zeros + "e-800"), "0");
}

TEST(RealFromChars, KeepsTheEdgesThemselves) {
  EXPECT_EQ(read<float>("3.4028235e+38"), "largest");
  EXPECT_EQ(read<float>("3.40282357e+38"), "too large");
  EXPECT_EQ(read<float>("1e39"), "too large");
  EXPECT_EQ(read<float>("1e-45"), "least");
  EXPECT_EQ(read<float>("1e-46"), "0");
  EXPECT_EQ(read<double>("1.7976931348623157e308"), "largest");
  EXPECT_EQ(read<double>("1.7976931348623159e308"), "too large");
  EXPECT_EQ(read<double>("5e-324"), "least");
  EXPECT_EQ(read<double>("2e-324"), "0");
  EXPECT_EQ(read<double>("1.5"), "1.500000");
  EXPECT_EQ(read<double>("x"), "no number");
  EXPECT_EQ(read<double>(""), "no number");
}

TEST(RealFromChars, ReadsHexadecimal) {
  constexpr auto kHex = std::chars_format::hex;
  EXPECT_EQ(read<double>("1p-1074", kHex), "least");
  EXPECT_EQ(read<double>("1p-2000", kHex), "0");
  EXPECT_EQ(read<double>("1p2000", kHex), "too large");
  EXPECT_EQ(read<double>("0." + std::string(400, '0') + "1p9", kHex), "0");
  EXPECT_EQ(read<double>("e" + std::string(400, '0') + "p-99", kHex), "too large");
}

}  // namespace
}  // namespace bia::codec
