#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "zelus/summary/model.h"

namespace zelus::summary {

/// One figure of a metric as it is printed: `label` plain, then `text` in colour.
struct Figure {
  std::string key;    ///< "p(95)", "count", …: what a threshold calls it
  std::string label;  ///< "avg=" of a trend's; empty elsewhere
  std::string text;
  bool main = false;    ///< the figure itself; others explain it and are shown faintly
  bool padded = false;  ///< filled with blanks to the width of its column
};
/// In the order in which they are printed.
std::vector<Figure> figures_of(const MetricRow& row, const Input& input);

/// Terminal colours, or none.
class Paint {
 public:
  explicit Paint(const Input& input)
      : on_(input.options.stdout_is_tty && !input.options.no_color) {}
  /// `codes`: "36", "2;37", …
  std::string operator()(std::string_view text, std::string_view codes) const;
  bool on() const { return on_; }

 private:
  bool on_;
};

/// Which colours a summary uses where its forms differ.
struct Palette {
  std::string_view dots;
  std::string_view explaining;
};

/// Rows of "name....: figures". All dots end in one column, and the figures of trends and of other
/// metrics line up, each among themselves: so nothing can be printed before the last row is in.
class Sheet {
 public:
  Sheet(const Paint& paint, Palette palette) : paint_(paint), palette_(palette) {}
  /// `mark` stands left of the name, behind the indentation of a submetric.
  void add(const MetricRow& row, const Input& input, std::string mark = "");
  size_t size() const { return rows_.size(); }
  std::string line(size_t row) const;

 private:
  struct Row {
    std::string name;
    std::string mark;
    bool below = false;  ///< a submetric
    bool trend = false;
    std::vector<Figure> figures;
  };
  Paint paint_;
  Palette palette_;
  std::vector<Row> rows_;
  size_t name_width_ = 0;
  std::vector<size_t> trend_widths_;
  std::vector<size_t> other_widths_;
};

}  // namespace zelus::summary
