#include "zelus/summary/model.h"

#include <algorithm>

#include "zelus/summary/numbers.h"

namespace zelus::summary {
namespace {

using metrics::MetricType;
using metrics::Sink;
using metrics::Snapshot;

constexpr std::string_view kGroupSeparator = "::";

void count_check(Block& block, const Snapshot::SeriesData& series) {
  const std::string* name = series.tags->find("check");
  if (name == nullptr) return;
  CheckCount& check = block.check(*name);
  check.passes += series.sink.trues();
  check.fails += series.sink.falses();
}

void add_to_block(Block& block, const metrics::Metric& metric, const Snapshot::SeriesData& series) {
  block.metric(metric).sink.merge(series.sink);
  if (metric.name == "checks") count_check(block, series);
}

// The group of a path below `block`; "::cart::pay" → cart, pay.
Block& descend(Block& block, std::string_view path) {
  if (path.starts_with(kGroupSeparator)) path.remove_prefix(kGroupSeparator.size());
  Block* at = &block;
  for (;;) {
    size_t end = std::min(path.find(kGroupSeparator), path.size());
    at = &at->group(path.substr(0, end));
    if (end == path.size()) return *at;
    path.remove_prefix(end + kGroupSeparator.size());
  }
}

void add_to_groups(Model& model, const metrics::Metric& metric,
                   const Snapshot::SeriesData& series) {
  Block* top = &model.total;
  std::string_view scenario = series.tags->get("scenario");
  if (series.tags->find("scenario") != nullptr && scenario != "default") {
    auto found = std::find_if(model.scenarios.begin(), model.scenarios.end(),
                              [&](const Block& block) { return block.name == scenario; });
    if (found == model.scenarios.end()) {
      model.scenarios.push_back({std::string(scenario), {}, {}, {}});
      found = model.scenarios.end() - 1;
    }
    top = &*found;
    add_to_block(*top, metric, series);
  }
  std::string_view group = series.tags->get("group");
  if (group.empty() || group == "::setup" || group == "::teardown") return;
  add_to_block(descend(*top, group), metric, series);
}

bool integer_like(std::string_view name) {
  if (name.empty() || name.size() > 9 || (name[0] == '0' && name.size() > 1)) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// k6 keeps groups in a JavaScript object, which lists keys that are integers first.
void order_groups(Block& block) {
  std::stable_sort(block.groups.begin(), block.groups.end(), [](const Block& a, const Block& b) {
    bool a_number = integer_like(a.name);
    bool b_number = integer_like(b.name);
    if (a_number && b_number) return std::stoul(a.name) < std::stoul(b.name);
    return a_number && !b_number;
  });
  for (Block& group : block.groups) order_groups(group);
}

const metrics::Thresholds::Entry* entry_of(const metrics::Thresholds& thresholds, size_t metric,
                                           int submetric) {
  for (const metrics::Thresholds::Entry& entry : thresholds.entries()) {
    if (entry.metric == metric && entry.submetric == submetric) return &entry;
  }
  return nullptr;
}

double per_second(double count, bia::Duration duration) {
  return duration.count() == 0 ? 0 : count / std::chrono::duration<double>(duration).count();
}

}  // namespace

MetricRow& Block::metric(const metrics::Metric& metric) {
  for (MetricRow& row : metrics) {
    if (row.name == metric.name) return row;
  }
  metrics.push_back({metric.name, metric.type, metric.contains, Sink(metric.type)});
  return metrics.back();
}

CheckCount& Block::check(std::string_view check_name) {
  for (CheckCount& count : checks) {
    if (count.name == check_name) return count;
  }
  checks.push_back({std::string(check_name), 0, 0});
  return checks.back();
}

Block& Block::group(std::string_view group_name) {
  for (Block& block : groups) {
    if (block.name == group_name) return block;
  }
  groups.push_back({std::string(group_name), {}, {}, {}});
  return groups.back();
}

const MetricRow* Block::find(std::string_view metric_name) const {
  for (const MetricRow& row : metrics) {
    if (row.name == metric_name) return &row;
  }
  return nullptr;
}

std::vector<Observed> observed_metrics(const Input& input) {
  std::vector<Observed> observed;
  const auto& all = input.snapshot.metrics();
  for (size_t id = 0; id < all.size(); ++id) {
    const Snapshot::MetricData& data = all[id];
    const metrics::Thresholds::Entry* own = entry_of(input.thresholds, id, -1);
    std::vector<Observed> children;
    bool child_has_thresholds = false;
    for (size_t s = 0; s < data.submetrics.size(); ++s) {
      const auto& [submetric, sink] = data.submetrics[s];
      const metrics::Thresholds::Entry* entry = entry_of(input.thresholds, id, static_cast<int>(s));
      child_has_thresholds |= entry != nullptr;
      if (entry == nullptr && sink.empty()) continue;
      children.push_back({{submetric.name, data.metric.type, data.metric.contains, sink},
                          entry == nullptr ? nullptr : &entry->thresholds});
    }
    if (!data.total.empty() || own != nullptr || child_has_thresholds) {
      observed.push_back({{data.metric.name, data.metric.type, data.metric.contains, data.total},
                          own == nullptr ? nullptr : &own->thresholds});
    }
    std::move(children.begin(), children.end(), std::back_inserter(observed));
  }
  for (Observed& one : observed) {
    if (one.thresholds != nullptr && one.thresholds->empty()) one.thresholds = nullptr;
  }
  std::stable_sort(observed.begin(), observed.end(), [](const Observed& a, const Observed& b) {
    return shown_before(a.row.name, b.row.name);
  });
  return observed;
}

Model make_model(const Input& input) {
  Model model;
  model.observed = observed_metrics(input);
  for (const Observed& one : model.observed) model.total.metrics.push_back(one.row);
  for (const Snapshot::SeriesData& series : input.snapshot.series()) {
    const metrics::Metric& metric = input.snapshot.metrics()[series.metric].metric;
    if (metric.name == "checks") count_check(model.total, series);
    if (input.options.mode == Mode::kFull) add_to_groups(model, metric, series);
  }
  order_groups(model.total);
  for (Block& scenario : model.scenarios) order_groups(scenario);
  std::stable_sort(model.scenarios.begin(), model.scenarios.end(),
                   [](const Block& a, const Block& b) { return collate(a.name, b.name) < 0; });
  return model;
}

Block group_tree(const Input& input) {
  Block root;
  for (const Snapshot::SeriesData& series : input.snapshot.series()) {
    const std::string& name = input.snapshot.metrics()[series.metric].metric.name;
    const std::string* path = series.tags->find("group");
    if (path == nullptr || (name != "checks" && name != "group_duration")) continue;
    Block& group = path->empty() ? root : descend(root, *path);
    if (name == "checks") count_check(group, series);
  }
  return root;
}

std::vector<std::pair<std::string, double>> metric_values(const MetricRow& row,
                                                          const Input& input) {
  switch (row.type) {
    case MetricType::kCounter:
      return {{"count", row.sink.value()}, {"rate", per_second(row.sink.value(), input.duration)}};
    case MetricType::kGauge:
      // k6's maximum starts at 0, so that it never falls below.
      return {{"value", row.sink.value()},
              {"min", row.sink.min()},
              {"max", std::max(0.0, row.sink.max())}};
    case MetricType::kRate:
      return {{"rate", row.sink.rate()},
              {"passes", static_cast<double>(row.sink.trues())},
              {"fails", static_cast<double>(row.sink.falses())}};
    case MetricType::kTrend:
      break;
  }
  std::vector<metrics::TrendStat> stats;
  for (const std::string& name : input.options.trend_stats) {
    Result<metrics::TrendStat> stat = metrics::parse_trend_stat(name);
    if (stat) stats.push_back(std::move(stat).value());
  }
  std::vector<double> values = metrics::trend_values(row.sink, stats);
  std::vector<std::pair<std::string, double>> named;
  for (size_t i = 0; i < stats.size(); ++i) named.emplace_back(stats[i].name, values[i]);
  return named;
}

bool hidden_metric(std::string_view name, Mode mode) {
  static constexpr std::string_view kCompact[] = {"http_req_blocked",         "http_req_connecting",
                                                  "http_req_receiving",       "http_req_sending",
                                                  "http_req_tls_handshaking", "http_req_waiting"};
  if (name.starts_with("checks") || name.starts_with("group_duration")) return true;
  return mode == Mode::kCompact &&
         std::any_of(std::begin(kCompact), std::end(kCompact),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

bool shown_before(std::string_view a, std::string_view b) {
  size_t a_parent = std::min(a.find('{'), a.size());
  size_t b_parent = std::min(b.find('{'), b.size());
  if (int order = collate(a.substr(0, a_parent), b.substr(0, b_parent)); order != 0)
    return order < 0;
  return collate(a.substr(a_parent), b.substr(b_parent)) < 0;
}

}  // namespace zelus::summary
