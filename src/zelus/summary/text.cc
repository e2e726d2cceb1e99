#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/summary/figures.h"
#include "zelus/summary/legacy.h"
#include "zelus/summary/lines.h"
#include "zelus/summary/numbers.h"

namespace zelus::summary {
namespace {

using metrics::Contains;
using metrics::MetricType;

constexpr std::string_view kFromDue =
    "durations count from when each iteration was due (--latency-from=due)";

constexpr Palette kPalette{.dots = "2;37", .explaining = "2;36"};

/// The parts of a block in the order in which they are shown. A metric goes where the beginning of
/// its name says; the longest one decides.
constexpr std::string_view kParts[] = {"CUSTOM",  "HTTP",       "EXECUTION", "NETWORK",
                                       "BROWSER", "WEB_VITALS", "GRPC",      "WEBSOCKET"};
constexpr std::pair<std::string_view, size_t> kBeginnings[] = {
    {"browser_", 4},
    {"browser_web_vital_", 5},
    {"data_received", 3},
    {"data_sent", 3},
    {"dropped_iterations", 2},
    {"grpc_", 6},
    {"http_req_blocked", 1},
    {"http_req_connecting", 1},
    {"http_req_duration", 1},
    {"http_req_failed", 1},
    {"http_req_receiving", 1},
    {"http_req_sending", 1},
    {"http_req_waiting", 1},
    {"http_req_tls_handshaking", 1},
    {"http_reqs", 1},
    {"iteration_duration", 2},
    {"iteration_start_delay", 2},
    {"iterations", 2},
    {"vus", 2},
    {"ws_", 7},
};

size_t part_of(std::string_view name) {
  size_t part = 0;
  size_t longest = 0;
  for (const auto& [beginning, to] : kBeginnings) {
    if (beginning.size() <= longest || !name.starts_with(beginning)) continue;
    longest = beginning.size();
    part = to;
  }
  return part;
}

/// Each function gives lines that begin in column 1; who puts them somewhere indents them.
class Composer {
 public:
  explicit Composer(const Input& input) : input_(input), paint_(input) {}

  Lines headline(std::string_view mark, const std::string& text) const {
    return {fmt::format("{} {} ", mark, paint_(text, "1")), ""};
  }

  Lines thresholds(const std::vector<Observed>& observed) const {
    Lines lines;
    std::string_view above;  // the last metric, not submetric, with thresholds
    for (const Observed& one : observed) {
      if (one.thresholds == nullptr) continue;
      std::string_view name = one.row.name;
      std::string_view metric = name.substr(0, name.find('{'));
      bool below = metric != name && metric == above;
      if (metric == name) above = name;
      Lines own{std::string(below ? name.substr(metric.size()) : name)};
      for (const metrics::Threshold& threshold : *one.thresholds)
        own.push_back(verdict(threshold, one.row));
      append(lines, indented(own, below ? 1 : 0));
      lines.emplace_back();
    }
    return lines;
  }

  /// `depth`: how many blocks are around this one.
  Lines block(const Block& block, size_t depth) const {
    Lines lines;
    if (const MetricRow* row = block.find("checks")) {
      append(lines, check_figures(*row));
      lines.emplace_back();
      for (const CheckCount& check : block.checks) append(lines, check_lines(check, depth));
      lines.emplace_back();
    }
    append(lines, metric_parts(block));
    for (const Block& group : block.groups) {
      append(lines, headline("↳", "GROUP: " + group.name));
      append(lines, indented(this->block(group, depth + 1), 1));
    }
    return lines;
  }

 private:
  std::string verdict(const metrics::Threshold& threshold, const MetricRow& row) const {
    std::string_view source = bia::trim_space(threshold.spec.expression);
    // As written, up to the first character of an operator: "rate!" of "rate!=1".
    std::string_view asked = bia::trim_space(source.substr(0, source.find_first_of("=><")));
    std::string value = figure_asked_for(threshold.expression, asked, row);
    return fmt::format("{} {} {}={}", threshold.failed ? paint_("✗", "31") : paint_("✓", "32"),
                       paint_(fmt::format("'{}'", source), "37"), paint_(asked, "37"),
                       paint_(value, "36"));
  }

