#include "zelus/summary/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/summary/numbers.h"

namespace zelus::summary {
namespace {

using metrics::MetricType;

void widen(std::vector<size_t>& widths, const std::vector<std::string>& cells) {
  if (widths.size() < cells.size()) widths.resize(cells.size(), 0);
  for (size_t i = 0; i < cells.size(); ++i)
    widths[i] = std::max(widths[i], display_width(cells[i]));
}

std::vector<std::string> cells_of(const MetricRow& row, const Input& input) {
  auto values = metric_values(row, input);
  auto text = [&](double value) {
    return humanize(value, row.type, row.contains, input.options.time_unit);
  };
  switch (row.type) {
    case MetricType::kCounter:
      return {text(values[0].second), text(values[1].second) + "/s"};
    case MetricType::kGauge:
      return {text(values[0].second), "min=" + text(values[1].second),
              "max=" + text(values[2].second)};
    case MetricType::kRate:
      return {text(values[0].second),
              fmt::format("{} out of {}", row.sink.trues(), row.sink.count())};
    case MetricType::kTrend:
      break;
  }
  std::vector<std::string> cells;
  for (const auto& [name, value] : values)
    cells.push_back(name == "count" ? js_number(value) : text(value));
  return cells;
}

std::string padding(size_t width, const std::string& text) {
  return std::string(width - display_width(text), ' ');
}

}  // namespace

std::string Paint::operator()(std::string_view text, std::string_view codes) const {
  if (!on_) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", codes, text);
}

std::string display_name(std::string_view name) {
  size_t open = name.find('{');
  if (open == std::string_view::npos) return std::string(name);
  return fmt::format("{{ {} }}", name.substr(open + 1, name.size() - open - 2));
}

Table::Table(const std::vector<MetricRow>& rows, const Input& input)
    : stats_(input.options.trend_stats) {
  for (const MetricRow& row : rows) {
    bool trend = row.type == MetricType::kTrend;
    rows_.push_back({row.type, cells_of(row, input)});
    widen(trend ? trend_widths_ : other_widths_, rows_.back().cells);
  }
}

std::string Table::data(size_t row, const Paint& paint, std::string_view faint) const {
  const std::vector<std::string>& cells = rows_[row].cells;
  std::string text;
  if (rows_[row].type == MetricType::kTrend) {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) text += ' ';
      text += stats_[i] + "=" + paint(cells[i], "36") + padding(trend_widths_[i], cells[i]);
    }
    return text;
  }
  text = paint(cells[0], "36") + padding(other_widths_[0], cells[0]);
  // A single extra is not padded, two are (k6's own inconsistency).
  for (size_t i = 1; i < cells.size(); ++i) {
    text += " " + paint(cells[i], faint);
    if (cells.size() > 2) text += padding(other_widths_[i], cells[i]);
  }
  return text;
}

const std::string* Table::column(size_t row, std::string_view name) const {
  // Of a counter, what is not its count is its rate.
  if (rows_[row].type == MetricType::kCounter) return &rows_[row].cells[name == "count" ? 0 : 1];
  if (rows_[row].type != MetricType::kTrend) return &rows_[row].cells[0];
  auto at = std::find(stats_.begin(), stats_.end(), name);
  return at == stats_.end() ? nullptr : &rows_[row].cells[static_cast<size_t>(at - stats_.begin())];
}

}  // namespace zelus::summary
