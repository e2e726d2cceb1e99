#include "bia/http/message.h"

#include <gtest/gtest.h>

#include "http/message/chars.h"
#include "http/routing/error_body.h"
#include "http/server/server_thread.h"

namespace bia::http {
namespace {

TEST(Method, NamesGoBothWays) {
  for (auto method : {Method::kGet, Method::kHead, Method::kPost, Method::kPut, Method::kPatch,
                      Method::kDelete, Method::kOptions, Method::kConnect, Method::kTrace}) {
    EXPECT_EQ(method_of(method_name(method)), method);
  }
  EXPECT_EQ(method_of("get"), Method::kOther);
  EXPECT_EQ(method_of(""), Method::kOther);
}

TEST(ReasonPhrase, IsGos) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
  EXPECT_EQ(reason_phrase(299), "");
  EXPECT_EQ(reason_phrase(-1), "");
  EXPECT_EQ(reason_phrase(99999), "");
}

TEST(Headers, CompareWithoutCase) {
  Headers headers;
  headers.add("A", "1");
  headers.add("b", "2");
  headers.add("a", "3");
  EXPECT_EQ(headers.get("a"), "1");
  headers.set("a", headers.get("B"));
  EXPECT_EQ(headers.get("A"), "2");
  EXPECT_EQ(headers.size(), 2u);
  headers.remove("B");
  EXPECT_FALSE(headers.has("b"));
  EXPECT_EQ(headers.get("b"), "");
  EXPECT_FALSE(field_name_equals("a-b", "a\rb"));
}

TEST(FindStop, SeesEveryPlace) {
  for (size_t size = 0; size < 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      if (at > 0) text[at - 1] = '\t';
      for (char c : {'\0', '\r', '\x1f', '\x7f'}) {
        text[at] = c;
        EXPECT_EQ(find_stop<0x1f>(text.data(), text.data() + size), text.data() + at);
      }
      text[at] = ' ';
      EXPECT_EQ(find_stop<0x1f>(text.data(), text.data() + size), text.data() + size);
      EXPECT_EQ(find_stop<0x20>(text.data(), text.data() + size),
                text.data() + (at > 0 ? at - 1 : at));
    }
    std::string high(size, '\xff');
    EXPECT_EQ(find_stop<0x20>(high.data(), high.data() + size), high.data() + size);
  }
}

TEST(Headers, JoinWhatStandsInSeveralFields) {
  Headers headers;
  EXPECT_EQ(headers.joined("Content-Encoding"), "");
  headers.add("Content-Encoding", "br");
  EXPECT_EQ(headers.joined("content-encoding"), "br");
  headers.add("Vary", "x");
  headers.add("content-encoding", "gzip");
  EXPECT_EQ(headers.joined("Content-Encoding"), "br, gzip");
}

TEST(ErrorBody, EscapesAndMendsText) {
  std::string out;
  append_error_json(
      out, Error(Code::kNotFound, "R", "a\"\\\n\x1f\xff\xc3\xa9\xed\xa0\x80\xf0\x9f\x98\x80\xf5")
               .with_metadata("k", "v")
               .with_metadata("l", ""));
  EXPECT_EQ(
      out,
      "{\"code\":404,\"reason\":\"R\",\"message\":"
      "\"a\\\"\\\\\\n\\u001f\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98"
      "\x80\xef\xbf\xbd\","
      "\"metadata\":{\"k\":\"v\",\"l\":\"\"}}");
}

TEST(ErrorBody, TakesNoStatusThatHttpHasNot) {
  for (int status : {200, 302, 404, 599}) {
    std::string out;
    append_error_json(out, Error::from_http(status, "R", "m"));
    EXPECT_EQ(out, R"({"code":)" + std::to_string(status) +
                       R"(,"reason":"R","message":"m","metadata":{}})");
  }
  for (int status : {-1, 42, 101, 199, 600, 10001}) {
    const Error error = Error::from_http(status, "R", "m").with_metadata("k", "v");
    std::string out;
    append_error_json(out, error);
    EXPECT_EQ(out, R"({"code":500,"reason":"R","message":"m","metadata":{"k":"v","code":")" +
                       std::to_string(status) + R"("}})");
    EXPECT_EQ(answer_status(error), 500);
  }
}

TEST(DateCache, WritesAnHttpDate) {
  DateCache date;
  std::string text(date.text());
  tm parts{};
  const char* end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  ASSERT_TRUE(end != nullptr && *end == '\0') << text;
  EXPECT_NEAR(static_cast<double>(timegm(&parts)), static_cast<double>(time(nullptr)), 2.0);
}

}  // namespace
}  // namespace bia::http
