#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "zelus/ghz/printers.h"

namespace zelus::ghz {
namespace {

constexpr int kBarMax = 40;
constexpr std::string_view kBar = "∎";

void add_histogram(std::string& out, const Report& report) {
  std::vector<std::string> marks;
  size_t mark_width = 0;
  size_t count_width = 0;
  uint64_t max = 0;
  for (const Bucket& bucket : report.histogram) {
    marks.push_back(fmt::format("{:.3f}", bucket.mark_seconds * 1000));
    mark_width = std::max(mark_width, marks.back().size());
    count_width = std::max(count_width, fmt::formatted_size("{}", bucket.count));
    max = std::max(max, bucket.count);
  }
  for (size_t i = 0; i < marks.size(); ++i) {
    uint64_t count = report.histogram[i].count;
    uint64_t length = max > 0 ? (count * kBarMax + max / 2) / max : 0;
    out += fmt::format("  {:<{}} {:<{}} |", marks[i], mark_width, fmt::format("[{}]", count),
                       count_width + 2);
    for (uint64_t k = 0; k < length; ++k) out += kBar;
    out += '\n';
  }
}

/// Two columns as Go's tabwriter lays them out with padding 3.
void add_rows(std::string& out, const std::vector<std::pair<std::string, std::string>>& rows) {
  size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  for (const auto& row : rows)
    out += fmt::format("  {:<{}}{}   \n", row.first, width + 3, row.second);
}

}  // namespace

std::string duration_text(int64_t ns) {
  if (ns < 10'000) return fmt::format("{} ns", ns);
  double milliseconds = static_cast<double>(ns) / 1e6;
  if (milliseconds < 1000) return fmt::format("{:.2f} ms", milliseconds);
  return fmt::format("{:.2f} s", static_cast<double>(ns) / 1e9);
}

std::string summary_text(const Report& report) {
  std::string out = "\nSummary:\n";
  if (!report.name.empty()) out += fmt::format("  Name:\t\t{}\n", report.name);
  out += fmt::format(
      "  Count:\t{}\n  Total:\t{}\n  Slowest:\t{}\n  Fastest:\t{}\n  Average:\t{}\n  "
      "Requests/sec:\t{:.2f}\n\n",
      report.count, duration_text(report.total_ns), duration_text(report.slowest_ns),
      duration_text(report.fastest_ns), duration_text(report.average_ns), report.rps);
  out += "Response time histogram:\n";
  add_histogram(out, report);
  out += "\nLatency distribution:\n";
  for (const LatencyPercentile& row : report.percentiles) {
    out += fmt::format("  {} % in {} \n", row.percentage, duration_text(row.latency_ns));
  }
  out += "\nStatus code distribution:\n";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& [code, count] : report.status_distribution) {
    rows.emplace_back(fmt::format("[{}]", code), fmt::format("{} responses", count));
  }
  add_rows(out, rows);
  rows.clear();
  if (!report.error_distribution.empty()) {
    out += "\nError distribution:\n";
    for (const auto& [error, count] : report.error_distribution)
      rows.emplace_back(fmt::format("[{}]", count), error);
    add_rows(out, rows);
    return out + "\n";
  }
  return out + "\n\n";
}

std::string csv_text(const Report& report) {
  std::string out = "\nduration (ms),status,error\n";
  for (const Detail& detail : report.details) {
    out += fmt::format("{:.2f},{},{}\n", static_cast<double>(detail.latency_ns) / 1e6,
                       bia::code_camel_name(detail.code),
                       detail.error == kNoError ? std::string_view()
                                                : std::string_view(report.errors[detail.error]));
  }
  return out;
}

}  // namespace zelus::ghz
