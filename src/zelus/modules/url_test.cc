#include "zelus/modules/url.h"

#include <gtest/gtest.h>

namespace zelus::modules {
namespace {

TEST(ParseUrl, EncodesAsGoDoes) {
  Url url = *parse_url("http://127.0.0.1:8080/helloworld/[object Object]?a=b c#top");
  EXPECT_EQ(url.host, "127.0.0.1");
  EXPECT_EQ(url.port, 8080);
  EXPECT_EQ(url.host_header, "127.0.0.1:8080");
  EXPECT_EQ(url.target, "/helloworld/%5Bobject%20Object%5D?a=b%20c");
  EXPECT_EQ(url.text, "http://127.0.0.1:8080/helloworld/[object Object]?a=b c#top");
  EXPECT_EQ(url.tag, "http://127.0.0.1:8080/helloworld/%5Bobject%20Object%5D?a=b c#top");
}

TEST(ParseUrl, KeepsEscapesAndBracketsThatMayStand) {
  EXPECT_EQ(parse_url("http://a/x[1]%2Fy")->target, "/x[1]%2Fy");
  EXPECT_EQ(parse_url("http://a")->target, "/");
  EXPECT_EQ(parse_url("http://a")->encoded, "http://a");
  EXPECT_EQ(parse_url("http://a?q")->target, "/?q");
  EXPECT_EQ(parse_url("http://a?q")->encoded, "http://a?q");
  EXPECT_EQ(parse_url("http://[::1]:99/")->host, "::1");
  EXPECT_EQ(parse_url("https://a/")->port, 443);
}

TEST(ParseUrl, MasksTheUser) {
  Url url = *parse_url("http://u:p%40@127.0.0.1:1/echo");
  EXPECT_EQ(url.user, "u:p@");
  EXPECT_EQ(url.tag, "http://****:****@127.0.0.1:1/echo");
  EXPECT_EQ(url.shown(), "http://u:***@127.0.0.1:1/echo");
  EXPECT_EQ(url.host_header, "127.0.0.1:1");
  EXPECT_EQ(parse_url("http://u@a/")->tag, "http://****@a/");
}

TEST(ParseUrl, LooksUpNamesInAscii) {
  auto looked_up = [](const char* host) {
    const Url url = *parse_url(std::string("http://") + host + ":81/ü");
    EXPECT_EQ(url.host_header, url.host + ":81");
    return url.host;
  };
  EXPECT_EQ(looked_up("bücher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(looked_up("BÜCHER.Example"), "xn--bcher-kva.example");
  EXPECT_EQ(looked_up("例え.テスト"), "xn--r8jz45g.xn--zckzah");
  EXPECT_EQ(looked_up("straße.de"), "xn--strae-oqa.de");
  EXPECT_EQ(looked_up("a。b"), "a.b");
  EXPECT_EQ(looked_up("ＡＢＣ.example"), "abc.example");
  EXPECT_EQ(looked_up("☃.net"), "xn--n3h.net");
  EXPECT_EQ(looked_up("A.Example"), "A.Example");
  EXPECT_EQ(parse_url("http://☃.net/")->encoded, "http://%E2%98%83.net/");
}

TEST(ParseUrl, ReadsItsOwnTextAgain) {
  for (const char* text : {"http://bücher.example:81/", "http://b%c3%bccher.example:81/",
                           "http://u:p@bücher.example:81/"}) {
    const Url first = *parse_url(text);
    const Url second = *parse_url(first.encoded);
    EXPECT_EQ(first.host, "xn--bcher-kva.example");
    EXPECT_EQ(second.host, first.host);
    EXPECT_EQ(second.host_header, first.host_header);
    EXPECT_EQ(second.encoded, first.encoded);
    EXPECT_EQ(resolve_url(first, "/x")->host, first.host);
  }
  EXPECT_EQ(parse_url("http://a%25b/")->host, "a%b");
}

TEST(ParseUrl, SaysWhatGoSays) {
  EXPECT_EQ(parse_url("http:// bad url").error().message(),
            "parse \"http:// bad url\": invalid character \" \" in host name");
  EXPECT_EQ(parse_url("http://a:b/").error().message(),
            "parse \"http://a:b/\": invalid port \":b\" after host");
  EXPECT_EQ(parse_url("http://a/%zz").error().message(),
            "parse \"http://a/%zz\": invalid URL escape \"%zz\"");
  EXPECT_EQ(parse_url("http://%41b/").error().message(),
            "parse \"http://%41b/\": invalid URL escape \"%41\"");
  EXPECT_EQ(parse_url("http://a%4/").error().message(),
            "parse \"http://a%4/\": invalid URL escape \"%4\"");
  EXPECT_EQ(parse_url(":").error().message(), "parse \":\": missing protocol scheme");
  EXPECT_EQ(parse_url("http://a:99999/")->port_too_large, "99999");
  EXPECT_EQ(parse_url("http://a:99999999999999999999/")->port_too_large, "99999999999999999999");
  EXPECT_EQ(parse_url("http://a:065535/")->port, 65535);
  EXPECT_FALSE(parse_url("http://a\n/"));
  EXPECT_FALSE(parse_url("http://[::1/"));
}

TEST(ResolveUrl, FollowsRfc3986) {
  Url base = *parse_url("http://h:8/a/b?q=1");
  EXPECT_EQ(resolve_url(base, "/json")->encoded, "http://h:8/json");
  EXPECT_EQ(resolve_url(base, "c?x")->encoded, "http://h:8/a/c?x");
  EXPECT_EQ(resolve_url(base, "../c/./d")->encoded, "http://h:8/c/d");
  EXPECT_EQ(resolve_url(base, "/a/../json")->encoded, "http://h:8/json");
  EXPECT_EQ(resolve_url(base, "?z")->encoded, "http://h:8/a/b?z");
  const Url named = *parse_url("http://u:p%40@h:8/a/b");
  EXPECT_EQ(resolve_url(named, "/json")->encoded, "http://u:p%40@h:8/json");
  EXPECT_EQ(resolve_url(named, "c")->user, "u:p@");
  EXPECT_EQ(named.bare(), "http://h:8/a/b");
  EXPECT_EQ(base.bare(), base.encoded);
  EXPECT_FALSE(resolve_url(named, "//h:8/json")->has_user);
  EXPECT_EQ(resolve_url(*parse_url("http://u@h"), "?q")->encoded, "http://u@h?q");
  EXPECT_EQ(resolve_url(base, "//o/p")->encoded, "http://o/p");
  EXPECT_EQ(resolve_url(base, "https://o/p")->encoded, "https://o/p");
}

TEST(UrlCache, ForgetsTheOldest) {
  UrlCache cache;
  auto first = *cache.get("http://a/0");
  EXPECT_EQ(first, *cache.get("http://a/0"));
  for (size_t i = 1; i <= UrlCache::kEntriesMax; ++i)
    EXPECT_TRUE(cache.get("http://a/" + std::to_string(i)));
  EXPECT_NE(first, *cache.get("http://a/0"));
  EXPECT_FALSE(cache.get("http://a:x/"));
}

TEST(Escapes, Query) {
  EXPECT_EQ(query_escape("a b&<nil>é"), "a+b%26%3Cnil%3E%C3%A9");
  std::string out;
  EXPECT_FALSE(percent_decode("%4", out));
}

}  // namespace
}  // namespace zelus::modules
