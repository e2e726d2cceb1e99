#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bia/base/result.h"

namespace zelus::metrics {

using bia::Result;

enum class MetricType : uint8_t { kCounter, kGauge, kRate, kTrend };
/// What a value means: decides units in summaries and outputs.
enum class Contains : uint8_t { kDefault, kTime, kData };

/// "counter", "gauge", "rate", "trend"; "default", "time", "data", as k6's JSON spells them.
std::string_view type_name(MetricType type);
std::string_view contains_name(Contains contains);

/// An index into the registry that defined the metric.
using MetricId = uint32_t;

struct Metric {
  std::string name;
  MetricType type = MetricType::kCounter;
  Contains contains = Contains::kDefault;
};

/// Ids of the metrics that every registry starts with, in the order of k6.md 6.1.
enum Builtin : MetricId {
  kVus,
  kVusMax,
  kIterations,
  kIterationDuration,
  kDroppedIterations,
  kChecks,
  kGroupDuration,
  kHttpReqs,
  kHttpReqFailed,
  kHttpReqDuration,
  kHttpReqBlocked,
  kHttpReqConnecting,
  kHttpReqTlsHandshaking,
  kHttpReqSending,
  kHttpReqWaiting,
  kHttpReqReceiving,
  kWsSessions,
  kWsConnecting,
  kWsSessionDuration,
  kWsMsgsSent,
  kWsMsgsReceived,
  kWsPing,
  kGrpcReqDuration,
  kGrpcStreams,
  kGrpcStreamsMsgsSent,
  kGrpcStreamsMsgsReceived,
  kDataSent,
  kDataReceived,
  kBuiltinCount,
};

/// The metrics known, by name. A value: each thread's shard owns a copy of the one that the first
/// init pass filled, and may define more; copies are merged by name. Ids below the size at the time
/// of copying mean the same in both.
class Registry {
 public:
  /// Holds the built-in metrics.
  Registry();
  /// Defines, or finds the one of that name. Errors (k6's texts): kInvalidArgument for a bad name;
  /// kAlreadyExists for another type or unit.
  Result<MetricId> define(std::string_view name, MetricType type,
                          Contains contains = Contains::kDefault);
  const Metric* find(std::string_view name) const;
  /// kNoMetric where there is none.
  MetricId id_of(std::string_view name) const;
  const Metric& operator[](MetricId id) const { return *metrics_[id]; }
  size_t size() const { return metrics_.size(); }

 private:
  /// Shared, so that samples under way may point at them while the registry grows.
  std::vector<std::shared_ptr<const Metric>> metrics_;
  std::unordered_map<std::string, MetricId> by_name_;
};

inline constexpr MetricId kNoMetric = UINT32_MAX;

}  // namespace zelus::metrics
