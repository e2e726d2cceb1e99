#include "zelus/modules/json_parse_error.h"

#include <gtest/gtest.h>

namespace zelus::modules {
namespace {

// As k6 1.8.1 said them.
TEST(JsonParseError, SaysWhatK6Says) {
  EXPECT_EQ(json_parse_error("{}"), "");
  EXPECT_EQ(json_parse_error("{a"), "invalid character 'a'");
  EXPECT_EQ(json_parse_error(""), "Unexpected end of JSON input (EOF)");
  EXPECT_EQ(json_parse_error("<html>"), "invalid character '<' looking for beginning of value");
  EXPECT_EQ(json_parse_error("[1,]"), "invalid character ']' looking for beginning of value");
  EXPECT_EQ(json_parse_error(R"({"a")"), "Unexpected end of JSON input (EOF)");
  EXPECT_EQ(json_parse_error("tru"), "unexpected EOF");
  EXPECT_EQ(json_parse_error("\"a"), "unexpected EOF");
  EXPECT_EQ(json_parse_error("[-"), "unexpected EOF");
  EXPECT_EQ(json_parse_error("[1"), "Unexpected end of JSON input (EOF)");
  EXPECT_EQ(json_parse_error("1 2"), "Unexpected token at the end: 2");
  EXPECT_EQ(json_parse_error("01"), "Unexpected token at the end: 1");
  EXPECT_EQ(json_parse_error("{} x"), "Unexpected token at the end: <nil>");
  EXPECT_EQ(json_parse_error(R"({"a":1,})"),
            "invalid character '}' looking for beginning of object key string");
  EXPECT_EQ(json_parse_error(R"({"a":1 "b"})"),
            "invalid character '\"' after object key:value pair");
  EXPECT_EQ(json_parse_error("\"a\nb\""), "invalid character '\\n' in string literal");
}

}  // namespace
}  // namespace zelus::modules
