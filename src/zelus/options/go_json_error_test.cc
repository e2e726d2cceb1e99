#include "zelus/options/go_json_error.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace zelus::options {
namespace {

std::string why(std::string_view text) {
  auto error = go_json_error(text);
  return error ? fmt::format("{}: {}", error->bytes_read, error->text) : "";
}

TEST(GoJsonError, IsNoneForJson) {
  for (const char* text :
       {"1", "-0.5e+3", " [1, {\"a\": [], \"b\\u00e9\\\"\": {}}, true, false, null] ", "\"\"", "0"})
    EXPECT_EQ(why(text), "") << text;
}

// As k6 1.8.1 told of these bodies.
TEST(GoJsonError, SaysWhatGoSays) {
  EXPECT_EQ(why("nope"), "2: invalid character 'o' in literal null (expecting 'u')");
  EXPECT_EQ(why("tru"), "3: invalid character ' ' in literal true (expecting 'e')");
  EXPECT_EQ(why(R"({"a":1,})"),
            "8: invalid character '}' looking for beginning of object key string");
  EXPECT_EQ(why(R"({"a" 1})"), "6: invalid character '1' after object key");
  EXPECT_EQ(why(R"({"a":1 "b"})"), "8: invalid character '\"' after object key:value pair");
  EXPECT_EQ(why("[1 2]"), "4: invalid character '2' after array element");
  EXPECT_EQ(why("[1,"), "3: unexpected end of JSON input");
  EXPECT_EQ(why(""), "0: unexpected end of JSON input");
  EXPECT_EQ(why("\"abc"), "4: unexpected end of JSON input");
  EXPECT_EQ(why("{\"a\":\"x\ny\"}"), "8: invalid character '\\n' in string literal");
  EXPECT_EQ(why("\"\x01\""), "2: invalid character '\\x01' in string literal");
  EXPECT_EQ(why("\"\\q\""), "3: invalid character 'q' in string escape code");
  EXPECT_EQ(why("\"\\"), "2: invalid character ' ' in string escape code");
  EXPECT_EQ(why("\"\\u12g4\""), "6: invalid character 'g' in \\u hexadecimal character escape");
  EXPECT_EQ(why("-x"), "2: invalid character 'x' in numeric literal");
  EXPECT_EQ(why("1."), "2: invalid character ' ' after decimal point in numeric literal");
  EXPECT_EQ(why("1ex"), "3: invalid character 'x' in exponent of numeric literal");
  EXPECT_EQ(why("01"), "2: invalid character '1' after top-level value");
  EXPECT_EQ(why("[01]"), "3: invalid character '1' after array element");
  EXPECT_EQ(why("[1,2]]"), "6: invalid character ']' after top-level value");
  EXPECT_EQ(why("'x'"), "1: invalid character '\\'' looking for beginning of value");
  EXPECT_EQ(why("\xc3\xa9"), "1: invalid character '\xc3\x83' looking for beginning of value");
  EXPECT_EQ(why("\x85"), "1: invalid character '\\u0085' looking for beginning of value");
}

TEST(GoJsonError, NestsAsDeepAsTheText) {
  std::string deep(100'000, '[');
  EXPECT_EQ(why(deep), "100000: unexpected end of JSON input");
  EXPECT_EQ(why(deep + std::string(100'000, ']')), "");
}

}  // namespace
}  // namespace zelus::options