  std::string figure_asked_for(const metrics::ThresholdExpression& expression,
                               std::string_view asked, const MetricRow& row) const {
    std::vector<Figure> figures = figures_of(row, input_);
    if (row.type == MetricType::kCounter) return figures[asked == "count" ? 0 : 1].text;
    if (row.type != MetricType::kTrend) return figures[0].text;
    for (const Figure& figure : figures) {
      if (figure.key == asked) return figure.text;
    }
    if (expression.method == metrics::ThresholdExpression::Method::kPercentile)
      return humanize(row.sink.quantile(expression.percentile / 100), row.type, row.contains,
                      input_.options.time_unit);
    // What summaryTrendStats leave out has no value here; in colour that reads as JavaScript's.
    return paint_.on() ? "undefined" : "";
  }

  Lines check_figures(const MetricRow& checks) const {
    metrics::Sink total(MetricType::kCounter);
    total.add(static_cast<double>(checks.sink.count()), 0);
    Sheet sheet(paint_, kPalette);
    auto add = [&](const char* name, MetricType type, const metrics::Sink& sink) {
      sheet.add({name, type, Contains::kDefault, sink}, input_);
    };
    add("checks_total", MetricType::kCounter, total);
    add("checks_succeeded", MetricType::kRate, checks.sink);
    add("checks_failed", MetricType::kRate, checks.sink.inverted());
    Lines lines;
    for (size_t i = 0; i < sheet.size(); ++i) lines.push_back(sheet.line(i));
    return lines;
  }

  Lines check_lines(const CheckCount& check, size_t depth) const {
    if (check.fails == 0) return {paint_("✓ " + check.name, "32")};
    uint64_t percent = 100 * check.passes / (check.passes + check.fails);
    std::string counts = fmt::format("↳  {}% — ✓ {} / ✗ {}", percent, check.passes, check.fails);
    // Each block around it moves this line once more: 2, 4, 6 columns right of the mark.
    return {paint_("✗ " + check.name, "31"),
            std::string(2 + 2 * depth, ' ') + paint_(counts, "31")};
  }

  Lines metric_parts(const Block& block) const {
    std::vector<const MetricRow*> rows;
    for (const MetricRow& row : block.metrics) {
      if (!hidden_metric(row.name, input_.options.mode)) rows.push_back(&row);
    }
    std::stable_sort(rows.begin(), rows.end(), [](const MetricRow* a, const MetricRow* b) {
      return shown_before(a->name, b->name);
    });
    Sheet sheet(paint_, kPalette);
    for (const MetricRow* row : rows) sheet.add(*row, input_);
    std::vector<Lines> parts(std::size(kParts));
    for (size_t i = 0; i < rows.size(); ++i) parts[part_of(rows[i]->name)].push_back(sheet.line(i));
    Lines lines;
    for (size_t part = 0; part < parts.size(); ++part) {
      if (parts[part].empty()) continue;
      lines.push_back(paint_(kParts[part], "1"));
      append(lines, parts[part]);
      lines.emplace_back();
    }
    return lines;
  }

  const Input& input_;
  Paint paint_;
};

std::string modern_text(const Input& input) {
  Model model = make_model(input);
  Composer composer(input);
  Lines page = {"", ""};
  auto chapter = [&](const std::string& title, const Lines& content) {
    append(page, indented(composer.headline("█", title), 1));
    append(page, indented(content, 2));
    page.emplace_back();
  };
  Lines thresholds = composer.thresholds(model.observed);
  if (!thresholds.empty()) chapter("THRESHOLDS", thresholds);
  // Groups outside of scenarios are chapters of their own.
  std::vector<Block> groups;
  groups.swap(model.total.groups);
  Lines total;
  if (input.options.latency_from_due) total = {std::string(kFromDue), ""};
  append(total, composer.block(model.total, 0));
  chapter("TOTAL RESULTS", total);
  for (const Block& group : groups) chapter("GROUP: " + group.name, composer.block(group, 0));
  for (const Block& scenario : model.scenarios)
    chapter("SCENARIO: " + scenario.name, composer.block(scenario, 0));
  page.insert(page.end(), 2, "");
  return joined(page);
}

}  // namespace

Result<Mode> parse_mode(std::string_view text) {
  if (text.empty() || text == "compact") return Mode::kCompact;
  if (text == "full") return Mode::kFull;
  if (text == "legacy") return Mode::kLegacy;
  if (text == "disabled") return Mode::kDisabled;
  return bia::Error(bia::Code::kInvalidArgument, "BAD_SUMMARY_MODE", "invalid summary mode")
      .with_hint("--summary-mode takes compact, full, legacy or disabled");
}

std::string text_summary(const Input& input) {
  switch (input.options.mode) {
    case Mode::kDisabled:
      return "";
    case Mode::kLegacy:
      return legacy_text(input);
    case Mode::kCompact:
    case Mode::kFull:
      break;
  }
  return modern_text(input);
}

}  // namespace zelus::summary
