#include "zelus/summary/legacy.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/summary/numbers.h"
#include "zelus/summary/table.h"

namespace zelus::summary {
namespace {

void add_group(std::vector<std::string>& lines, const Block& group, std::string indent,
               const Paint& paint) {
  if (!group.name.empty()) {
    lines.push_back(indent + "█ " + group.name + "\n");
    indent += "  ";
  }
  for (const CheckCount& check : group.checks) {
    if (check.fails == 0) {
      lines.push_back(paint(indent + "✓ " + check.name, "32"));
      continue;
    }
    lines.push_back(paint(
        fmt::format("{0}✗ {1}\n{0} ↳  {2}% — ✓ {3} / ✗ {4}", indent, check.name,
                    100 * check.passes / (check.passes + check.fails), check.passes, check.fails),
        "31"));
  }
  if (!group.checks.empty()) lines.emplace_back();
  for (const Block& sub : group.groups) add_group(lines, sub, indent, paint);
}

void add_metrics(std::vector<std::string>& lines, const Input& input, const Paint& paint) {
  std::vector<Observed> observed = observed_metrics(input);
  std::vector<MetricRow> rows;
  size_t widest = 0;
  for (const Observed& one : observed) {
    rows.push_back(one.row);
    bool sub = one.row.name.find('{') != std::string::npos;
    widest = std::max(widest, display_width(display_name(one.row.name)) + (sub ? 2 : 0));
  }
  Table table(rows, input);
  for (size_t i = 0; i < rows.size(); ++i) {
    bool sub = rows[i].name.find('{') != std::string::npos;
    std::string mark = " ";
    if (const auto* thresholds = observed[i].thresholds) {
      bool failed = std::any_of(thresholds->begin(), thresholds->end(),
                                [](const metrics::Threshold& t) { return t.failed; });
      mark = failed ? paint("✗", "31") : paint("✓", "32");
    }
    std::string name = display_name(rows[i].name);
    std::string dots =
        paint(std::string(widest - display_width(name) - (sub ? 2 : 0) + 3, '.') + ":", "2");
    lines.push_back(fmt::format("   {}{} {}{} {}", sub ? "  " : "", mark, name, dots,
                                table.data(i, paint, "36;2")));
  }
}

}  // namespace

std::string legacy_text(const Input& input) {
  Paint paint(input.options.stdout_is_tty && !input.options.no_color);
  std::vector<std::string> lines;
  add_group(lines, group_tree(input), "     ", paint);
  add_metrics(lines, input, paint);
  std::string text = "\n";
  for (size_t i = 0; i < lines.size(); ++i) text += (i == 0 ? "" : "\n") + lines[i];
  return text + "\n\n";
}

}  // namespace zelus::summary
