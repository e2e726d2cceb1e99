#include "bia/base/json_string.h"

#include <gtest/gtest.h>

#include <utility>

namespace bia {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, EscapesAtEveryPlace) {
  for (size_t size = 1; size < 40; ++size) {
    const std::string plain(size, 'x');
    EXPECT_EQ(quoted(std::string_view(plain)), '"' + plain + '"');
    for (size_t place = 0; place < size; ++place) {
      for (const auto& [byte, escaped] : {std::pair{'"', "\\\""},
                                          {'\\', "\\\\"},
                                          {'\n', "\\n"},
                                          {'\x1f', "\\u001f"},
                                          {'\0', "\\u0000"},
                                          {' ', " "},
                                          {'\x7f', "\x7f"},
                                          {'\x80', "\xef\xbf\xbd"},
                                          {'\xff', "\xef\xbf\xbd"}}) {
        std::string text = plain;
        text[place] = byte;
        EXPECT_EQ(quoted(std::string_view(text)),
                  '"' + plain.substr(0, place) + escaped + plain.substr(place + 1) + '"');
      }
    }
  }
}

TEST(JsonString, EscapesWhatProtojsonEscapes) {
  EXPECT_EQ(quoted("plain text of more than eight bytes"),
            "\"plain text of more than eight bytes\"");
  EXPECT_EQ(quoted("12345678\"90\\"), R"("12345678\"90\\")");
  EXPECT_EQ(quoted(std::string_view("\0\b\f\n\r\t\x1f", 7)), R"("\u0000\b\f\n\r\t\u001f")");
  EXPECT_EQ(quoted("<é&\x7f>"), "\"<é&\x7f>\"");
  EXPECT_EQ(quoted("a\xff\xc0\x80z\xe2\x82"),
            "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonString, SaysWhereItIsNoUtf8) {
  std::string out;
  EXPECT_TRUE(append_json_string(out, "a\n\xc3\xa9\xf0\x9f\x98\x80"));
  for (const char* bad : {"\xed\xa0\x80", "\xf5\x80\x80\x80", "\xc0\xaf", "\xe2\x82", "\x80"})
    EXPECT_FALSE(append_json_string(out, bad)) << bad;
}

}  // namespace
}  // namespace bia
