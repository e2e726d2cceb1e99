#include "zelus/summary/legacy.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/summary/figures.h"
#include "zelus/summary/lines.h"

namespace zelus::summary {
namespace {

constexpr Palette kPalette{.dots = "2", .explaining = "36;2"};
constexpr size_t kLeftMargin = 5;

// The colour of a check spans its line from column 1 and the line under it, so that a margin cannot
// be added afterwards.
std::string check_text(const CheckCount& check, size_t margin, const Paint& paint) {
  std::string space(margin, ' ');
  if (check.fails == 0) return paint(space + "✓ " + check.name, "32");
  uint64_t percent = 100 * check.passes / (check.passes + check.fails);
  return paint(fmt::format("{0}✗ {1}\n{0} ↳  {2}% — ✓ {3} / ✗ {4}", space, check.name, percent,
                           check.passes, check.fails),
               "31");
}

// Groups from the outside in, each before those inside it.
struct Placed {
  const Block* block;
  size_t depth;
};
std::vector<Placed> in_order(const Block& root) {
  std::vector<Placed> order;
  std::vector<Placed> waiting = {{&root, 0}};
  while (!waiting.empty()) {
    Placed next = waiting.back();
    waiting.pop_back();
    order.push_back(next);
    const std::vector<Block>& inside = next.block->groups;
    for (auto group = inside.rbegin(); group != inside.rend(); ++group)
      waiting.push_back({&*group, next.depth + 1});
  }
  return order;
}

Lines check_tree(const Input& input, const Paint& paint) {
  Lines lines;
  Block root = group_tree(input);
  for (const auto& [block, depth] : in_order(root)) {
    size_t margin = kLeftMargin + 2 * depth;
    if (depth > 0) {
      lines.push_back(std::string(margin - 2, ' ') + "█ " + block->name);
      lines.emplace_back();
    }
    for (const CheckCount& check : block->checks) lines.push_back(check_text(check, margin, paint));
    if (!block->checks.empty()) lines.emplace_back();
  }
  return lines;
}

std::string mark_of(const Observed& metric, const Paint& paint) {
  if (metric.thresholds == nullptr) return "  ";
  bool crossed = std::any_of(metric.thresholds->begin(), metric.thresholds->end(),
                             [](const metrics::Threshold& one) { return one.failed; });
  return (crossed ? paint("✗", "31") : paint("✓", "32")) + " ";
}

}  // namespace

std::string legacy_text(const Input& input) {
  Paint paint(input);
  Lines page = {""};
  if (input.options.latency_from_due)
    append(page,
           {"     durations count from when each iteration was due (--latency-from=due)", ""});
  append(page, check_tree(input, paint));
  std::vector<Observed> observed = observed_metrics(input);
  Sheet sheet(paint, kPalette);
  for (const Observed& metric : observed) sheet.add(metric.row, input, mark_of(metric, paint));
  for (size_t i = 0; i < sheet.size(); ++i) page.push_back("   " + sheet.line(i));
  if (page.size() == 1) page.emplace_back();
  page.insert(page.end(), 2, "");
  return joined(page);
}

}  // namespace zelus::summary
