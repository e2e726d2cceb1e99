#include "base/base64.h"

#include <gtest/gtest.h>

namespace bia {
namespace {

std::string decoded(std::string_view text, Base64Digits digits) {
  std::string out = "before ";
  return append_base64_decoded(out, text, digits) ? out.substr(7) : "refused, and " + out;
}

TEST(Base64, PadsWhereItIsNotRaw) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("a"), "YQ==");
  EXPECT_EQ(base64_encode("ab"), "YWI=");
  EXPECT_EQ(base64_encode("abc"), "YWJj");
  EXPECT_EQ(base64_encode("a", Base64::kRawStandard), "YQ");
  EXPECT_EQ(base64_encode("ab", Base64::kRawUrl), "YWI");
  EXPECT_EQ(base64_encode("\xff\xfe"), "//4=");
  EXPECT_EQ(base64_encode("\xfb\xff", Base64::kRawStandard), "+/8");
  EXPECT_EQ(base64_encode("\xfb\xff", Base64::kUrl), "-_8=");
  EXPECT_EQ(base64_encode("\xfb\xff", Base64::kRawUrl), "-_8");
  std::string out = "Basic ";
  append_base64(out, "user:pass");
  EXPECT_EQ(out, "Basic dXNlcjpwYXNz");
}

TEST(Base64, GoesBothWays) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(decoded(base64_encode(bytes, Base64::kRawStandard), Base64Digits::kStandard), bytes);
    EXPECT_EQ(decoded(base64_encode(bytes, Base64::kRawUrl), Base64Digits::kUrl), bytes);
    bytes += static_cast<char>(i * 7);
  }
}

TEST(Base64, TakesTheDigitsAskedForAndNothingElse) {
  const std::string refused = "refused, and before ";
  EXPECT_EQ(decoded("+/8", Base64Digits::kStandard), "\xfb\xff");
  EXPECT_EQ(decoded("+/8", Base64Digits::kUrl), refused);
  EXPECT_EQ(decoded("-_8", Base64Digits::kUrl), "\xfb\xff");
  EXPECT_EQ(decoded("-_8", Base64Digits::kStandard), refused);
  EXPECT_EQ(decoded("+_8", Base64Digits::kEither), "\xfb\xff");
  EXPECT_EQ(decoded("YR", Base64Digits::kStandard), "a") << "bits left over";
  for (std::string_view bad : {"Y", "YWJjY", "YQ==", "YW J", "YWJ\n", "YWJjY-", "Y\xff", "=YWJ"})
    EXPECT_EQ(decoded(bad, Base64Digits::kStandard), refused) << bad;
}

TEST(Base64, KnowsEveryDigit) {
  for (Base64 form : {Base64::kStandard, Base64::kUrl}) {
    const auto digits = form == Base64::kUrl ? Base64Digits::kUrl : Base64Digits::kStandard;
    int count = 0;
    for (int c = 0; c < 256; ++c) count += base64_digit(static_cast<char>(c), digits) >= 0;
    EXPECT_EQ(count, 64);
  }
  EXPECT_EQ(base64_digit('/', Base64Digits::kStandard), 63);
  EXPECT_EQ(base64_digit('/', Base64Digits::kUrl), -1);
  EXPECT_EQ(base64_digit('_', Base64Digits::kEither), 63);
}

}  // namespace
}  // namespace bia
