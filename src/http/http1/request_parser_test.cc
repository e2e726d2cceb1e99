#include <gtest/gtest.h>

#include <string>

#include "http/http1/head_parser.h"

namespace bia::http {
namespace {

Limits small_limits() {
  Limits limits;
  limits.request_line_bytes_max = 64;
  limits.header_bytes_max = 128;
  limits.header_count_max = 4;
  limits.body_bytes_max = 100;
  return limits;
}

struct Outcome {
  Parsed parsed;
  int status;
  std::string reason;
};

Outcome parse_whole(const std::string& text, const Limits& limits) {
  RequestParser parser(limits);
  Parsed parsed = parser.parse(text);
  return {parsed, parsed == Parsed::kBad ? parser.problem().status : 0,
          parsed == Parsed::kBad ? parser.problem().reason : ""};
}

/// As the whole, byte by byte, with the buffer moving between the bytes.
Outcome parse_bytes(const std::string& text, const Limits& limits) {
  RequestParser parser(limits);
  for (size_t size = 1; size <= text.size(); ++size) {
    std::string copy = text.substr(0, size);
    Parsed parsed = parser.parse(copy);
    if (parsed == Parsed::kBad) return {parsed, parser.problem().status, parser.problem().reason};
    if (parsed != Parsed::kNeedMore) return {parsed, 0, ""};
  }
  return {Parsed::kNeedMore, 0, ""};
}

TEST(RequestParser, ReadsAPlainRequest) {
  RequestParser parser{Limits()};
  std::string text =
      "GET /helloworld/%5Bobject%20Object%5D?x=1&y HTTP/1.1\r\nHost: "
      "127.0.0.1:8080\r\nX-Empty:\r\nX-A: \t b c \t\r\n\r\nrest";
  ASSERT_EQ(parser.parse(text), Parsed::kComplete);
  EXPECT_EQ(parser.method(), Method::kGet);
  EXPECT_EQ(parser.path(), "/helloworld/%5Bobject%20Object%5D");
  EXPECT_EQ(parser.query(), "x=1&y");
  EXPECT_EQ(parser.target(), "/helloworld/%5Bobject%20Object%5D?x=1&y");
  EXPECT_EQ(parser.find("host"), "127.0.0.1:8080");
  EXPECT_EQ(parser.find("x-empty"), "");
  EXPECT_EQ(parser.find("X-a"), "b c");
  EXPECT_EQ(parser.fields().size(), 3u);
  EXPECT_TRUE(parser.keep_alive());
  EXPECT_EQ(parser.head_bytes(), text.size() - 4);
  EXPECT_EQ(parser.content_length(), HeadParser::kNoLength);
}

TEST(RequestParser, IsReusedForTheNextRequest) {
  RequestParser parser{Limits()};
  std::string first =
      "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\nExpect: "
      "100-continue\r\n\r\n";
  ASSERT_EQ(parser.parse(first), Parsed::kComplete);
  EXPECT_EQ(parser.content_length(), 3u);
  EXPECT_FALSE(parser.keep_alive());
  EXPECT_TRUE(parser.expect_continue());
  parser.reset();
  std::string second = "\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n";
  ASSERT_EQ(parser.parse(second), Parsed::kComplete);
  EXPECT_EQ(parser.content_length(), HeadParser::kNoLength);
  EXPECT_TRUE(parser.keep_alive());
  EXPECT_FALSE(parser.expect_continue());
  EXPECT_EQ(parser.method_text(), "GET");
  EXPECT_EQ(parser.find("Host"), "b");
}

TEST(RequestParser, KnowsKeepAliveOfBothVersions) {
  auto keeps = [](const std::string& version, const std::string& connection) {
    RequestParser parser{Limits()};
    std::string text = "GET / HTTP/" + version + "\r\nHost: a\r\n" + connection + "\r\n";
    EXPECT_EQ(parser.parse(text), Parsed::kComplete) << text;
    return parser.keep_alive();
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_TRUE(keeps("1.1", "Connection: upgrade, Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: foo , CLOSE\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST(RequestParser, TakesTheFormsOfATarget) {
  auto path = [](const std::string& line) {
    RequestParser parser{Limits()};
    std::string text = line + " HTTP/1.1\r\nHost: a\r\n\r\n";
    EXPECT_EQ(parser.parse(text), Parsed::kComplete) << line;
    return std::string(parser.path()) + "|" + std::string(parser.query());
  };
  EXPECT_EQ(path("GET /"), "/|");
  EXPECT_EQ(path("GET /?"), "/|");
  EXPECT_EQ(path("GET /a?b?c"), "/a|b?c");
  EXPECT_EQ(path("GET http://h:1/a/b?c"), "/a/b|c");
  EXPECT_EQ(path("GET HTTPS://h/a"), "/a|");
  EXPECT_EQ(path("GET http://h"), "/|");
  EXPECT_EQ(path("GET http://h?q"), "/|q");
  EXPECT_EQ(path("OPTIONS *"), "*|");
  EXPECT_EQ(path("GET /\xc3\xa9"), "/\xc3\xa9|");
  EXPECT_EQ(path("M-SEARCH /x"), "/x|");
}

struct Case {
  const char* text;
  Parsed parsed;
  int status;
  const char* reason;
};

const Case kCases[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Parsed::kComplete, 0, ""},
    {"GET / HTTP/1.0\r\n\r\n", Parsed::kComplete, 0, ""},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", Parsed::kComplete, 0, ""},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", Parsed::kComplete, 0, ""},
    {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", Parsed::kComplete, 0, ""},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\r\n\r\n", Parsed::kComplete, 0, ""},
    {"GET / HTTP/1.1\r\nHost: a\r\n", Parsed::kNeedMore, 0, ""},
    {"", Parsed::kNeedMore, 0, ""},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Parsed::kHttp2, 0, ""},
    {"PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n", Parsed::kBad, 505, "BAD_VERSION"},
    // Request lines.
    {"\r\n\r\n\r\nGET / HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {" GET / HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET  / HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET /  HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET / HTTP/1.1 \r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET\t/ HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET /\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET / HTTP/1.1\nHost: a\n\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET / http/1.1\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET / HTTP/11\r\n\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", Parsed::kComplete, 0, ""},
    {"GET / HTTP/1.9\r\n\r\n", Parsed::kBad, 400, "BAD_HOST"},
    {"GET / HTTP/1.10\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET / HTTP/0.9\r\n", Parsed::kBad, 505, "BAD_VERSION"},
    {"GET / HTTP/3.0\r\n", Parsed::kBad, 505, "BAD_VERSION"},
    {"G(T / HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET a HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_TARGET"},
    {"GET * HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_TARGET"},
    {"GET http:///a HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_TARGET"},
    {"GET http://u@h/a HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_TARGET"},
    {"GET http://h\"/a HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_TARGET"},
    {"GET http://:80/a HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_TARGET"},
    {"GET http://[::1/a HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_TARGET"},
    {"GET /a#b HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_TARGET"},
    {"GET /a\x01 HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"GET /a\x7f HTTP/1.1\r\n", Parsed::kBad, 400, "BAD_REQUEST_LINE"},
    {"CONNECT a:80 HTTP/1.1\r\n", Parsed::kBad, 501, "BAD_METHOD"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHI / HTTP/1.1\r\n", Parsed::kBad, 501, "BAD_METHOD"},
    // Fields.
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", Parsed::kBad, 400, "BAD_HEADER"},
    {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", Parsed::kBad, 400, "BAD_HEADER"},
    {"GET / HTTP/1.1\r\n: a\r\n\r\n", Parsed::kBad, 400, "BAD_HEADER"},
    {"GET / HTTP/1.1\r\nHost\r\n\r\n", Parsed::kBad, 400, "BAD_HEADER"},
    {"GET / HTTP/1.1\r\nHo(t: a\r\n\r\n", Parsed::kBad, 400, "BAD_HEADER"},
    {"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", Parsed::kBad, 400, "BAD_HEADER"},
    {"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", Parsed::kBad, 400, "BAD_HEADER"},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: b\x01\r\n\r\n", Parsed::kBad, 400, "BAD_HEADER"},
    {"GET / HTTP/1.1\r\nHost: a\r\n\rX", Parsed::kBad, 400, "BAD_HEADER"},
    {"GET / HTTP/1.1\r\n\r\n", Parsed::kBad, 400, "BAD_HOST"},
    {"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", Parsed::kBad, 400, "BAD_HOST"},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Parsed::kBad, 400, "BAD_HOST"},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Parsed::kBad, 400, "BAD_HOST"},
    {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", Parsed::kBad, 400, "BAD_HOST"},
    {"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", Parsed::kBad, 400, "BAD_HOST"},
    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", Parsed::kBad, 400, "BAD_HOST"},
    {"GET / HTTP/1.1\r\nHost: []\r\n\r\n", Parsed::kBad, 400, "BAD_HOST"},
    {"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", Parsed::kBad, 400, "BAD_HOST"},
    {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", Parsed::kComplete, 0, ""},
    {"GET / HTTP/1.1\r\nHost: a.b:\r\n\r\n", Parsed::kComplete, 0, ""},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", Parsed::kBad, 417, "BAD_EXPECT"},
    // Framing.
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     Parsed::kBad, 400, "AMBIGUOUS_LENGTH"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
     Parsed::kBad, 400, "AMBIGUOUS_LENGTH"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", Parsed::kBad,
     400, "BAD_CONTENT_LENGTH"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", Parsed::kBad,
     400, "BAD_CONTENT_LENGTH"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", Parsed::kBad, 400,
     "BAD_CONTENT_LENGTH"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", Parsed::kBad, 400,
     "BAD_CONTENT_LENGTH"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", Parsed::kBad, 400,
     "BAD_CONTENT_LENGTH"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", Parsed::kBad, 400,
     "BAD_CONTENT_LENGTH"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", Parsed::kBad, 400,
     "BAD_CONTENT_LENGTH"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551621\r\n\r\n", Parsed::kBad,
     400, "BAD_CONTENT_LENGTH"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n", Parsed::kComplete, 0, ""},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", Parsed::kBad, 413,
     "BODY_TOO_LARGE"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Parsed::kBad, 501,
     "BAD_TRANSFER_ENCODING"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", Parsed::kBad, 501,
     "BAD_TRANSFER_ENCODING"},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n",
     Parsed::kBad, 400, "BAD_TRANSFER_ENCODING"},
    {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", Parsed::kBad, 400,
     "BAD_TRANSFER_ENCODING"},
};

TEST(RequestParser, AgreesWithTheTableWholeAndByteByByte) {
  for (const Case& c : kCases) {
    for (const Outcome& outcome :
         {parse_whole(c.text, small_limits()), parse_bytes(c.text, small_limits())}) {
      EXPECT_EQ(outcome.parsed, c.parsed) << c.text << " " << outcome.status << outcome.reason;
      EXPECT_EQ(outcome.status, c.status) << c.text;
      EXPECT_EQ(outcome.reason, c.reason) << c.text;
    }
  }
}

TEST(RequestParser, TheTargetsHostGoesBeforeHost) {
  RequestParser parser{Limits()};
  ASSERT_EQ(parser.parse("GET http://b:81/x HTTP/1.1\r\nHost: a\r\n\r\n"), Parsed::kComplete);
  EXPECT_EQ(parser.find("Host"), "b:81");
  EXPECT_EQ(parser.path(), "/x");
  parser.reset();
  ASSERT_EQ(parser.parse("GET https://[::1]?q HTTP/1.1\r\nX: y\r\nhost: a\r\n\r\n"),
            Parsed::kComplete);
  EXPECT_EQ(parser.find("host"), "[::1]");
  parser.reset();
  ASSERT_EQ(parser.parse("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), Parsed::kComplete);
  EXPECT_EQ(parser.find("host"), "a");
}

TEST(RequestParser, AClientOfHttp10WaitsForNo100) {
  RequestParser parser{Limits()};
  const std::string rest = "Host: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  ASSERT_EQ(parser.parse("POST / HTTP/1.1\r\n" + rest), Parsed::kComplete);
  EXPECT_TRUE(parser.expect_continue());
  parser.reset();
  ASSERT_EQ(parser.parse("POST / HTTP/1.0\r\n" + rest), Parsed::kComplete);
  EXPECT_FALSE(parser.expect_continue());
}

TEST(RequestParser, HoldsTheLimitsAtAndAbove) {
  const Limits limits = small_limits();
  auto line = [](size_t bytes) {
    return "GET /" + std::string(bytes - 14, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(parse_whole(line(64), limits).parsed, Parsed::kComplete);
  EXPECT_EQ(parse_bytes(line(64), limits).parsed, Parsed::kComplete);
  EXPECT_EQ(parse_whole(line(65), limits).status, 414);
  EXPECT_EQ(parse_bytes(line(65), limits).status, 414);
  EXPECT_EQ(parse_whole("GET /" + std::string(100, 'a'), limits).status, 414);

  auto fields = [](size_t bytes) {
    return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(bytes - 14, 'a') + "\r\n\r\n";
  };
  EXPECT_EQ(parse_whole(fields(128), limits).parsed, Parsed::kComplete);
  EXPECT_EQ(parse_bytes(fields(128), limits).parsed, Parsed::kComplete);
  EXPECT_EQ(parse_whole(fields(129), limits).status, 431);
  EXPECT_EQ(parse_bytes(fields(129), limits).status, 431);

  auto count = [](size_t n) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (size_t i = 1; i < n; ++i) text += "X: y\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(parse_whole(count(4), limits).parsed, Parsed::kComplete);
  EXPECT_EQ(parse_whole(count(5), limits).status, 431);
}

TEST(RequestParser, QuotesTheLineItRefused) {
  RequestParser parser{Limits()};
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n";
  ASSERT_EQ(parser.parse(text), Parsed::kBad);
  EXPECT_EQ(parser.bad_line(), "Bad Header: x");
}

TEST(ResponseParser, ReadsHeads) {
  ResponseParser parser{Limits()};
  std::string text = "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc";
  ASSERT_EQ(parser.parse(text), Parsed::kComplete);
  EXPECT_EQ(parser.status(), 404);
  EXPECT_EQ(parser.reason(), "Not Found");
  EXPECT_EQ(parser.content_length(), 3u);
  EXPECT_EQ(parser.head_bytes(), text.size() - 3);
  for (const char* good : {"HTTP/1.1 200 \r\n\r\n", "HTTP/1.1 200\r\n\r\n",
                           "HTTP/1.0 200 OK\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n"}) {
    parser.reset();
    EXPECT_EQ(parser.parse(good), Parsed::kComplete) << good;
    EXPECT_EQ(parser.status(), 200);
  }
}

TEST(ResponseParser, RefusesMalformedHeads) {
  for (std::string bad :
       {"HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "<html>\n", "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 200 O\x01K\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\n",
        "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n"}) {
    ResponseParser whole{Limits()};
    EXPECT_EQ(whole.parse(bad), Parsed::kBad) << bad;
    ResponseParser parser{Limits()};
    Parsed parsed = Parsed::kNeedMore;
    for (size_t size = 1; size <= bad.size() && parsed == Parsed::kNeedMore; ++size)
      parsed = parser.parse(std::string_view(bad).substr(0, size));
    EXPECT_EQ(parsed, Parsed::kBad) << bad;
  }
}

}  // namespace
}  // namespace bia::http
