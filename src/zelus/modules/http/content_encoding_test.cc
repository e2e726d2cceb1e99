#include "zelus/modules/http/content_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zelus::modules {
namespace {

std::string text() {
  std::string out;
  for (int i = 0; i < 20'000; ++i) out += std::to_string(i * i % 977);
  return out;
}

TEST(ContentEncoding, ComesBackFromEveryEncodingAndFromStacks) {
  for (const char* name : {"gzip", "deflate", "br", "zstd", "gzip, br", "zstd,deflate,gzip"}) {
    // The last of them fills the last buffer.
    for (const std::string& body : {text(), std::string("x"), std::string(3 * 8192, 'y')}) {
      std::string packed = body;
      std::string encodings;
      ASSERT_TRUE(encode_content(name, packed, encodings).ok());
      EXPECT_NE(packed, body) << name;
      ASSERT_TRUE(decode_content(encodings, packed).ok()) << name;
      EXPECT_EQ(packed, body) << name;
    }
  }
  std::string body = "a";
  std::string encodings;
  ASSERT_TRUE(encode_content("zstd,deflate", body, encodings).ok());
  EXPECT_EQ(encodings, "zstd, deflate");
}

TEST(ContentEncoding, MembersOfGzipFollowEachOther) {
  std::string encodings;
  std::string first = "first ";
  std::string second = text();
  ASSERT_TRUE(encode_content("gzip", first, encodings).ok());
  ASSERT_TRUE(encode_content("gzip", second, encodings).ok());
  std::string both = first + second;
  ASSERT_TRUE(decode_content("gzip", both).ok());
  EXPECT_EQ(both, "first " + text());
  std::string more = first + "and this is no member";
  EXPECT_EQ(decode_content("gzip", more).error().message(), "gzip: invalid header");
}

TEST(ContentEncoding, NamesWhatIsUnknown) {
  std::string body = "a";
  std::string encodings;
  auto packed = encode_content("gzip, nope", body, encodings);
  ASSERT_FALSE(packed.ok());
  EXPECT_EQ(packed.error().message(),
            "unknown compression algorithm nope, supported algorithms are [gzip deflate zstd br]");
  std::string kept = "a";
  EXPECT_TRUE(decode_content("identity, nope", kept).ok());
  EXPECT_EQ(kept, "a");
}

TEST(ContentEncoding, BrokenOrCutDataIsAnError) {
  for (const char* name : {"gzip", "deflate", "br", "zstd"}) {
    std::string packed = text();
    std::string encodings;
    ASSERT_TRUE(encode_content(name, packed, encodings).ok());
    std::string cut = packed.substr(0, packed.size() / 2);
    auto failed = decode_content(name, cut);
    ASSERT_FALSE(failed.ok()) << name;
    EXPECT_EQ(failed.error().reason(), "CUT_ENCODING") << name;
    EXPECT_EQ(failed.error().message(), "unexpected EOF") << name;
    std::string nonsense = "this is none of them, whatever it says";
    EXPECT_FALSE(decode_content(name, nonsense).ok()) << name;
    if (std::string_view(name) == "br") continue;  // It has neither head nor checksum.
    EXPECT_EQ(decode_content(name, nonsense).error().reason(), "BAD_ENCODING") << name;
  }
}

}  // namespace
}  // namespace zelus::modules
