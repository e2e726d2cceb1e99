#include "bia/http/redirect.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "bia/fiber/threads.h"
#include "bia/http/server.h"
#include "net/test_support.h"

namespace bia::http {
namespace {

using std::chrono::seconds;

/// Answers "/STATUS/PLACE" with that status and "PLACE" as Location, all else with what was asked.
void answer(ServerRequest& request, ServerResponse& response) {
  const std::string_view target = request.target();
  const int status = target.size() > 4 ? std::atoi(std::string(target.substr(1, 3)).c_str()) : 0;
  if (status != 0) {
    response.set_status(status);
    if (target.size() > 5) response.add_header("Location", target.substr(5));
    return;
  }
  std::string& body = response.body();
  body.append(method_name(request.method())).append(" ").append(target);
  for (const char* name : {"host", "authorization", "proxy-authorization", "cookie", "content-type",
                           "expect", "x-own"}) {
    if (const std::string_view value = request.header(name); !value.empty())
      body.append(" ").append(name).append("=").append(value);
  }
  body.append(" [").append(request.body().value()).append("]");
}

struct Sent {
  Result<void> outcome;
  ClientResponse response;
};

class Redirects : public ::testing::Test {
 protected:
  /// To "one.example" on the server's port, wherever any name leads.
  Sent send(std::string_view method, const std::function<std::string(const std::string& port)>& to,
            std::string_view body = {}, int redirects_max = kRedirectsMax) {
    Sent sent;
    auto threads = fiber::ThreadGroup::create(1).value();
    ServerOptions options;
    options.address = "127.0.0.1:0";
    auto server = Server::create(*threads, options, answer).value();
    threads->run([&](size_t) {
      server->start().value();
      net::OneAddress resolver;
      resolver.address = net::Endpoint::parse(server->address()).value();
      ClientOptions client_options;
      client_options.resolver = &resolver;
      Client client(client_options);
      const std::string port = std::to_string(resolver.address.port());
      const std::string target = to(port);
      Headers headers;
      headers.add("Authorization", "secret");
      headers.add("Proxy-Authorization", "hidden");
      headers.add("Cookie", "a=b");
      headers.add("X-Own", "1");
      if (!body.empty()) {
        headers.add("Content-Type", "text/plain");
        headers.add("Expect", "100-continue");
      }
      ClientRequest request;
      request.method = method;
      request.host = "one.example";
      request.port = resolver.address.port();
      request.target = target;
      request.headers = &headers;
      request.body = body;
      Timings timings;
      sent.outcome = send_following(client, request, sent.response, timings,
                                    Deadline::after(seconds(5)), redirects_max);
      if (const size_t at = sent.response.body.find(":" + port); at != std::string::npos)
        sent.response.body.replace(at + 1, port.size(), "PORT");
      server->stop(Deadline::after(seconds(2)));
    });
    return sent;
  }
  std::string body_of(std::string_view method, std::string target, std::string_view body = {}) {
    Sent sent = send(method, [&](const std::string&) { return target; }, body);
    EXPECT_TRUE(sent.outcome.ok()) << sent.outcome.error().text();
    return sent.response.body;
  }
};

TEST_F(Redirects, AskWithGetButFor307And308) {
  const auto asked = [&](std::string_view method) {
    return std::string(method) +
           " /b host=one.example:PORT authorization=secret proxy-authorization=hidden cookie=a=b";
  };
  for (const char* status : {"301", "302", "303"}) {
    const std::string target = std::string("/") + status + "//b";
    EXPECT_EQ(body_of("POST", target, "text"), asked("GET") + " x-own=1 []") << status;
    EXPECT_EQ(body_of("GET", target), asked("GET") + " x-own=1 []") << status;
    EXPECT_EQ(body_of("HEAD", target), "") << status;
  }
  for (const char* status : {"307", "308"})
    EXPECT_EQ(body_of("PUT", std::string("/") + status + "//b", "text"),
              asked("PUT") + " content-type=text/plain expect=100-continue x-own=1 [text]")
        << status;
}

TEST_F(Redirects, KeepSecretsToTheirSite) {
  const auto at = [&](std::string_view host) {
    return send("GET",
                [&](const std::string& port) {
                  return "/302/http://" + std::string(host) + ":" + port + "/b";
                })
        .response.body;
  };
  EXPECT_EQ(at("ONE.example"),
            "GET /b host=ONE.example:PORT authorization=secret proxy-authorization=hidden "
            "cookie=a=b x-own=1 []");
  EXPECT_EQ(at("two.example"), "GET /b host=two.example:PORT x-own=1 []");
  EXPECT_EQ(at("none.example"), "GET /b host=none.example:PORT x-own=1 []");
  EXPECT_EQ(at("a.one.example"),
            "GET /b host=a.one.example:PORT authorization=secret proxy-authorization=hidden "
            "cookie=a=b x-own=1 []");
  // What went elsewhere does not come back with them.
  const Sent back = send("GET", [&](const std::string& port) {
    return "/302/http://two.example:" + port + "/302/http://one.example:" + port + "/b";
  });
  EXPECT_EQ(back.response.body, "GET /b host=one.example:PORT x-own=1 []");
}

TEST_F(Redirects, GoOnUntilTheLimit) {
  const auto chain = [](int hops) {
    std::string target;
    for (int i = 0; i < hops; ++i) target += "/302/";
    return target + "/end";
  };
  EXPECT_EQ(body_of("GET", chain(9)).substr(0, 9), "GET /end ");
  Sent sent = send("GET", [&](const std::string&) { return chain(10); });
  ASSERT_FALSE(sent.outcome.ok());
  EXPECT_EQ(sent.outcome.error().reason(), "TOO_MANY_REDIRECTS");
  EXPECT_EQ(sent.outcome.error().message(), "stopped after 9 redirects, the next one is to /end");
  sent = send("GET", [](const std::string&) { return "/302//b"; }, {}, 0);
  EXPECT_EQ(sent.outcome.error().reason(), "TOO_MANY_REDIRECTS");
}

TEST_F(Redirects, WhereToNothingCanBeSent) {
  EXPECT_EQ(send("GET", [](const std::string&) { return "/302/"; }).response.status, 302)
      << "an answer without Location is the last";
  EXPECT_EQ(send("GET", [](const std::string&) { return "/304//b"; }).response.status, 304);
  const auto reason = [&](std::string target) {
    return send("GET", [&](const std::string&) { return target; }).outcome.error().reason();
  };
  EXPECT_EQ(reason("/302/ftp://a/b"), "BAD_SCHEME");
  EXPECT_EQ(reason("/302/http://a:99999/"), "INVALID_URL");
}

}  // namespace
}  // namespace bia::http
