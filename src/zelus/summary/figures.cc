#include "zelus/summary/figures.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/summary/numbers.h"

namespace zelus::summary {
namespace {

using metrics::MetricType;

constexpr std::string_view kSubmetricIndent = "  ";
constexpr size_t kDotsMin = 3;

std::string blanks(size_t width, std::string_view text) {
  size_t used = display_width(text);
  return std::string(width > used ? width - used : 0, ' ');
}

// "http_reqs" as it is, of "http_reqs{a:b}" what tells it from its parent.
std::string shown_name(std::string_view name, bool below) {
  if (!below) return std::string(name);
  name.remove_prefix(name.find('{') + 1);
  name.remove_suffix(1);
  return fmt::format("{{ {} }}", name);
}

}  // namespace

std::vector<Figure> figures_of(const MetricRow& row, const Input& input) {
  std::vector<Figure> figures;
  for (const auto& [key, value] : metric_values(row, input)) {
    bool first = figures.empty();
    std::string text = humanize(value, row.type, row.contains, input.options.time_unit);
    switch (row.type) {
      case MetricType::kTrend:
        figures.push_back(
            {key, key + "=", key == "count" ? js_number(value) : std::move(text), true, true});
        break;
      case MetricType::kGauge:
        figures.push_back({key, "", first ? text : key + "=" + text, first, true});
        break;
      case MetricType::kCounter:
        figures.push_back({key, "", first ? text : text + "/s", first, first});
        break;
      case MetricType::kRate:
        // Passes and fails are told together.
        if (first) figures.push_back({key, "", std::move(text), true, true});
        break;
    }
  }
  if (row.type == MetricType::kRate)
    figures.push_back(
        {"passes", "", fmt::format("{} out of {}", row.sink.trues(), row.sink.count())});
  return figures;
}

std::string Paint::operator()(std::string_view text, std::string_view codes) const {
  if (!on_) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", codes, text);
}

void Sheet::add(const MetricRow& metric, const Input& input, std::string mark) {
  bool below = metric.name.find('{') != std::string::npos;
  bool trend = metric.type == MetricType::kTrend;
  Row row{shown_name(metric.name, below), std::move(mark), below, trend, figures_of(metric, input)};
  std::vector<size_t>& widths = trend ? trend_widths_ : other_widths_;
  widths.resize(std::max(widths.size(), row.figures.size()), 0);
  for (size_t i = 0; i < row.figures.size(); ++i)
    widths[i] = std::max(widths[i], display_width(row.figures[i].text));
  size_t width = display_width(row.name) + (below ? kSubmetricIndent.size() : 0);
  name_width_ = std::max(name_width_, width);
  rows_.push_back(std::move(row));
}

std::string Sheet::line(size_t index) const {
  const Row& row = rows_[index];
  size_t used = display_width(row.name) + (row.below ? kSubmetricIndent.size() : 0);
  std::string text(row.below ? kSubmetricIndent : "");
  text += row.mark + row.name +
          paint_(std::string(name_width_ - used + kDotsMin, '.') + ":", palette_.dots);
  const std::vector<size_t>& widths = row.trend ? trend_widths_ : other_widths_;
  for (size_t i = 0; i < row.figures.size(); ++i) {
    const Figure& figure = row.figures[i];
    text += " " + figure.label + paint_(figure.text, figure.main ? "36" : palette_.explaining);
    if (figure.padded) text += blanks(widths[i], figure.text);
  }
  return text;
}

}  // namespace zelus::summary
