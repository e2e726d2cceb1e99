#include "bia/http/router.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "http/routing/path_template.h"

namespace bia::http {
namespace {

class RouterTest : public testing::Test {
 protected:
  void add(std::string_view method, std::string_view path_template) {
    auto added = router.add(method, path_template, nullptr);
    ASSERT_TRUE(added.ok()) << added.error().text();
    names[find(method, path_template)] = path_template;
  }
  const RouteHandler* find(std::string_view method, std::string_view path) {
    return router.find(method, path, params, &allowed);
  }
  /// "template name=value …", or "405 GET, HEAD", or "404".
  std::string go(std::string_view method, std::string_view path) {
    const RouteHandler* handler = find(method, path);
    if (handler == nullptr) return allowed.empty() ? "404" : "405 " + allowed;
    std::string text = names.contains(handler) ? names[handler] : "?";
    for (size_t i = 0; i < params.count; ++i) {
      text.append(" ").append(params.params[i].name).append("=").append(params.params[i].value);
    }
    return text;
  }

  Router router;
  PathParams params;
  std::string allowed;
  std::map<const RouteHandler*, std::string> names;
};

TEST_F(RouterTest, CapturesSegments) {
  ASSERT_TRUE(router.add("GET", "/helloworld/{name}", nullptr).ok());
  EXPECT_EQ(go("GET", "/helloworld/bob"), "? name=bob");
  EXPECT_EQ(go("GET", "/helloworld/%5Bobject%20Object%5D"), "? name=%5Bobject%20Object%5D");
  EXPECT_EQ(go("HEAD", "/helloworld/bob"), "? name=bob");
  EXPECT_EQ(go("POST", "/helloworld/bob"), "405 GET, HEAD");
  for (const char* missing : {"/helloworld", "/helloworld/", "/helloworld/a/b", "/", "", "*",
                              "helloworld/bob", "/other/bob", "//bob"}) {
    EXPECT_EQ(go("GET", missing), "404") << missing;
  }
  EXPECT_EQ(params.get("nope"), "");
}

TEST_F(RouterTest, PrefersLiteralsAndGoesBackWhereTheyLeadNowhere) {
  ASSERT_TRUE(router.add("GET", "/a/{x}/c", [](auto&, auto&, auto&) {}).ok());
  ASSERT_TRUE(router.add("GET", "/a/b/d", nullptr).ok());
  ASSERT_TRUE(router.add("POST", "/a/b/c", nullptr).ok());
  EXPECT_EQ(go("GET", "/a/b/d"), "?");
  EXPECT_EQ(go("GET", "/a/b/c"), "? x=b");
  EXPECT_EQ(go("POST", "/a/b/c"), "?");
  EXPECT_EQ(go("DELETE", "/a/b/c"), "405 POST, GET, HEAD");
  EXPECT_EQ(go("GET", "/a/b/e"), "404");
}

TEST_F(RouterTest, FollowsGoogleApiHttpTemplates) {
  for (const char* path :
       {"/v1/{name=shelves/*/books/**}", "/v1/{id}:cancel", "/v1/{id}", "/v1/{a.b=x/*}/y/{c}",
        "/v1/{parent=p/*}/q:list", "/files/**", "/one/*", "/w/{path=**}:read", "/"}) {
    ASSERT_TRUE(router.add("GET", path, nullptr).ok()) << path;
  }
  EXPECT_EQ(go("GET", "/v1/shelves/1/books/2/3"), "? name=shelves/1/books/2/3");
  EXPECT_EQ(go("GET", "/v1/shelves/1/books/"), "? name=shelves/1/books/");
  EXPECT_EQ(go("GET", "/v1/shelves/1/books"), "? name=shelves/1/books");
  EXPECT_EQ(go("GET", "/v1/shelves//books/2"), "404");
  EXPECT_EQ(go("GET", "/v1/7:cancel"), "? id=7");
  EXPECT_EQ(go("GET", "/v1/a:b:cancel"), "? id=a:b");
  EXPECT_EQ(go("GET", "/v1/7:other"), "? id=7:other");
  EXPECT_EQ(go("GET", "/v1/:cancel"), "? id=:cancel");
  EXPECT_EQ(go("GET", "/v1/7"), "? id=7");
  EXPECT_EQ(go("GET", "/v1/x/1/y/2"), "? a.b=x/1 c=2");
  EXPECT_EQ(go("GET", "/v1/p/1/q:list"), "? parent=p/1");
  EXPECT_EQ(go("GET", "/v1/p/1/q"), "404");
  EXPECT_EQ(go("GET", "/files/a/b"), "?");
  EXPECT_EQ(go("GET", "/files"), "?");
  EXPECT_EQ(go("GET", "/one/x"), "?");
  EXPECT_EQ(go("GET", "/one/"), "404");
  EXPECT_EQ(go("GET", "/w/a/b:read"), "? path=a/b");
  EXPECT_EQ(go("GET", "/w/a/b"), "404");
  EXPECT_EQ(go("GET", "/"), "?");
}

TEST_F(RouterTest, SegmentsMayFollowTheRest) {
  for (const char* path : {"/v1/{name=**}/revisions", "/v1/{name=**}/revisions/{id}:undo",
                           "/v1/{name=**}", "/w/{a=x/**}/y/{b}", "/**/end"}) {
    ASSERT_TRUE(router.add("GET", path, nullptr).ok()) << path;
  }
  ASSERT_TRUE(router.add("POST", "/v1/{name=**}/revisions", nullptr).ok());
  EXPECT_EQ(go("GET", "/v1/a/b/revisions"), "? name=a/b");
  EXPECT_EQ(go("GET", "/v1/revisions"), "? name=");
  EXPECT_EQ(go("GET", "/v1/revisions/revisions/revisions"), "? name=revisions/revisions");
  EXPECT_EQ(go("GET", "/v1/a/revisions/7:undo"), "? name=a id=7");
  EXPECT_EQ(go("GET", "/v1/a/revisions/7"), "? name=a/revisions/7");
  EXPECT_EQ(go("GET", "/v1/a/b"), "? name=a/b");
  EXPECT_EQ(go("DELETE", "/v1/a/revisions"), "405 GET, HEAD, POST");
  EXPECT_EQ(go("GET", "/w/x/y/1"), "? a=x b=1");
  EXPECT_EQ(go("GET", "/w/x/1/2/y/3"), "? a=x/1/2 b=3");
  EXPECT_EQ(go("GET", "/w/x/1/y"), "404");
  EXPECT_EQ(go("GET", "/w/x/y/end"), "? a=x b=end");
  EXPECT_EQ(go("GET", "/w/x/end"), "?");
  EXPECT_EQ(go("GET", "/end"), "?");
  EXPECT_EQ(go("GET", "/"), "404");
}

TEST_F(RouterTest, CountsOtherMethodsByName) {
  ASSERT_TRUE(router.add("PROPFIND", "/a", nullptr).ok());
  ASSERT_TRUE(router.add("PUT", "/a", nullptr).ok());
  EXPECT_EQ(go("PROPFIND", "/a"), "?");
  EXPECT_EQ(go("MKCOL", "/a"), "405 PROPFIND, PUT");
  EXPECT_EQ(go("HEAD", "/a"), "405 PROPFIND, PUT");
}

TEST_F(RouterTest, ManyLiteralsGoByHash) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(router.add("GET", "/r" + std::to_string(i) + "/{id}", nullptr).ok());
  }
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(go("GET", "/r" + std::to_string(i) + "/x"), "? id=x");
  EXPECT_EQ(go("GET", "/r1000/x"), "404");
}

