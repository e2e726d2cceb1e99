#include "bia/middleware/tracing_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bia/app/server_config.h"
#include "bia/bia/tracing.h"

namespace bia {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

std::string said(std::string_view endpoint) {
  const auto to = TracingEndpoint::parse(endpoint);
  if (!to) return to.error().message();
  return to->shown + " " + (to->grpc ? "" : to->target);
}

TEST(TracingEndpoint, ReadsBothProtocolsWithAndWithoutTls) {
  EXPECT_EQ(said("http://127.0.0.1:4318"), "http://127.0.0.1:4318 /v1/traces");
  EXPECT_EQ(said("http://[::1]:4318/"), "http://[::1]:4318 /v1/traces");
  EXPECT_EQ(TracingEndpoint::parse("http://[::1]:4318")->host, "::1");
  EXPECT_EQ(said("https://otlp.example"), "https://otlp.example:443 /v1/traces");
  EXPECT_EQ(said("https://otlp.example:4318/in?key=k"), "https://otlp.example:4318 /in?key=k");
  EXPECT_EQ(said("grpc://a:4317"), "grpc://a:4317 ");
  EXPECT_EQ(said("grpcs://a"), "grpcs://a:443 ");
  EXPECT_TRUE(TracingEndpoint::parse("grpcs://a")->secure);
  EXPECT_FALSE(TracingEndpoint::parse("grpc://a:1")->secure);
}

TEST(TracingEndpoint, RefusesTheRestWithoutShowingSecrets) {
  EXPECT_THAT(said("a:4318"), HasSubstr("\"a:4318\" has no scheme"));
  EXPECT_THAT(said("ftp://a:1"), HasSubstr("another scheme"));
  EXPECT_THAT(said("http://a"), HasSubstr("has no port"));
  EXPECT_THAT(said("grpc://a:4317/v1"), HasSubstr("has a path"));
  EXPECT_THAT(said("https://a:x"), HasSubstr("is no URL"));
  EXPECT_THAT(said("https://u:hunter2@a"), AllOf(HasSubstr("user"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(said("http://a?key=hunter2"), AllOf(HasSubstr("no port"), Not(HasSubstr("hunter2"))));
}

Result<ServerConfig> read(const std::string& lines) {
  return ServerConfig::read(
      *Config::parse("server: {http: {addr: ':1'}}\ntracing:\n  endpoint: https://a\n" + lines));
}

TEST(TracingConfig, ReadsHeadersAsAMapAndAsOpenTelemetrysText) {
  EXPECT_THAT(read("  headers: {authorization: 'Bearer x', x.tenant: 7}\n")->tracing->headers,
              ElementsAre(Pair("authorization", "Bearer x"), Pair("x.tenant", "7")));
  EXPECT_THAT(read("  headers: 'api-key=k%3D1, x-tenant=a=b'\n")->tracing->headers,
              ElementsAre(Pair("api-key", "k=1"), Pair("x-tenant", "a=b")));
}

TEST(TracingConfig, NamesWhatIsWrongWithoutShowingSecrets) {
  for (const char* bad :
       {"'hunter2'", "'a=hunter2%2'", "{'hunter2 x': a}", "{a: \"hunter2\\n\"}", "'a=hunter2%0a'",
        "{content-type: hunter2}", "{grpc-timeout: hunter2}", "{':path': hunter2}", "[hunter2]"}) {
    const auto outcome = read(std::string("  headers: ") + bad + "\n");
    ASSERT_FALSE(outcome.ok()) << bad;
    EXPECT_THAT(outcome.error().text(),
                AllOf(HasSubstr("config.yaml:4"), HasSubstr("headers"), Not(HasSubstr("hunter2"))))
        << bad;
  }
  EXPECT_THAT(read("  tls: {ca: /nowhere/ca.pem}\n").error().text(),
              AllOf(HasSubstr("config.yaml:4"), HasSubstr("/nowhere/ca.pem")));
  EXPECT_THAT(ServerConfig::read(*Config::parse("server: {http: {addr: ':1'}}\ntracing: {endpoint: "
                                                "'http://a:1', tls: {server_name: b}}"))
                  .error()
                  .text(),
              HasSubstr("write https:// or grpcs://"));
}

}  // namespace
}  // namespace bia
