#pragma once
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bia/fiber/threads.h"
#include "zelus/metrics/shard.h"
#include "zelus/modules/factory.h"

namespace zelus::modules {

/// Keeps what is logged: "level=info msg text source=console".
class TestLogger final : public options::Logger {
 public:
  bool enabled(options::LogLevel) const override { return true; }
  void log(options::LogLevel level, std::string_view message,
           std::span<const options::LogField> fields) override {
    constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
    std::string line = fmt::format("{}: {}", kNames[static_cast<int>(level)], message);
    for (const auto& field : fields) line += fmt::format(" {}={}", field.key, field.value);
    lines.push_back(std::move(line));
  }
  std::vector<std::string> lines;
};

class TestRun final : public exec::RunView {
 public:
  int64_t vus_active() const override { return 1; }
  int64_t vus_initialized() const override { return 2; }
  uint64_t iterations_completed() const override { return 3; }
  uint64_t iterations_interrupted() const override { return 4; }
  double run_duration_ms() const override { return 5.5; }
  double scenario_progress(std::string_view) const override { return 0.5; }
  double scenario_start_ms(std::string_view) const override { return 1000; }
  void abort(std::string_view text) override { aborted = text; }
  void mark_failed(std::string_view text) override { failed = text; }
  std::string aborted, failed;
};

/// A script with users of one thread. Everything in `in_user` runs on a user's stack.
class ScriptTest : public ::testing::Test {
 protected:
  using Body = std::function<void()>;
  /// Runs `body` in a fiber with a user's stack, within a thread group.
  void in_user(const Body& body) {
    auto group = bia::fiber::ThreadGroup::create(1);
    ASSERT_TRUE(group.ok());
    group_ = group->get();
    (*group)->run([&](size_t) {
      auto fiber = bia::fiber::Scheduler::current().spawn(
          body, {.stack_bytes = bia::fiber::kStackBytesUser});
      ASSERT_TRUE(fiber.ok());
      fiber->join().ignore("test");
    });
    group_ = nullptr;
  }

  /// Loads the text; the error's text, or empty.
  std::string load(const std::string& text) {
    shard_ = nullptr;
    factory_ = make_user_factory();
    registry_ = metrics::Registry();
    auto info = factory_->load({"script.js", "file:///t/script.js", text}, runtime_options_,
                               registry_, logger_);
    if (!info) return info.error().message();
    info_ = *info;
    EXPECT_TRUE(factory_->configure(options_, run_, &stop_).ok());
    shard_ = std::make_unique<metrics::Shard>(registry_);
    return "";
  }

  /// One that is not in a scenario yet: 0 is that of setup and teardown.
  std::unique_ptr<exec::User> ready_user(uint64_t vu = 0) {
    auto user = factory_->make_user(vu, *shard_);
    EXPECT_TRUE(user.ok());
    auto ready = (*user)->init();
    EXPECT_TRUE(ready.ok()) << (ready.ok() ? "" : ready.error().message());
    return std::move(*user);
  }
  std::unique_ptr<exec::User> make_user(uint64_t vu = 1) {
    auto user = ready_user(vu);
    user->activate(activation_);
    return user;
  }

  /// Loads the script, runs its default function once, and gives what console.log wrote.
  std::vector<std::string> run(const std::string& text, int iterations = 1) {
    in_user([&] {
      std::string error = load(text);
      if (!error.empty()) {
        logger_.lines.push_back("load: " + error);
        return;
      }
      auto user = make_user();
      for (int i = 0; i < iterations; ++i)
        outcome_ = user->run_iteration({static_cast<uint64_t>(i), static_cast<uint64_t>(i)});
    });
    return logger_.lines;
  }
  /// Body of a default function.
  std::vector<std::string> run_default(const std::string& imports, const std::string& body) {
    return run(imports + "\nexport default function () {\n" + body + "\n}");
  }

  /// Every series of a metric: "tag=value,tag=value count sum".
  std::vector<std::string> series(std::string_view metric) {
    std::vector<std::string> out;
    for (const auto& s : shard_->series()) {
      if (shard_->registry()[s.metric].name != metric || s.sink.empty()) continue;
      std::string line;
      for (const auto& [key, value] : s.tags->tags())
        line += fmt::format("{}{}={}", line.empty() ? "" : ",", key, value);
      bool rate = s.sink.type() == metrics::MetricType::kRate;
      out.push_back(fmt::format("{} {} {}", line, s.sink.count(),
                                rate ? static_cast<double>(s.sink.trues()) : s.sink.value()));
    }
    return out;
  }

  TestLogger logger_;
  TestRun run_;
  std::atomic<bool> stop_ = false;
  exec::RuntimeOptions runtime_options_;
  exec::UserOptions options_;
  exec::Activation activation_;
  metrics::Registry registry_;
  std::unique_ptr<metrics::Shard> shard_;
  std::unique_ptr<exec::UserFactory> factory_;
  exec::ScriptInfo info_;
  exec::Outcome outcome_;
  bia::fiber::ThreadGroup* group_ = nullptr;
};

}  // namespace zelus::modules
