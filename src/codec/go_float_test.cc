#include "codec/go_float.h"

#include <gtest/gtest.h>

#include <limits>

namespace bia::codec {
namespace {

template <typename Real>
std::string shown(Real value) {
  std::string out;
  append_go_float(out, value);
  return out;
}

// As Go 1.26's strconv and fmt print them.
TEST(GoFloat, HasTheFewestDigits) {
  EXPECT_EQ(shown(0.0), "0");
  EXPECT_EQ(shown(-0.0), "-0");
  EXPECT_EQ(shown(0.1f), "0.1");
  EXPECT_EQ(shown(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(shown(0.0001), "0.0001");
  EXPECT_EQ(shown(0.00001), "1e-05");
  EXPECT_EQ(shown(999999.5), "999999.5");
  EXPECT_EQ(shown(1e6), "1e+06");
  EXPECT_EQ(shown(-1.5e-300), "-1.5e-300");
  EXPECT_EQ(shown(123456789.0), "1.23456789e+08");
  EXPECT_EQ(shown(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(shown(-std::numeric_limits<float>::infinity()), "-Inf");
}

}  // namespace
}  // namespace bia::codec
