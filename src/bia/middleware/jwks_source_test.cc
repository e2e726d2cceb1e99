#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bia/bia/jwt.h"
#include "bia/bia/log.h"
#include "bia/fiber/threads.h"
#include "bia/http/server.h"

namespace bia {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// An identity provider whose answer the test changes.
struct Provider {
  std::atomic<int> reads{0};
  int status = 200;
  std::string body = R"({"keys":[{"kty":"oct","alg":"HS256","k":"c2VjcmV0"}]})";

  void run(const std::function<void(const std::string& url)>& test) {
    log::set_sink([this](std::string_view line) { log.append(line).append("\n"); });
    auto threads = *fiber::ThreadGroup::create(1);
    http::ServerOptions options;
    options.address = "127.0.0.1:0";
    auto server = *http::Server::create(
        *threads, options, [this](http::ServerRequest& request, http::ServerResponse& response) {
          ++reads;
          EXPECT_EQ(request.target(), "/keys?a=1");
          response.set_status(status);
          response.body() += body;
        });
    threads->run([&](size_t) {
      server->start().value();
      test("http://" + server->address() + "/keys?a=1");
      server->stop(Deadline::after(2s));
    });
    log::set_sink({});
  }
  void wait_for_reads(int count) {
    for (int i = 0; i < 20000 && reads < count; ++i) fiber::sleep_for(1ms).ignore("a test");
    fiber::sleep_for(1ms).ignore("the answer is read");
  }
  std::string log;
};

std::string subject(const std::string& secret, const JwtKeys& keys) {
  const std::string token = *JwtKeys::secret(JwtAlgorithm::kHs256, secret)->sign(R"({"sub":"me"})");
  auto claims = verify_jwt(token, keys, {});
  return claims.ok() ? claims->subject : claims.error().message();
}

TEST(JwksSource, TakesNewKeysAndKeepsTheLastGoodOnes) {
  Provider provider;
  provider.run([&](const std::string& url) {
    auto source = *JwksSource::create({.url = url, .interval = 5ms});
    const auto keys = source->keys();
    EXPECT_EQ(subject("secret", *keys()), "me");
    provider.body = R"({"keys":[{"kty":"oct","alg":"HS256","k":"bmV3"}]})";
    provider.wait_for_reads(provider.reads + 3);
    EXPECT_EQ(subject("new", *keys()), "me");
    EXPECT_EQ(subject("secret", *keys()), "Token is invalid");
    provider.body = "{";
    provider.wait_for_reads(provider.reads + 3);
    provider.status = 500;
    provider.wait_for_reads(provider.reads + 3);
    EXPECT_EQ(subject("new", *keys()), "me");
    EXPECT_THAT(provider.log, HasSubstr("jwks: the last good keys stay: " + url));
    source.reset();
    EXPECT_EQ(subject("new", *keys()), "me") << "outlives the source";
  });
}

TEST(JwksSource, TellsOnceWhatItLeavesOut) {
  Provider provider;
  provider.body = R"({"keys":[{"kty":"oct","alg":"HS256","k":"c2VjcmV0"},{"kty":"oct"}]})";
  provider.run([&](const std::string& url) {
    auto source = *JwksSource::create({.url = url, .interval = 5ms});
    EXPECT_EQ(subject("secret", *source->keys()()), "me");
    provider.wait_for_reads(3);
  });
  const size_t first = provider.log.find("jwks: left out");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(provider.log.find("jwks: left out", first + 1), std::string::npos);
}

TEST(JwksSource, MustBeReadableAtFirst) {
  Provider provider;
  provider.status = 404;
  provider.run([&](const std::string& url) {
    EXPECT_THAT(JwksSource::create({.url = url}).error().message(), HasSubstr("HTTP 404"));
    provider.status = 200;
    provider.body = R"({"keys":[]})";
    EXPECT_FALSE(JwksSource::create({.url = url}).ok());
    for (const char* bad : {"", "ftp://a/b", "http://me:pw@a/b", "http://127.0.0.1:1/"})
      EXPECT_FALSE(JwksSource::create({.url = bad}).ok()) << bad;
    EXPECT_FALSE(JwksSource::create({.url = url, .interval = 0ns}).ok());
  });
}

}  // namespace
}  // namespace bia
