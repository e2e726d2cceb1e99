#pragma once
#include <deque>
#include <string>
#include <vector>

#include "zelus/summary/report.h"

namespace zelus::summary {

struct MetricRow {
  std::string name;
  metrics::MetricType type;
  metrics::Contains contains;
  metrics::Sink sink;
};

struct CheckCount {
  std::string name;
  uint64_t passes = 0;
  uint64_t fails = 0;
};

/// Metrics and checks of the whole run, of a scenario, or of a group.
struct Block {
  std::string name;
  std::vector<MetricRow> metrics;
  std::vector<CheckCount> checks;
  /// In order of first sight.
  std::vector<Block> groups;

  MetricRow& metric(const metrics::Metric& metric);
  CheckCount& check(std::string_view name);
  Block& group(std::string_view name);
  const MetricRow* find(std::string_view name) const;
};

/// Metrics that had samples or are named in thresholds, submetrics among them; thresholds of each.
struct Observed {
  MetricRow row;
  const std::vector<metrics::Threshold>* thresholds = nullptr;
};
std::vector<Observed> observed_metrics(const Input& input);

struct Model {
  std::vector<Observed> observed;
  Block total;
  /// In order of name.
  std::vector<Block> scenarios;
};
/// For compact, full and machine-readable; groups and scenarios in full mode only.
Model make_model(const Input& input);

/// The tree of groups that had checks or a duration, with their checks: k6's root_group.
Block group_tree(const Input& input);

/// The numbers of a metric by k6's names: {"count", 3}, {"p(95)", 1.2}, …
std::vector<std::pair<std::string, double>> metric_values(const MetricRow& row, const Input& input);

/// Metrics that summaries leave out: those that checks and groups show better, and in compact mode
/// the phases of HTTP requests.
bool hidden_metric(std::string_view name, Mode mode);

/// Names sorted as summaries show them: submetrics after their parent.
bool shown_before(std::string_view a, std::string_view b);

}  // namespace zelus::summary
