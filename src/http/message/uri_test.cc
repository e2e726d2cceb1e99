#include "bia/http/uri.h"

#include <gtest/gtest.h>

#include <string>

namespace bia::http {
namespace {

std::string encoded(std::string_view path) {
  std::string out;
  percent_encode_path(path, out);
  return out;
}

TEST(ParseUri, TakesAUrlApart) {
  auto uri = parse_uri("http://us%20er:pw@[::1]:8080/a/b%20c?x=1?&y#frag");
  ASSERT_TRUE(uri.ok()) << uri.error().text();
  EXPECT_EQ(uri->scheme, "http");
  EXPECT_EQ(uri->userinfo, "us%20er:pw");
  EXPECT_EQ(uri->host, "::1");
  EXPECT_EQ(uri->port, 8080);
  EXPECT_EQ(uri->path, "/a/b%20c");
  EXPECT_EQ(uri->query, "x=1?&y");
  EXPECT_EQ(uri->fragment, "frag");
  EXPECT_EQ(uri->authority(), "[::1]:8080");
  uri = parse_uri("HTTPS://Example.org");
  ASSERT_TRUE(uri.ok());
  EXPECT_EQ(uri->host, "Example.org");
  EXPECT_EQ(uri->port, 443);
  EXPECT_FALSE(uri->has_port);
  EXPECT_FALSE(uri->has_query);
  EXPECT_EQ(uri->path, "");
  EXPECT_EQ(uri->authority(), "Example.org");
  EXPECT_EQ(parse_uri("http://a:80/")->authority(), "a");
  EXPECT_EQ(parse_uri("http://a:/")->port, 80);
  EXPECT_EQ(parse_uri("http://a?q")->query, "q");
  EXPECT_EQ(parse_uri("http://a/[object Object]")->path, "/[object Object]");
  EXPECT_EQ(parse_uri("http://a@b@c/")->host, "c");
}

TEST(ParseUri, RefusesWithGosWords) {
  struct {
    const char* text;
    const char* what;
  } cases[] = {{"", "no scheme"},
               {"/a", "no scheme"},
               {"://a", "missing protocol scheme"},
               {"1http://a", "first path segment"},
               {"http://", "no host"},
               {"http:///a", "no host"},
               {"http://a:b/", "invalid port \":b\" after host"},
               {"http://a:65536/", "invalid port"},
               {"http://[::1/", "missing ']' in host"},
               {"http://[::1]x/", "invalid port \"x\" after host"},
               {"http://a b/", "invalid character \" \" in host name"},
               {"http://a/\n", "invalid control character in URL"},
               {"http://a/%zz", "invalid URL escape \"%zz\""},
               {"http://a/%4", "invalid URL escape \"%4\""}};
  for (const auto& c : cases) {
    auto uri = parse_uri(c.text);
    ASSERT_FALSE(uri.ok()) << c.text;
    EXPECT_EQ(uri.error().code(), Code::kInvalidArgument);
    EXPECT_NE(uri.error().message().find(c.what), std::string::npos) << uri.error().message();
  }
  EXPECT_EQ(parse_uri("http://a/\n").error().message().find('\n'), std::string::npos);
}

TEST(PercentEncodePath, WritesWhatGoWrites) {
  EXPECT_EQ(encoded("/helloworld/[object Object]"), "/helloworld/%5Bobject%20Object%5D");
  EXPECT_EQ(encoded("/helloworld/%5Bobject%20Object%5D"), "/helloworld/%5Bobject%20Object%5D");
  EXPECT_EQ(encoded("/[a]"), "/[a]");  // A valid encoding already, for Go.
  EXPECT_EQ(encoded("/a(b)!'*"), "/a(b)!'*");
  EXPECT_EQ(encoded("/a(b) c"), "/a%28b%29%20c");
  EXPECT_EQ(encoded("/\xc3\xa9"), "/%C3%A9");
  EXPECT_EQ(encoded("/$&+,/:;=@-._~"), "/$&+,/:;=@-._~");
  EXPECT_EQ(encoded("/a%2fb"), "/a%2fb");
  EXPECT_EQ(encoded(""), "");
}

TEST(PercentEncode, SegmentsAndQueries) {
  std::string out;
  percent_encode_segment("a/b c;d,e", out);
  EXPECT_EQ(out, "a%2Fb%20c%3Bd%2Ce");
  out.clear();
  percent_encode_query("a b&c=d~", out);
  EXPECT_EQ(out, "a+b%26c%3Dd~");
}

TEST(PercentDecode, DecodesOrLeavesTheOutputAlone) {
  std::string out = "x";
  EXPECT_TRUE(percent_decode("%5Bobject%20Object%5d+", Plus::kPlusIsPlus, out));
  EXPECT_EQ(out, "x[object Object]+");
  EXPECT_TRUE(percent_decode("a+b", Plus::kPlusIsSpace, out));
  EXPECT_EQ(out, "x[object Object]+a b");
  for (const char* bad : {"%", "%2", "ab%", "%zz", "%2x"}) {
    out = "x";
    EXPECT_FALSE(percent_decode(bad, Plus::kPlusIsPlus, out)) << bad;
    EXPECT_EQ(out, "x");
  }
}

TEST(QueryIterator, SkipsWhatGoSkips) {
  QueryIterator query("a=1&&b=&c&=d&e;f=1&g=2=3");
  std::string seen;
  while (auto pair = query.next())
    seen.append(pair->name).append("|").append(pair->value).append(" ");
  EXPECT_EQ(seen, "a|1 b| c| |d g|2=3 ");
  EXPECT_FALSE(QueryIterator("").next().has_value());
}

}  // namespace
}  // namespace bia::http
