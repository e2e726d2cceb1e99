#include "bia/bia/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "bia/app/advertise.h"
#include "bia/fiber/scheduler.h"
#include "bia/http/client.h"
#include "bia/http/server.h"

namespace bia {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

class Recorder final : public AppServer {
 public:
  Recorder(std::vector<std::string>& events, std::string name, bool fails)
      : events_(events), name_(std::move(name)), fails_(fails) {}
  std::string_view name() const override { return name_; }
  Result<void> start() override {
    events_.push_back("start " + name_);
    if (fails_) return Error(Code::kUnavailable, "QUEUE", "no queue");
    return {};
  }
  void stop(Deadline) override { events_.push_back("stop " + name_); }
  std::string endpoint() const override { return "ws://10.0.0.1:7000"; }

 private:
  std::vector<std::string>& events_;
  std::string name_;
  bool fails_;
};

struct Ran {
  std::vector<std::string> events;
  std::vector<std::string> endpoints;
  bool ready_in_hook = true;
  Result<void> outcome;
};

Ran run_with(bool second_fails) {
  Ran ran;
  fiber::block_signals();
  log::set_sink([](std::string_view) {});
  auto app = *App::create(
      {.name = "test", .version = "v1"},
      *Config::parse("server: {http: {addr: '127.0.0.1:0'}}\nruntime: {threads: 1}\n"));
  ran.outcome = app->run([&](App& wiring) -> Result<void> {
    wiring.add_server(std::make_unique<Recorder>(ran.events, "a", false));
    wiring.add_server(std::make_unique<Recorder>(ran.events, "b", second_fails));
    const auto hook = [&](const char* what) {
      return [&ran, what]() -> Result<void> {
        ran.events.emplace_back(what);
        return {};
      };
    };
    wiring.before_start(hook("before start"));
    wiring.after_start([&]() -> Result<void> {
      ran.events.emplace_back("after start");
      ran.endpoints = wiring.endpoints();
      ran.ready_in_hook = wiring.ready();
      wiring.stop();
      return {};
    });
    wiring.before_stop(hook("before stop"));
    wiring.after_stop(hook("after stop"));
    return {};
  });
  EXPECT_FALSE(app->ready());
  log::set_sink(nullptr);
  return ran;
}

TEST(App, RunsItsOwnServersBetweenTheHooks) {
  const Ran ran = run_with(false);
  EXPECT_TRUE(ran.outcome.ok());
  EXPECT_THAT(ran.events, ElementsAre("before start", "start a", "start b", "after start",
                                      "before stop", "stop a", "stop b", "after stop"));
  EXPECT_THAT(ran.endpoints, ElementsAre(StartsWith("http://127.0.0.1:"), "ws://10.0.0.1:7000",
                                         "ws://10.0.0.1:7000"));
  EXPECT_FALSE(ran.ready_in_hook);
}

TEST(App, AServerThatDoesNotStartEndsIt) {
  const Ran ran = run_with(true);
  EXPECT_EQ(ran.outcome.error().message(), "starting the server: no queue");
  EXPECT_THAT(ran.events, ElementsAre("before start", "start a", "start b", "stop a"));
}

TEST(App, ItsErrorEncoderHasWhatNoRouteMatches) {
  fiber::block_signals();
  log::set_sink([](std::string_view) {});
  auto app = *App::create(
      {.name = "test"},
      *Config::parse("server: {http: {addr: '127.0.0.1:0'}}\nruntime: {threads: 1}\n"));
  http::ClientResponse response;
  const auto outcome = app->run([&](App& wiring) -> Result<void> {
    wiring.after_start([&]() -> Result<void> {
      const std::string address = wiring.http_address();
      http::Client client{http::ClientOptions{}};
      http::ClientRequest request;
      request.host = "127.0.0.1";
      request.port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
      request.target = "/nowhere";
      http::Timings timings;
      BIA_TRY(client.send(request, response, timings, Deadline::after(std::chrono::seconds(20))));
      wiring.stop();
      return {};
    });
    HttpContent content;
    content.encode_error = [](http::ServerRequest&, http::ServerResponse& to, const Error& error,
                              const std::function<void()>& builtin) {
      builtin();
      to.set_header("X-Reason", error.reason());
    };
    return wiring.http_content(std::move(content));
  });
  log::set_sink(nullptr);
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.get("x-reason"), "NOT_FOUND");
  EXPECT_EQ(response.body, R"({"code":404,"reason":"NOT_FOUND","message":"no route for /nowhere",)"
                           R"("metadata":{}})");
}

TEST(App, AUnixSocketIsNoEndpoint) {
  fiber::block_signals();
  log::set_sink([](std::string_view) {});
  const std::string path = "/tmp/bia_app_test." + std::to_string(getpid());
  auto app =
      *App::create({.name = "test"},
                   *Config::parse("server: {http: {addr: 'unix:" + path +
                                  "'}, grpc: {addr: '127.0.0.1:0'}}\nruntime: {threads: 1}\n"));
  std::vector<std::string> endpoints;
  const auto outcome = app->run([&](App& wiring) -> Result<void> {
    wiring.after_start([&]() -> Result<void> {
      endpoints = wiring.endpoints();
      wiring.stop();
      return {};
    });
    return {};
  });
  log::set_sink(nullptr);
  EXPECT_TRUE(outcome.ok());
  EXPECT_THAT(endpoints, ElementsAre(StartsWith("grpc://127.0.0.1:")));
}

TEST(Advertise, KeepsAHostThatIsNamed) {
  for (const char* named : {"127.0.0.1:80", "[::1]:80", "10.0.0.9:80"})
    EXPECT_EQ(advertised_address(named, {"10.0.0.1", "2001:db8::1"}), named);
  EXPECT_EQ(advertised_address("unix:/tmp/x", {"10.0.0.1", ""}), "");
}

TEST(Advertise, TakesTheHostsAddressForAnyIpv4First) {
  for (const char* any : {"0.0.0.0:80", "[::]:80", ":80"})
    EXPECT_EQ(advertised_address(any, {"10.0.0.1", "2001:db8::1"}), "10.0.0.1:80");
  EXPECT_EQ(advertised_address("[::]:80", {"", "2001:db8::1"}), "[2001:db8::1]:80");
  EXPECT_EQ(advertised_address("0.0.0.0:80", {"", "2001:db8::1"}), "127.0.0.1:80")
      << "its socket takes no IPv6";
  EXPECT_EQ(advertised_address("[::]:80", {}), "127.0.0.1:80");
  const HostAddresses own = host_addresses();
  EXPECT_FALSE(own.four.starts_with("127.") || own.four.starts_with("0.")) << own.four;
  EXPECT_FALSE(own.six == "::" || own.six == "::1" || own.six.starts_with("fe80:")) << own.six;
}

}  // namespace
}  // namespace bia
