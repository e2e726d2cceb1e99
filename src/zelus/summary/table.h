#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "zelus/summary/model.h"

namespace zelus::summary {

/// Terminal colours as k6 writes them, or none.
class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  /// `codes`: "36", "2;37", …
  std::string operator()(std::string_view text, std::string_view codes) const;
  bool on() const { return on_; }

 private:
  bool on_;
};

/// "{ a:b }" or the name.
std::string display_name(std::string_view name);

/// Values of metrics in aligned columns: those of one block, or of thresholds.
class Table {
 public:
  Table(const std::vector<MetricRow>& rows, const Input& input);
  /// What comes after the dots. `faint`: codes of what follows the main value.
  std::string data(size_t row, const Paint& paint, std::string_view faint) const;
  /// "count" → "12", "rate" → "3.98/s", "p(95)" → "15.75ms"; empty where the row has no such
  /// column.
  const std::string* column(size_t row, std::string_view name) const;
  const std::vector<std::string>& cells(size_t row) const { return rows_[row].cells; }

 private:
  struct Cells {
    metrics::MetricType type = metrics::MetricType::kCounter;
    /// A trend: one a stat. Others: the main value, then extras.
    std::vector<std::string> cells;
  };
  std::vector<std::string> stats_;
  std::vector<Cells> rows_;
  std::vector<size_t> trend_widths_;
  std::vector<size_t> other_widths_;
};

}  // namespace zelus::summary
