#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bia/fiber/threads.h"
#include "zelus/output/output.h"

namespace zelus::output::testing {

/// A log that keeps its lines: "error: message key=value".
class KeptLog final : public options::Logger {
 public:
  using Logger::log;
  bool enabled(options::LogLevel) const override { return true; }
  void log(options::LogLevel level, std::string_view message,
           std::span<const options::LogField> fields) override {
    static constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};
    std::string line =
        std::string(kLevels[static_cast<size_t>(level)]) + ": " + std::string(message);
    for (const options::LogField& field : fields)
      line += " " + std::string(field.key) + "=" + std::string(field.value);
    lines.push_back(std::move(line));
  }
  std::vector<std::string> lines;
};

/// All that outputs want of a run, and one shard that records.
struct TestRun {
  explicit TestRun(metrics::ThresholdSpecs wanted = {},
                   metrics::SystemTags tags = metrics::SystemTags::defaults())
      : specs(std::move(wanted)),
        thresholds(make(specs, registry, tags)),
        shard(registry),
        system_tags(tags) {}

  Context context() {
    return {log,        environment, system_tags,
            thresholds, specs,       [this](std::string_view text) { printed += text; },
            collectors};
  }
  metrics::Snapshot snapshot() const {
    return metrics::Snapshot::of(shard, thresholds, metrics::Detail::kSeries);
  }
  Result<std::unique_ptr<Output>> create(std::string_view name) {
    kept = std::make_unique<Context>(context());
    return create_output(name, *kept);
  }
  std::string error_of(std::string_view name) {
    Result<std::unique_ptr<Output>> output = create(name);
    return output ? "" : output.error().message();
  }

  static metrics::Thresholds make(const metrics::ThresholdSpecs& specs, metrics::Registry& registry,
                                  metrics::SystemTags tags) {
    registry.define("tt", metrics::MetricType::kTrend, metrics::Contains::kTime)
        .ignore("known good");
    registry.define("cc", metrics::MetricType::kCounter).ignore("known good");
    return *metrics::Thresholds::create(specs, registry, tags);
  }

  KeptLog log;
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> collectors;
  std::string printed;
  metrics::ThresholdSpecs specs;
  metrics::Registry registry;
  metrics::Thresholds thresholds;
  metrics::Shard shard;
  metrics::SystemTags system_tags;
  std::unique_ptr<Context> kept;
};

inline void in_fiber(const std::function<void(bia::fiber::ThreadGroup&)>& body) {
  auto group = bia::fiber::ThreadGroup::create(1);
  ASSERT_TRUE(group.ok());
  (*group)->run([&](size_t) { body(**group); });
}

}  // namespace zelus::output::testing
