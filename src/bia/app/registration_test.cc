#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "bia/bia/app.h"
#include "bia/bia/registry.h"
#include "bia/fiber/scheduler.h"
#include "bia/grpc/client.h"
#include "bia/metrics/registry.h"

namespace bia {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

struct Seen {
  std::vector<std::string> events;
  ServiceInstance instance;
  std::string metrics;
  Result<void> outcome;
};

enum class How : uint8_t { kGood, kFails, kThrows };

class Recorder final : public Registrar {
 public:
  Recorder(Seen& seen, How how) : seen_(seen), how_(how) {}
  ~Recorder() override { seen_.events.emplace_back("gone"); }
  Result<void> start(ServiceInstance instance) override {
    seen_.events.emplace_back("start");
    seen_.instance = std::move(instance);
    if (how_ == How::kThrows) throw std::runtime_error("no registry");
    if (how_ == How::kFails) return Error(Code::kUnavailable, "AWAY", "away");
    registered_ = true;
    return {};
  }
  void stop() override {
    seen_.events.emplace_back("stop");
    registered_ = false;
    throw std::runtime_error("a registrar that throws at its stop");
  }
  bool registered() const override { return registered_; }

 private:
  Seen& seen_;
  How how_;
  bool registered_ = false;
};

Seen run_with(How how, const std::string& more = "") {
  Seen seen;
  fiber::block_signals();
  log::set_sink([](std::string_view) {});
  auto app =
      *App::create({.name = "shop", .version = "v1", .id = "a", .metadata = {{"weight", "7"}}},
                   *Config::parse("server: {http: {addr: '127.0.0.1:0'}}\nruntime: {threads: "
                                  "1, drain_delay: 0s}\n" +
                                  more));
  seen.outcome = app->run([&](App& wiring) -> Result<void> {
    wiring.set_registrar(std::make_unique<Recorder>(seen, how));
    wiring.after_start([&]() -> Result<void> {
      seen.events.emplace_back("started");
      wiring.metrics().write_text(seen.metrics, metrics::TextFormat::kPrometheus);
      wiring.stop();
      return {};
    });
    wiring.before_stop([&]() -> Result<void> {
      seen.events.emplace_back("stopping");
      return {};
    });
    wiring.after_stop([&]() -> Result<void> {
      seen.events.emplace_back("stopped");
      return {};
    });
    return {};
  });
  log::set_sink(nullptr);
  return seen;
}

TEST(Registrar, OfTheProgramHasTheInstanceWhileItServes) {
  const Seen seen = run_with(How::kGood);
  EXPECT_TRUE(seen.outcome.ok());
  EXPECT_THAT(seen.events, ElementsAre("start", "started", "stopping", "stop", "stopped", "gone"));
  EXPECT_EQ(seen.instance.name + seen.instance.id + seen.instance.version, "shopav1");
  EXPECT_EQ(seen.instance.metadata.at(0).second, "7");
  EXPECT_THAT(seen.instance.endpoints, ElementsAre(StartsWith("http://127.0.0.1:")));
  EXPECT_THAT(seen.metrics, HasSubstr("registry_registered 1"));
}

TEST(Registrar, ThatFailsEndsTheStart) {
  const Seen failed = run_with(How::kFails);
  EXPECT_EQ(failed.outcome.error().message(), "registry: away");
  EXPECT_THAT(failed.events, ElementsAre("start", "stopped", "gone"));
  EXPECT_THAT(run_with(How::kThrows).outcome.error().message(),
              HasSubstr("registry: the registrar threw: no registry"));
}

TEST(Registrar, BesideEtcdsIsAnError) {
  const Seen seen = run_with(How::kGood, "registry: {etcd: {endpoints: ['127.0.0.1:1']}}\n");
  EXPECT_THAT(seen.outcome.error().message(), HasSubstr("keep one of them"));
  EXPECT_THAT(seen.events, ElementsAre("stopped", "gone"));
}

/// Asks the service's own health when it is told to leave the registry.
class Asking final : public Registrar {
 public:
  Asking(const App& app, std::string& told) : app_(app), told_(told) {}
  Result<void> start(ServiceInstance) override { return {}; }
  void stop() override {
    grpc::Channel channel(app_.grpc_address());
    grpc::UnaryReply reply;
    channel.unary("/grpc.health.v1.Health/Check", "", {}, reply);
    told_ = reply.message;
  }
  bool registered() const override { return true; }

 private:
  const App& app_;
  std::string& told_;
};

TEST(Registrar, IsToldOfTheEndAfterHealthSaysIt) {
  fiber::block_signals();
  log::set_sink([](std::string_view) {});
  auto app = *App::create({.name = "shop"},
                          *Config::parse("server: {grpc: {addr: '127.0.0.1:0'}}\nruntime: "
                                         "{threads: 1, drain_delay: 0s}\n"));
  std::string told;
  const auto outcome = app->run([&](App& wiring) -> Result<void> {
    wiring.set_registrar(std::make_unique<Asking>(wiring, told));
    wiring.after_start([&]() -> Result<void> {
      wiring.stop();
      return {};
    });
    return {};
  });
  log::set_sink(nullptr);
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(told, "\x08\x02");  // NOT_SERVING
}

}  // namespace
}  // namespace bia
