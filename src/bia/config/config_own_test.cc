#include "bia/config/config_own.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "bia/bia/app.h"
#include "bia/bia/config_source.h"
#include "bia/fiber/scheduler.h"

namespace bia {
namespace {

using testing::HasSubstr;

class Source final : public ConfigSource {
 public:
  explicit Source(std::string begin) : text(std::move(begin)) {}
  Result<std::vector<Entry>> read() override {
    BIA_TRY(fiber::sleep_for(std::chrono::milliseconds(1)));  // it is in a fiber
    if (text == "boom") throw std::runtime_error("no database");
    if (text.empty()) return Error(Code::kUnavailable, "DOWN", "nobody answers");
    return std::vector<Entry>{{"own://a.yaml", text}, {"own://b.json", R"({"b": 2})"}};
  }
  /// Becomes each of these in turn.
  void watch(const std::function<void()>& changed) override {
    for (const std::string& one : later) {
      text = one;
      changed();
    }
    if (!later.empty()) throw std::runtime_error("no more");
  }
  std::string text;
  std::vector<std::string> later = {};
};

Result<Config> load(const std::string& text, std::vector<std::string> overrides = {}) {
  return Config::load(
      ConfigSources{{}, {}, std::move(overrides), {std::make_shared<Source>(text)}});
}

TEST(ConfigSource, IsMergedBelowWhatTheCommandLineSets) {
  const Config config = *load("a: {x: 1, y: 1}\nb: 1\n", {"a.y=2"});
  EXPECT_EQ(*config.integer("a.x"), 1);
  EXPECT_EQ(*config.integer("a.y"), 2);
  EXPECT_EQ(*config.integer("b"), 2);
  EXPECT_EQ(config.where("a.x"), "own://a.yaml:1");
}

TEST(ConfigSource, SaysWhatFails) {
  EXPECT_EQ(load("a: [1\n").error().message().substr(0, 15), "own://a.yaml:1:");
  EXPECT_EQ(load("").error().message(), "nobody answers");
  EXPECT_THAT(load("boom").error().message(), HasSubstr("threw: no database"));
  EXPECT_THAT(load("a: " + std::string(5'000'000, 'x')).error().message(),
              HasSubstr("own://a.yaml: 5000003 bytes, at most 4194304"));
}

TEST(ConfigSource, IsReadAgainWhenItTellsOfAChange) {
  const std::string server = "server: {http: {addr: '127.0.0.1:0'}}\nruntime: {threads: 1}\n";
  auto source = std::make_shared<Source>(server + "data: {size: 1}\n");
  // The first is refused, and the last good one stays.
  source->later = {server + "data: {size: none}\n", server + "data: {size: 2}\n"};
  fiber::block_signals();
  std::string lines;
  log::set_sink([&](std::string_view line) { lines += line; });
  auto app = *App::create({.name = "test"}, ConfigSources{{}, {}, {}, {source}});
  std::vector<int64_t> seen;
  app->on_config("data", [&](const Config& fresh) -> Result<std::function<void()>> {
    const int64_t size = BIA_TRY(fresh.integer("data.size"));
    return std::function<void()>([&seen, size, &app] {
      seen.push_back(size);
      app->stop();
    });
  });
  const Result<void> ran = app->run([](App&) { return Result<void>(); });
  EXPECT_TRUE(ran.ok());
  EXPECT_THAT(seen, testing::ElementsAre(2));
  EXPECT_THAT(lines, HasSubstr("the last good one stays: own://a.yaml:3: data.size is not a"));
  EXPECT_THAT(lines, HasSubstr("threw: no more"));
  log::set_sink([](std::string_view) {});
}

}  // namespace
}  // namespace bia
