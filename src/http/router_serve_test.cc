// A router as a server's handler: hosts, OPTIONS, 404, 405, clean paths.
#include "bia/http/router.h"
#include "http/server_test_support.h"

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
    EXPECT_EQ(body("OPTIONS", "*", "x"), "204");
    EXPECT_EQ(body("GET", "/own", "x"), "405");
    EXPECT_NE(ask("PUT", "/a").find("Allow: GET, HEAD, DELETE\r\n"), std::string::npos);
  });
}

}  // namespace
}  // namespace bia::http
