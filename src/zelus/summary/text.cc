#include <fmt/format.h>

#include <algorithm>

#include "zelus/metrics/go_float.h"
#include "zelus/summary/legacy.h"
#include "zelus/summary/numbers.h"
#include "zelus/summary/table.h"

namespace zelus::summary {
namespace {

using metrics::MetricType;

struct Section {
  std::string_view title;
  std::vector<std::string_view> prefixes;
};

// A metric belongs to the first section of which a prefix fits, else to CUSTOM, which is shown
// first.
const std::vector<Section>& sections() {
  static const std::vector<Section> all = {
      {"HTTP",
       {"http_reqs", "http_req_failed", "http_req_duration", "http_req_blocked",
        "http_req_connecting", "http_req_tls_handshaking", "http_req_sending", "http_req_waiting",
        "http_req_receiving"}},
      {"EXECUTION", {"vus", "vus_max", "iterations", "iteration_duration", "dropped_iterations"}},
      {"NETWORK", {"data_sent", "data_received"}},
      {"BROWSER", {"browser_"}},
      {"WEB_VITALS", {"browser_web_vital_"}},
      {"GRPC", {"grpc_"}},
      {"WEBSOCKET", {"ws_"}},
  };
  return all;
}

bool starts_with_any(std::string_view name, const std::vector<std::string_view>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

std::string_view section_of(std::string_view name) {
  if (name.starts_with("browser_web_vital_")) return "WEB_VITALS";
  for (const Section& section : sections()) {
    if (starts_with_any(name, section.prefixes)) return section.title;
  }
  return "CUSTOM";
}

class Writer {
 public:
  explicit Writer(const Input& input)
      : input_(input), paint_(input.options.stdout_is_tty && !input.options.no_color) {}

  std::string write(const Model& model) {
    text_ = "\n";
    write_thresholds(model);
    title("█", "TOTAL RESULTS", 0);
    write_block(model.total, 0);
    blank();
    for (const Block& group : model.total.groups) {
      title("█", "GROUP: " + group.name, 0);
      write_block(group, 0);
      write_groups(group, 0);
      blank();
    }
    for (const Block& scenario : model.scenarios) {
      title("█", "SCENARIO: " + scenario.name, 0);
      write_block(scenario, 0);
      write_groups(scenario, 0);
      blank();
    }
    return text_ + "\n\n";
  }

 private:
  void line(const std::string& text, size_t level) {
    text_ += "\n" + std::string(level * 2, ' ') + text;
  }
  void blank() { text_ += "\n"; }
  void title(std::string_view mark, const std::string& name, size_t depth) {
    line(fmt::format("{} {} \n", mark, paint_(name, "1")), depth + 1);
  }

  void write_thresholds(const Model& model) {
    std::vector<const Observed*> with;
    std::vector<MetricRow> rows;
    for (const Observed& one : model.observed) {
      if (one.thresholds == nullptr) continue;
      with.push_back(&one);
      rows.push_back(one.row);
    }
    if (with.empty()) return;
    title("█", "THRESHOLDS", 0);
    Table table(rows, input_);
    for (size_t i = 0; i < with.size(); ++i) {
      const std::string& name = rows[i].name;
      size_t parent = std::min(name.find('{'), name.size());
      bool under_parent = parent < name.size() && std::any_of(
                                                      rows.begin(), rows.end(),
                                                      [&](const MetricRow& row) {
                                                        return row.name.size() == parent &&
                                                               name.starts_with(row.name);
                                                      });
      size_t level = under_parent ? 3 : 2;
      line(under_parent ? name.substr(parent) : name, level);
      for (const metrics::Threshold& threshold : *with[i]->thresholds)
        write_threshold(threshold, rows[i], table, i, level);
      blank();
    }
    blank();
  }

  void write_threshold(const metrics::Threshold& threshold, const MetricRow& row,
                       const Table& table, size_t at, size_t level) {
    std::string_view source = trim(threshold.spec.expression);
    // What stands before the operator, as written: k6 cuts at the first of these characters.
    std::string_view aggregation = trim(source.substr(0, source.find_first_of("=><")));
    const std::string* value = table.column(at, aggregation);
    std::string special;
    if (value == nullptr &&
        threshold.expression.method == metrics::ThresholdExpression::Method::kPercentile) {
      special = humanize(row.sink.quantile(threshold.expression.percentile / 100), row.type,
                         row.contains, input_.options.time_unit);
      value = &special;
    }
    // k6 shows what it does not find as nothing, or as "undefined" in colour.
    if (value == nullptr) {
      special = paint_.on() ? "undefined" : "";
      value = &special;
    }
    std::string mark = threshold.failed ? paint_("✗", "31") : paint_("✓", "32");
    line(fmt::format("{} {} {}={}", mark, paint_(fmt::format("'{}'", source), "37"),
                     paint_(aggregation, "37"), paint_(*value, "36")),
         level);
  }

  static std::string_view trim(std::string_view text) {
    size_t begin = text.find_first_not_of(" \t\n\r\v\f");
    if (begin == std::string_view::npos) return "";
    return text.substr(begin, text.find_last_not_of(" \t\n\r\v\f") - begin + 1);
  }

  void write_block(const Block& block, size_t depth) {
    if (const MetricRow* checks = block.find("checks")) write_checks(*checks, block.checks, depth);
    std::vector<MetricRow> rows;
    for (const MetricRow& row : block.metrics) {
      if (!hidden_metric(row.name, input_.options.mode)) rows.push_back(row);
    }
    std::stable_sort(rows.begin(), rows.end(), [](const MetricRow& a, const MetricRow& b) {
      return shown_before(a.name, b.name);
    });
    Table table(rows, input_);
    std::vector<std::string> names = shown_names(rows);
    write_section("CUSTOM", rows, names, table, depth);
    for (const Section& section : sections())
      write_section(section.title, rows, names, table, depth);
  }

  static std::vector<std::string> shown_names(const std::vector<MetricRow>& rows) {
    std::vector<std::string> names;
    for (const MetricRow& row : rows)
      names.push_back((row.name.find('{') == std::string::npos ? "" : "  ") +
                      display_name(row.name));
    return names;
  }

  void write_section(std::string_view title_text, const std::vector<MetricRow>& rows,
                     const std::vector<std::string>& names, const Table& table, size_t depth) {
    bool any = false;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (section_of(rows[i].name) != title_text) continue;
      if (!any) line(paint_(title_text, "1"), depth + 2);
      any = true;
      line(dotted(names[i], names) + " " + table.data(i, paint_, "2;36"), depth + 2);
    }
    if (any) blank();
  }

  std::string dotted(const std::string& name, const std::vector<std::string>& names) const {
    size_t widest = 0;
    for (const std::string& one : names) widest = std::max(widest, display_width(one));
    return name + paint_(std::string(widest - display_width(name) + 3, '.') + ":", "2;37");
  }

  void write_checks(const MetricRow& checks, const std::vector<CheckCount>& counts, size_t depth) {
    metrics::Sink total(MetricType::kCounter);
    total.add(static_cast<double>(checks.sink.count()), 0);
    std::vector<MetricRow> rows = {
        {"checks_total", MetricType::kCounter, metrics::Contains::kDefault, total},
        {"checks_succeeded", MetricType::kRate, metrics::Contains::kDefault, checks.sink},
        {"checks_failed", MetricType::kRate, metrics::Contains::kDefault, checks.sink.inverted()}};
    Table table(rows, input_);
    std::vector<std::string> names = shown_names(rows);
    for (size_t i = 0; i < rows.size(); ++i)
      line(dotted(names[i], names) + " " + table.data(i, paint_, "2;36"), depth + 2);
    blank();
    for (const CheckCount& check : counts) {
      if (check.fails == 0) {
        line(paint_("✓ " + check.name, "32"), depth + 2);
        continue;
      }
      line(paint_("✗ " + check.name, "31"), depth + 2);
      // k6 adds the depth twice here: 2 columns right of the mark at the top, 4 in a group, 6 in a
      // group of a group.
      line(paint_(fmt::format("↳  {}% — ✓ {} / ✗ {}",
                              100 * check.passes / (check.passes + check.fails), check.passes,
                              check.fails),
                  "31"),
           2 * depth + 3);
    }
    blank();
  }

  void write_groups(const Block& parent, size_t depth) {
    for (const Block& group : parent.groups) {
      title("↳", "GROUP: " + group.name, depth + 1);
      write_block(group, depth + 1);
      write_groups(group, depth + 1);
    }
  }

  const Input& input_;
  Paint paint_;
  std::string text_;
};

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
  return Writer(input).write(make_model(input));
}

}  // namespace zelus::summary
