#include "codec/go_quote.h"

#include <gtest/gtest.h>

namespace bia::codec {
namespace {

// As strconv.Quote of Go 1.26 prints them.
TEST(GoQuote, EscapesWhatIsNotSeen) {
  EXPECT_EQ(go_quote("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(go_quote("\a\b\f\n\r\t\v\x01\x7f"), R"("\a\b\f\n\r\t\v\x01\x7f")");
  EXPECT_EQ(go_quote("\xff\xc3(\xe2\x82"), R"("\xff\xc3(\xe2\x82")");
  EXPECT_EQ(go_quote("é✓😀"), "\"é✓😀\"");
  EXPECT_EQ(go_quote("\u00a0\u00ad\u200b\u2028\ufeff\u3000\ue000"),
            R"("\u00a0\u00ad\u200b\u2028\ufeff\u3000\ue000")");
  EXPECT_EQ(go_quote("\u0378\U000e0001\U0010ffff"), R"("\u0378\U000e0001\U0010ffff")");
}

}  // namespace
}  // namespace bia::codec
