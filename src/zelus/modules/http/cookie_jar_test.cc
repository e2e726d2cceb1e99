#include "zelus/modules/http/cookie_jar.h"

#include <gtest/gtest.h>

#include "zelus/modules/http/cookie_text.h"

namespace zelus::modules {
namespace {

Url url(std::string_view text) { return std::move(parse_url(text).value()); }

std::string sent(CookieJar& jar, std::string_view to) {
  std::string line, dropped;
  for (const auto& [name, value] : jar.for_url(url(to), 0))
    append_cookie(line, name, value, dropped);
  return line;
}

std::string set_and_send(std::string_view at, Cookie cookie, std::string_view to) {
  CookieJar jar;
  cookie.name = "n";
  cookie.value = "v";
  jar.set(url(at), cookie, 0);
  return sent(jar, to);
}

// What k6 1.8.1 does with each.
TEST(CookieJar, TakesTheDotOfADomain) {
  Cookie cookie;
  cookie.domain = ".Example.com";
  EXPECT_EQ(set_and_send("http://a.example.com/", cookie, "http://example.com/"), "n=v");
  EXPECT_EQ(set_and_send("http://a.example.com/", cookie, "http://b.example.com/"), "n=v");
  EXPECT_EQ(set_and_send("http://example.org/", cookie, "http://example.org/"), "");
  for (const char* bad : {"..example.com", ".", "example.com."}) {
    cookie.domain = bad;
    EXPECT_EQ(set_and_send("http://example.com/", cookie, "http://example.com/"), "") << bad;
  }
  cookie.domain = ".127.0.0.1";
  EXPECT_EQ(set_and_send("http://127.0.0.1/", cookie, "http://127.0.0.1/"), "");
}

TEST(CookieJar, ADomainOfOneLabelStaysWithItsSite) {
  Cookie cookie;
  cookie.domain = "com";
  const char* at = "http://a.example.com/";
  EXPECT_EQ(set_and_send(at, cookie, "http://b.example.com/"), "n=v");
  EXPECT_EQ(set_and_send(at, cookie, "http://example.com/"), "n=v");
  EXPECT_EQ(set_and_send(at, cookie, "http://other.com/"), "");
  EXPECT_EQ(set_and_send(at, cookie, "http://com/"), "");
}

TEST(CookieJar, SendsSecureCookiesToThisMachineWithoutTls) {
  Cookie cookie;
  cookie.secure = true;
  for (const char* at : {"http://127.0.0.1/", "http://127.0.0.2/", "http://localhost/",
                         "http://a.LOCALHOST/", "https://example.com/"})
    EXPECT_EQ(set_and_send(at, cookie, at), "n=v") << at;
  for (const char* at : {"http://example.com/", "http://128.0.0.1/", "http://127.example.com/"})
    EXPECT_EQ(set_and_send(at, cookie, at), "") << at;
}

TEST(CookieJar, ClearsWhatHasTheHostAndTheDefaultPath) {
  const Url at = url("http://a.example.com/x/y");
  for (const auto& [domain, path, left] :
       {std::tuple("", "", ""), {"", "/x", ""}, {"", "/", "n=v"}, {"example.com", "", "n=v"}}) {
    CookieJar jar;
    Cookie cookie;
    cookie.name = "n";
    cookie.value = "v";
    cookie.domain = domain;
    cookie.path = path;
    jar.set(at, cookie, 0);
    jar.remove(at, "n");
    EXPECT_EQ(sent(jar, "http://a.example.com/x/y"), left) << domain << path;
    jar.clear(at);
    EXPECT_EQ(sent(jar, "http://a.example.com/x/y"), left) << domain << path;
  }
}

TEST(SetCookie, RefusesWhatGoRefuses) {
  Cookie cookie;
  for (const char* bad : {"a=\"x", "a=x\"", "a=x\\y", "a=\xc3\xa9", "=x", "a", "a b=1"})
    EXPECT_FALSE(parse_set_cookie(bad, cookie)) << bad;
  ASSERT_TRUE(parse_set_cookie("a= \"x\" ; Max-Age=05; Domain=.A; Path=\"/\"", cookie) ||
              parse_set_cookie("a=\"q u\"; Max-Age=05; Domain=.A; Path=\"/\"", cookie));
  EXPECT_EQ(cookie.value, "q u");
  EXPECT_EQ(cookie.max_age, 0);
  EXPECT_EQ(cookie.domain, ".A");
  EXPECT_EQ(cookie.path, "");
}

TEST(CookieDate, ReadsRfc1123AsGo) {
  int64_t ms = 0;
  EXPECT_TRUE(parse_cookie_date("Wed, 01 Jan 2031 00:00:00 GMT", ms));
  EXPECT_EQ(ms, 1924992000000);
  EXPECT_TRUE(parse_cookie_date("Wed, 01-Jan-2031 00:00:00 CET", ms));
  EXPECT_EQ(ms, 1924992000000);
  for (const char* bad : {"", "x", "Wed, 1 Jan 2031 00:00:00 GMT", "Wed, 01-Jan-31 00:00:00 GMT",
                          "Wed Jan  1 00:00:00 2031", "Wed, 01 Jan 2031 00:00:00 +0100"})
    EXPECT_FALSE(parse_cookie_date(bad, ms)) << bad;
}

TEST(CookieText, DropsBytesThatGoDropsAndQuotesBlanks) {
  auto line = [](std::string_view value) {
    std::string out, dropped;
    append_cookie(out, "a", value, dropped);
    return out + dropped;
  };
  EXPECT_EQ(line("x"), "a=x");
  EXPECT_EQ(line("q u"), "a=\"q u\"");
  EXPECT_EQ(line("a,b"), "a=\"a,b\"");
  EXPECT_EQ(line("a;b,\"c \xc3\xa9"), "a=\"ab,c \"';'");
  EXPECT_EQ(line("\n"), "a='\\n'");
  EXPECT_EQ(line("\x01"), "a='\\x01'");
  EXPECT_EQ(line("\xc3"), "a='\xc3\x83'");
}

TEST(CookieText, ReadsTheFieldAsGo) {
  const std::vector<std::pair<std::string, std::string>> want = {
      {"a", "1"}, {"b", "q u"}, {"c", ""}};
  EXPECT_EQ(read_cookie_line("a=1; b=\"q u\"; c; x y=1; d=\\; =2"), want);
}

}  // namespace
}  // namespace zelus::modules
