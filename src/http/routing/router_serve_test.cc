// A router as a server's handler: hosts, OPTIONS, 404, 405, clean paths.
#include "bia/http/router.h"
#include "http/server/server_test_support.h"

namespace bia::http {
namespace {

using test::Peer;
using test::with_server;

RouteHandler saying(std::string text) {
  return [text](ServerRequest&, const PathParams& params, ServerResponse& response) {
    response.body() = text;
    if (params.count > 0) response.body().append(" ").append(params.params[0].value);
  };
}

class RouterServes : public ::testing::Test {
 protected:
  void serve(const std::function<void()>& body) {
    with_server([this](ServerRequest& request,
                       ServerResponse& response) { router_.serve(request, response); },
                [&](Server& server) {
                  address_ = server.address();
                  body();
                });
  }
  std::string ask(std::string_view method, std::string_view target, std::string_view host = "x") {
    Peer peer(address_);
    peer.send(std::string(method) + " " + std::string(target) +
              " HTTP/1.1\r\nConnection: close\r\nHost: " + std::string(host) + "\r\n\r\n");
    return peer.all();
  }
  std::string body(std::string_view method, std::string_view target, std::string_view host) {
    const std::string answer = ask(method, target, host);
    const std::string status = answer.substr(9, 3);
    return status == "200" ? answer.substr(answer.find("\r\n\r\n") + 4) : status;
  }
  Router router_;
  std::string address_;
};

TEST_F(RouterServes, RoutesOfAHostBeforeThoseOfAll) {
  router_.add("GET", "/a", saying("all")).value();
  router_.add("GET", "/metrics", saying("metrics")).value();
  router_.host("API.example.com").add("GET", "/a", saying("api")).value();
  router_.host("*.example.com").add("GET", "/a", saying("below")).value();
  router_.host("*.eu.example.com").add("GET", "/{name}", saying("eu")).value();
  router_.host("[::1]").add("GET", "/a", saying("six")).value();
  EXPECT_EQ(&router_.host("api.example.com"), &router_.host("API.EXAMPLE.COM"));
  serve([this] {
    EXPECT_EQ(body("GET", "/a", "api.example.com"), "api");
    EXPECT_EQ(body("GET", "/a", "Api.Example.Com:8080"), "api");
    EXPECT_EQ(body("GET", "/a", "api.example.com."), "api");
    EXPECT_EQ(body("GET", "/a", "b.example.com"), "below");
    EXPECT_EQ(body("GET", "/a", "c.b.example.com"), "below") << "any depth";
    EXPECT_EQ(body("GET", "/x", "b.eu.example.com"), "eu x") << "the longer pattern";
    EXPECT_EQ(body("GET", "/a", "example.com"), "all") << "not below itself";
    EXPECT_EQ(body("GET", "/a", "notexample.com"), "all");
    EXPECT_EQ(body("GET", "/a", "[::1]:80"), "six");
    EXPECT_EQ(body("GET", "/metrics", "api.example.com"), "metrics") << "of all hosts";
    EXPECT_EQ(body("GET", "/none", "api.example.com"), "404");
    EXPECT_EQ(body("POST", "/a", "api.example.com"), "405");
    EXPECT_EQ(body("GET", "/a/", "api.example.com"), "301");
    for (const char* path : {"//a", "/./a", "/b/../a", "/b/c/../../a/.", "/../../a"})
      EXPECT_NE(ask("GET", path).find("Location: /a\r\n"), std::string::npos) << path;
    EXPECT_EQ(body("GET", "/b/../none", "api.example.com"), "404");
  });
}

TEST_F(RouterServes, WhatIsUncleanReachesNoWildcard) {
  router_.add("GET", "/files/{path=**}", saying("file")).value();
  router_.add("GET", "/v1/{id}", saying("one")).value();
  router_.add("GET", "/admin", saying("admin")).value();
  serve([this] {
    EXPECT_NE(ask("GET", "/files/../admin").find("Location: /admin\r\n"), std::string::npos);
    EXPECT_NE(ask("GET", "/files/a//b/./c?x=1").find("Location: /files/a/b/c?x=1\r\n"),
              std::string::npos);
    EXPECT_EQ(body("GET", "/v1/..", "x"), "404");
    EXPECT_EQ(body("GET", "/files/../../etc", "x"), "404");
    EXPECT_EQ(body("GET", "/v1/.", "x"), "404");
    for (const std::string path : {".a/..b/...", "a/", "a.b"})
      EXPECT_EQ(body("GET", "/files/" + path, "x"), "file " + path);
  });
}

TEST_F(RouterServes, SeesWhatIsUncleanAtEveryPlace) {
  router_.add("GET", "/{path=**}", saying("any")).value();
  serve([this] {
    for (size_t size = 1; size < 70; size += size < 40 ? 1 : 7) {
      const std::string clean = "/" + std::string(size, 'a');
      EXPECT_EQ(body("GET", clean, "x"), "any " + clean.substr(1));
      for (size_t at = 1; at + 2 < clean.size(); at += 5)
        EXPECT_EQ(body("GET", std::string(clean).replace(at, 2, "//"), "x"), "301") << size;
      EXPECT_EQ(body("GET", clean + "/..", "x"), "301") << size;
      EXPECT_EQ(body("GET", clean + "/.b", "x"), "any " + clean.substr(1) + "/.b");
    }
  });
}

TEST_F(RouterServes, OptionsSayWhatAPathTakes) {
  router_.add("GET", "/a", saying("got")).value();
  router_.add("DELETE", "/a", saying("gone")).value();
  router_.add("OPTIONS", "/own", saying("own")).value();
  serve([this] {
    const std::string answer = ask("OPTIONS", "/a");
    EXPECT_EQ(answer.find("HTTP/1.1 204 "), 0u) << answer;
    EXPECT_NE(answer.find("Allow: GET, HEAD, DELETE\r\n"), std::string::npos) << answer;
    EXPECT_EQ(body("OPTIONS", "/own", "x"), "own");
    EXPECT_EQ(body("OPTIONS", "/none", "x"), "404");
    const std::string all = ask("OPTIONS", "*");
    EXPECT_EQ(all.find("HTTP/1.1 204 "), 0u) << all;
    EXPECT_NE(all.find("Allow: GET, HEAD, DELETE, OPTIONS\r\n"), std::string::npos) << all;
    EXPECT_EQ(body("GET", "/own", "x"), "405");
    EXPECT_NE(ask("PUT", "/a").find("Allow: GET, HEAD, DELETE\r\n"), std::string::npos);
  });
}

TEST_F(RouterServes, OptionsOfTheServerAreThoseOfTheHostAndOfAll) {
  router_.add("PURGE", "/a/**", saying("purged")).value();
  router_.add_prefix("PUT", "/files/", saying("put"));
  router_.host("api.example.com").add("PATCH", "/a", saying("api")).value();
  serve([this] {
    EXPECT_NE(ask("OPTIONS", "*").find("Allow: PURGE, PUT\r\n"), std::string::npos);
    EXPECT_NE(ask("OPTIONS", "*", "api.example.com").find("Allow: PATCH, PURGE, PUT\r\n"),
              std::string::npos);
    EXPECT_EQ(body("GET", "*", "x"), "400");
  });
}

TEST_F(RouterServes, OptionsOfTheServerAreNoPathOfACatchAll) {
  router_.add_prefix("OPTIONS", "/", saying("any"));
  serve([this] {
    EXPECT_EQ(ask("OPTIONS", "*").find("HTTP/1.1 204 "), 0u);
    EXPECT_EQ(body("OPTIONS", "/a", "x"), "any");
  });
}

TEST_F(RouterServes, EscapedUnreservedCharactersAreThemselves) {
  router_.add("GET", "/hello/{name}", saying("hello")).value();
  router_.add("GET", "/files/{path=**}", saying("file")).value();
  router_.add("GET", "/caf%c3%a9", saying("cafe")).value();
  router_.add("GET", "/\xC3\xBC/{x}", saying("u")).value();
  serve([this] {
    EXPECT_EQ(body("GET", "/%68ell%6f/bob", "x"), "hello bob");
    EXPECT_EQ(body("GET", "/hello/b%6Fb%20%e4%2fx", "x"), "hello bob%20\xE4%2Fx");
    EXPECT_EQ(body("GET", "/hello/b%20b", "x"), "hello b%20b");
    EXPECT_EQ(body("GET", "/caf%C3%A9", "x"), "cafe");
    EXPECT_EQ(body("GET", "/caf\xC3\xA9", "x"), "cafe");
    EXPECT_EQ(body("GET", "/%C3%BC/1", "x"), "u 1");
    EXPECT_NE(ask("GET", "/%c3%bc/1/").find("Location: /%C3%BC/1\r\n"), std::string::npos);
    EXPECT_EQ(body("GET", "/files/a%2Fb", "x"), "file a%2Fb");
    EXPECT_EQ(body("GET", "/files/a..b/..c/%2e%2ed/e%2f...", "x"), "file a..b/..c/..d/e%2F...");
    // What they stand for, as Go's server takes it.
    const std::string moved = ask("GET", "/files/a/%2e%2E/hello/../b");
    EXPECT_EQ(moved.find("HTTP/1.1 301 "), 0u) << moved;
    EXPECT_NE(moved.find("Location: /files/b\r\n"), std::string::npos) << moved;
    for (const char* hidden : {"/files/..%2fetc", "/files/a%2F..", "/files/%2e%2e%2f%2e%2e%2fetc",
                               "/files/a/..%2F", "/files/%2e%2e/%2e%2e/etc"})
      EXPECT_EQ(body("GET", hidden, "x"), "404") << hidden;
  });
}

TEST_F(RouterServes, ATrailingSlashIsAddedWhereTheRouteHasOne) {
  router_.add("GET", "/list/", saying("list")).value();
  router_.add_prefix("GET", "/debug/", saying("debug"));
  router_.add("GET", "/both", saying("both")).value();
  router_.add("GET", "/both/", saying("both/")).value();
  serve([this] {
    for (const char* path : {"/list", "//list", "/debug"}) {
      const std::string moved = ask("GET", std::string(path) + "?a=1");
      EXPECT_EQ(moved.find("HTTP/1.1 301 "), 0u) << moved;
      EXPECT_NE(moved.find(path == std::string_view("/debug") ? "Location: /debug/?a=1\r\n"
                                                              : "Location: /list/?a=1\r\n"),
                std::string::npos)
          << moved;
    }
    EXPECT_EQ(body("GET", "/both", "x"), "both");
    EXPECT_EQ(body("GET", "/both/", "x"), "both/");
    EXPECT_EQ(body("GET", "/none", "x"), "404");
    EXPECT_EQ(body("GET", "/", "x"), "404");
    EXPECT_EQ(body("POST", "/list", "x"), "404");
  });
}

TEST_F(RouterServes, OptionsOfAServerWithoutRoutes) {
  serve([this] {
    const std::string all = ask("OPTIONS", "*");
    EXPECT_EQ(all.find("HTTP/1.1 204 "), 0u) << all;
    EXPECT_EQ(all.find("Allow"), std::string::npos) << all;
  });
}

TEST_F(RouterServes, AHostHasItsOwnNotFound) {
  router_.add("GET", "/a", saying("all")).value();
  router_.set_not_found(saying("nowhere"));
  Router& api = router_.host("api.example.com");
  api.add("GET", "/b", saying("api")).value();
  api.set_not_found(saying("not here"));
  router_.host("plain.example.com").add("GET", "/b", saying("plain")).value();
  serve([this] {
    const auto refused = [this](std::string_view method, std::string_view path,
                                std::string_view host) {
      const std::string answer = ask(method, path, host);
      return answer.substr(9, 4) + answer.substr(answer.find("\r\n\r\n") + 4);
    };
    EXPECT_EQ(refused("GET", "/none", "api.example.com"), "404 not here");
    EXPECT_EQ(refused("POST", "/b", "api.example.com"), "405 not here");
    EXPECT_EQ(refused("POST", "/a", "api.example.com"), "405 not here") << "a path of all hosts";
    EXPECT_EQ(refused("GET", "/none", "plain.example.com"), "404 nowhere") << "it has none";
    EXPECT_EQ(refused("POST", "/b", "plain.example.com"), "405 nowhere");
    EXPECT_EQ(refused("GET", "/none", "x"), "404 nowhere");
    EXPECT_EQ(body("GET", "/a", "api.example.com"), "all");
  });
}

}  // namespace
}  // namespace bia::http