TEST_F(RouterTest, ServesPrefixesLast) {
  router.add_prefix("GET", "/debug/", nullptr);
  router.add_prefix("GET", "/debug/deep/", nullptr);
  ASSERT_TRUE(router.add("GET", "/debug/{x}", nullptr).ok());
  EXPECT_EQ(go("GET", "/debug/a"), "? x=a");
  EXPECT_EQ(go("GET", "/debug/"), "?");
  EXPECT_EQ(go("HEAD", "/debug/a/b"), "?");
  EXPECT_EQ(go("GET", "/debug"), "404");
  EXPECT_EQ(go("POST", "/debug/a/b"), "405 GET, HEAD");
  EXPECT_NE(find("GET", "/debug/deep/x"), find("GET", "/debug/other/x"));
}

TEST_F(RouterTest, RefusesBadTemplatesWithTheirColumn) {
  struct {
    const char* text;
    const char* column;
  } cases[] = {{"", "column 1"},       {"a", "column 1"},        {"/{", "column 3"},
               {"/{}", "column 3"},    {"/{a", "column 4"},      {"/{a}b", "column 5"},
               {"/{a=}", "column 5"},  {"/{a={b}}", "column 6"}, {"/**/a/**", "column 9"},
               {"/a//b", "column 4"},  {"/{a}/{a}", "column 8"}, {"/a:", "column 4"},
               {"/a:b/c", "column 5"}, {"/{.a}", "column 5"},    {"/{a..b}", "column 7"},
               {"/a b", "column 3"},   {"/a?b", "column 3"},     {"/{a-b}", "column 4"},
               {"/***", "column 4"},   {"/a*", "column 3"}};
  for (const auto& c : cases) {
    auto added = router.add("GET", c.text, nullptr);
    ASSERT_FALSE(added.ok()) << c.text;
    EXPECT_EQ(added.error().code(), Code::kInvalidArgument);
    EXPECT_NE(added.error().message().find(c.column), std::string::npos) << added.error().message();
  }
  std::string deep, wide;
  for (size_t i = 0; i < PathTemplate::kSegmentsMax; ++i) deep += "/a";
  EXPECT_TRUE(parse_path_template(deep).ok());
  EXPECT_FALSE(parse_path_template(deep + "/a").ok());
  for (size_t i = 0; i < PathParams::kMax; ++i) wide += "/{a" + std::to_string(i) + "}";
  EXPECT_TRUE(parse_path_template(wide).ok());
  EXPECT_FALSE(parse_path_template(wide + "/{b}").ok());
  EXPECT_FALSE(router.add("GE T", "/a", nullptr).ok());
  ASSERT_TRUE(router.add("GET", "/x/{a}", nullptr).ok());
  auto again = router.add("GET", "/x/{b}", nullptr);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), Code::kAlreadyExists);
}

}  // namespace
}  // namespace bia::http
