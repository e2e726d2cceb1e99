#include <gtest/gtest.h>

#include <limits>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "codec/time_text.h"

namespace bia::codec {
namespace {

std::string real(double value) {
  std::string text;
  append_json_double(text, value);
  return text;
}
std::string real(float value) {
  std::string text;
  append_json_float(text, value);
  return text;
}
TEST(JsonWriter, PrintsNumbersAsGoDoes) {
  EXPECT_EQ(real(0.0), "0");
  EXPECT_EQ(real(-0.0), "-0");
  EXPECT_EQ(real(1e20), "100000000000000000000");
  EXPECT_EQ(real(1e21), "1e+21");
  EXPECT_EQ(real(1e-6), "0.000001");
  EXPECT_EQ(real(1e-7), "1e-7");
  EXPECT_EQ(real(1.5e-10), "1.5e-10");
  EXPECT_EQ(real(0.1), "0.1");
  EXPECT_EQ(real(0.1f), "0.1");
  EXPECT_EQ(real(1e21f), "1e+21");
  EXPECT_EQ(real(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(real(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
  EXPECT_EQ(real(-std::numeric_limits<float>::infinity()), "\"-Infinity\"");
}

TEST(Base64, TakesBothAlphabets) {
  std::string text;
  append_base64(text, "\xfb\xff");
  EXPECT_EQ(text, "+/8=");
  std::string bytes;
  for (std::string_view form : {"+/8=", "+/8", "-_8=", "-_8"}) {
    EXPECT_TRUE(decode_base64(form, bytes)) << form;
    EXPECT_EQ(bytes, "\xfb\xff");
  }
  for (std::string_view form : {"A", "A===", "!!", "+/8==", "AQ=a", "AQ==\n", "A\nQ=="})
    EXPECT_FALSE(decode_base64(form, bytes)) << form;
}

TEST(JsonReader, TakesIntegersThatAreWholeNumbers) {
  int64_t value = 0;
  EXPECT_TRUE(number_to_int64("1.0", value));
  EXPECT_TRUE(number_to_int64("-1.50e1", value));
  EXPECT_EQ(value, -15);
  EXPECT_TRUE(number_to_int64("9223372036854775807", value));
  EXPECT_TRUE(number_to_int64("0.0e-99999", value));
  EXPECT_EQ(value, 0);
  EXPECT_FALSE(number_to_int64("9223372036854775808", value));
  EXPECT_FALSE(number_to_int64("1.5", value));
  EXPECT_FALSE(number_to_int64("1e99999999999", value));
  uint64_t bits = 0;
  EXPECT_FALSE(number_to_uint64("-1", bits));
  EXPECT_TRUE(number_to_uint64("18446744073709551615", bits));
}

/// What is wrong with the text as a T, or the number in JSON.
template <typename T>
std::string read_real(std::string_view text) {
  T value = 0;
  JsonReader in(text);
  if (!in.take(value)) return in.error().message();
  std::string out;
  JsonWriter(out).real(value);
  return out;
}

TEST(JsonReader, TakesNumbersToTheEdgesOfTheirTypes) {
  EXPECT_EQ(read_real<float>("3.4028235e+38"), "3.4028235e+38");
  EXPECT_EQ(read_real<float>("\"-3.4028235e38\""), "-3.4028235e+38");
  EXPECT_EQ(read_real<float>("\"-Infinity\""), "\"-Infinity\"");
  EXPECT_EQ(read_real<float>("1e-46"), "0");
  EXPECT_EQ(read_real<float>("1.000000059604644775390625001"), "1.0000001");
  EXPECT_EQ(read_real<float>("3.5e38"), "(line 1:1): invalid value for float type: 3.5e38");
  EXPECT_EQ(read_real<float>("1e400"), "(line 1:1): invalid value for float type: 1e400");
  EXPECT_EQ(read_real<float>("\"x\""), "(line 1:1): invalid value for float type: \"x\"");
  EXPECT_EQ(read_real<double>("1e-400"), "0");
  EXPECT_EQ(read_real<double>("\"-1e-400\""), "-0");
  EXPECT_EQ(read_real<double>("1e400"), "(line 1:1): invalid value for double type: 1e400");
}

TEST(JsonReader, LimitsDepth) {
  std::string at(kJsonDepthMax, '[');
  std::string closed = at + std::string(kJsonDepthMax, ']');
  JsonReader fits(closed);
  EXPECT_TRUE(fits.skip());
  std::string above = "[" + closed + "]";
  JsonReader deep(above);
  EXPECT_FALSE(deep.skip());
  EXPECT_EQ(deep.error().message(), "(line 1:101): exceeded max recursion depth");
}

TEST(JsonReader, RefusesTrailingText) {
  JsonReader in("1 2");
  EXPECT_TRUE(in.skip());
  EXPECT_EQ(in.finish().error().message(), "syntax error (line 1:3): unexpected token 2");
}

TEST(JsonReader, CutsLongInvalidValues) {
  std::string text(60, 'x');
  JsonReader in(text);
  EXPECT_FALSE(in.skip());
  EXPECT_NE(in.error().message().find("…"), std::string::npos);
}

TEST(TimeText, KeepsToTheRanges) {
  std::string text;
  int64_t seconds = 0;
  int32_t nanos = 0;
  EXPECT_FALSE(append_timestamp(text, kTimestampSecondsMax + 1, 0));
  EXPECT_FALSE(append_timestamp(text, 0, -1));
  EXPECT_FALSE(append_duration(text, 1, -1));
  EXPECT_TRUE(append_timestamp(text, -1, 500'000'000));
  EXPECT_EQ(text, "1969-12-31T23:59:59.500Z");
  EXPECT_TRUE(parse_timestamp("2000-02-29T00:00:00-01:30", seconds, nanos));
  EXPECT_EQ(seconds, 951787800);
  for (std::string_view bad :
       {"2024-01-01", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00",
        "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00.1234567890Z", "2024-01-01 00:00:00Z",
        "0001-01-01T00:00:00+01:00"}) {
    EXPECT_FALSE(parse_timestamp(bad, seconds, nanos)) << bad;
  }
  EXPECT_TRUE(parse_duration("-0.5s", seconds, nanos));
  EXPECT_EQ(nanos, -500'000'000);
  for (std::string_view bad : {"", "s", "1", "1.s", "--1s", "1.1234567890s", "315576000001s", "1m"})
    EXPECT_FALSE(parse_duration(bad, seconds, nanos)) << bad;
}

// As Go's protojson: the digits that tell a number, then zeros.
TEST(JsonWriter, WritesLargeNumbersAsGo) {
  const auto text = [](auto value) {
    std::string out;
    if constexpr (sizeof(value) == sizeof(float)) {
      append_json_float(out, value);
    } else {
      append_json_double(out, value);
    }
    return out;
  };
  EXPECT_EQ(text(9223372036854775808.0), "9223372036854776000");
  EXPECT_EQ(text(18446744073709551616.0), "18446744073709552000");
  EXPECT_EQ(text(-1e20), "-100000000000000000000");
  EXPECT_EQ(text(9007199254740991.0), "9007199254740991");
  EXPECT_EQ(text(9007199254740993.0), "9007199254740992");
  EXPECT_EQ(text(2147483648.0F), "2147483600");
  EXPECT_EQ(text(-4294967296.0F), "-4294967300");
  EXPECT_EQ(text(16777216.0F), "16777216");
}

}  // namespace
}  // namespace bia::codec
