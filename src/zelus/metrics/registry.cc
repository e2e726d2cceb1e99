#include <fmt/format.h>

#include "zelus/metrics/metric.h"

namespace zelus::metrics {
namespace {

struct BuiltinMetric {
  std::string_view name;
  MetricType type;
  Contains contains;
};

// In the order of enum Builtin.
constexpr BuiltinMetric kBuiltins[] = {
    {"vus", MetricType::kGauge, Contains::kDefault},
    {"vus_max", MetricType::kGauge, Contains::kDefault},
    {"iterations", MetricType::kCounter, Contains::kDefault},
    {"iteration_duration", MetricType::kTrend, Contains::kTime},
    {"dropped_iterations", MetricType::kCounter, Contains::kDefault},
    {"checks", MetricType::kRate, Contains::kDefault},
    {"group_duration", MetricType::kTrend, Contains::kTime},
    {"http_reqs", MetricType::kCounter, Contains::kDefault},
    {"http_req_failed", MetricType::kRate, Contains::kDefault},
    {"http_req_duration", MetricType::kTrend, Contains::kTime},
    {"http_req_blocked", MetricType::kTrend, Contains::kTime},
    {"http_req_connecting", MetricType::kTrend, Contains::kTime},
    {"http_req_tls_handshaking", MetricType::kTrend, Contains::kTime},
    {"http_req_sending", MetricType::kTrend, Contains::kTime},
    {"http_req_waiting", MetricType::kTrend, Contains::kTime},
    {"http_req_receiving", MetricType::kTrend, Contains::kTime},
    {"ws_sessions", MetricType::kCounter, Contains::kDefault},
    {"ws_connecting", MetricType::kTrend, Contains::kTime},
    {"ws_session_duration", MetricType::kTrend, Contains::kTime},
    {"ws_msgs_sent", MetricType::kCounter, Contains::kDefault},
    {"ws_msgs_received", MetricType::kCounter, Contains::kDefault},
    {"ws_ping", MetricType::kTrend, Contains::kTime},
    {"grpc_req_duration", MetricType::kTrend, Contains::kTime},
    {"grpc_streams", MetricType::kCounter, Contains::kDefault},
    {"grpc_streams_msgs_sent", MetricType::kCounter, Contains::kDefault},
    {"grpc_streams_msgs_received", MetricType::kCounter, Contains::kDefault},
    {"data_sent", MetricType::kCounter, Contains::kData},
    {"data_received", MetricType::kCounter, Contains::kData},
};
static_assert(std::size(kBuiltins) == kBuiltinCount);

// k6 says "up to 128", its pattern allows one first character and 1 … 128 more.
constexpr size_t kNameBytesMin = 2;
constexpr size_t kNameBytesMax = 129;

bool letter_or_underscore(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool valid_name(std::string_view name) {
  if (name.size() < kNameBytesMin || name.size() > kNameBytesMax || !letter_or_underscore(name[0]))
    return false;
  for (char c : name) {
    if (!letter_or_underscore(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

}  // namespace

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kRate:
      return "rate";
    case MetricType::kTrend:
      return "trend";
  }
  return "";
}

std::string_view contains_name(Contains contains) {
  switch (contains) {
    case Contains::kDefault:
      return "default";
    case Contains::kTime:
      return "time";
    case Contains::kData:
      return "data";
  }
  return "";
}

Registry::Registry() {
  metrics_.reserve(kBuiltinCount + 8);
  for (const BuiltinMetric& builtin : kBuiltins) {
    by_name_.emplace(builtin.name, static_cast<MetricId>(metrics_.size()));
    metrics_.push_back(std::make_shared<const Metric>(
        Metric{std::string(builtin.name), builtin.type, builtin.contains}));
  }
}

Result<MetricId> Registry::define(std::string_view name, MetricType type, Contains contains) {
  if (!valid_name(name)) {
    return bia::Error(bia::Code::kInvalidArgument, "BAD_METRIC_NAME",
                      fmt::format("Invalid metric name: '{}'. Metric names must only include up to "
                                  "128 ASCII letters, numbers, or "
                                  "underscores and start with a letter or an underscore.",
                                  name));
  }
  if (MetricId id = id_of(name); id != kNoMetric) {
    const Metric& old = *metrics_[id];
    if (old.type != type) {
      return bia::Error(bia::Code::kAlreadyExists, "METRIC_TYPE_DIFFERS",
                        fmt::format("metric '{}' already exists but with type {}, instead of {}",
                                    name, type_name(old.type), type_name(type)));
    }
    if (old.contains != contains) {
      return bia::Error(
          bia::Code::kAlreadyExists, "METRIC_CONTAINS_DIFFERS",
          fmt::format("metric '{}' already exists but with a value type {}, instead of {}", name,
                      contains_name(old.contains), contains_name(contains)));
    }
    return id;
  }
  MetricId id = static_cast<MetricId>(metrics_.size());
  metrics_.push_back(std::make_shared<const Metric>(Metric{std::string(name), type, contains}));
  by_name_.emplace(name, id);
  return id;
}

MetricId Registry::id_of(std::string_view name) const {
  auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? kNoMetric : found->second;
}

const Metric* Registry::find(std::string_view name) const {
  MetricId id = id_of(name);
  return id == kNoMetric ? nullptr : metrics_[id].get();
}

}  // namespace zelus::metrics
