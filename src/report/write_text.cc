#include <fmt/format.h>

#include <functional>

#include "report/writers.h"

namespace report {
namespace {

/// One line of a comparison table: how a load shows it.
struct Row {
  const char* name;
  std::function<std::string(const LoadResult&)> cell;
};

std::string milliseconds(double ms) { return fmt::format("{:.2f} ms", ms); }

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      {"requests", [](const LoadResult& load) { return grouped(load.total.count); }},
      {"failed", [](const LoadResult& load) { return grouped(load.total.failed); }},
      {"requests/s",
       [](const LoadResult& load) {
         return grouped(static_cast<uint64_t>(load.requests_per_second()));
       }},
      {"latency avg", [](const LoadResult& load) { return milliseconds(load.total.avg_ms); }},
      {"latency min", [](const LoadResult& load) { return milliseconds(load.total.min_ms); }},
      {"latency p95", [](const LoadResult& load) { return milliseconds(load.total.p95_ms); }},
      {"latency p99", [](const LoadResult& load) { return milliseconds(load.total.p99_ms); }},
      {"latency max", [](const LoadResult& load) { return milliseconds(load.total.max_ms); }},
      {"server CPU",
       [](const LoadResult& load) {
         return load.server_cpu_seconds > 0 ? fmt::format("{:.0f} %", load.server_cpu_percent)
                                            : "-";
       }},
      {"server CPU a request",
       [](const LoadResult& load) {
         return load.server_cpu_seconds > 0
                    ? fmt::format("{:.2f} µs", load.server_cpu_us_per_request())
                    : "-";
       }},
      {"requests per CPU-second",
       [](const LoadResult& load) {
         return load.server_cpu_seconds > 0
                    ? grouped(static_cast<uint64_t>(load.requests_per_cpu_second()))
                    : "-";
       }},
      {"server memory (RSS, peak)",
       [](const LoadResult& load) {
         return load.rss_peak_bytes > 0 ? megabytes(load.rss_peak_bytes) : "-";
       }},
      {"of it anonymous",
       [](const LoadResult& load) {
         return load.rss_peak_bytes > 0 ? megabytes(load.anonymous_peak_bytes) : "-";
       }},
      {"load CPU a request",
       [](const LoadResult& load) {
         return fmt::format("{:.2f} µs", load.load_cpu_us_per_request());
       }},
  };
  return kRows;
}

void add_table(std::string& out, const BenchResult& result, const char* protocol) {
  out += fmt::format("\n| {} |", protocol);
  std::string rule = "\n|---|";
  for (const TargetResult& target : result.targets) {
    out += fmt::format(" {} |", target.name);
    rule += "---:|";
  }
  out += rule + "\n";
  for (const Row& row : rows()) {
    out += fmt::format("| {} |", row.name);
    for (const TargetResult& target : result.targets) {
      const LoadResult* load = find_load(target, protocol);
      out += fmt::format(" {} |", load != nullptr ? row.cell(*load) : "-");
    }
    out += "\n";
  }
}

}  // namespace

std::string megabytes(uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string to_markdown(const BenchResult& result) {
  std::string out =
      fmt::format("# Benchmark report\n\n{}, {}; {} users, {} requests a protocol.\n", result.date,
                  result.machine, result.users, grouped(result.requests));
  if (result.partial()) out += "\n**Partial: not every load ran to its end; see below.**\n";
  for (const char* protocol : {"HTTP", "gRPC"}) {
    bool any = false;
    for (const TargetResult& target : result.targets)
      any = any || find_load(target, protocol) != nullptr;
    if (!any) continue;
    out += fmt::format("\n## {}\n", protocol);
    add_table(out, result, protocol);
    for (const TargetResult& target : result.targets) {
      const LoadResult* load = find_load(target, protocol);
      if (load == nullptr) continue;
      out += fmt::format("\n### {} ({})\n\n", target.name, target.where);
      if (!load->partial.empty()) out += fmt::format("**Partial: {}**\n\n", load->partial);
      out += fmt::format("```\n$ {}\n{}\n```\n", load->command, load->summary);
    }
  }
  return out;
}

std::string to_terminal(const BenchResult& result) {
  constexpr size_t kLabel = 27;
  constexpr size_t kColumn = 16;
  std::string out;
  for (const char* protocol : {"HTTP", "gRPC"}) {
    out += fmt::format("\n  {:<{}}", protocol, kLabel);
    for (const TargetResult& target : result.targets)
      out += fmt::format("{:>{}}", target.name.substr(0, kColumn - 1), kColumn);
    out += "\n";
    for (const Row& row : rows()) {
      out += fmt::format("  {:<{}}", row.name, kLabel);
      for (const TargetResult& target : result.targets) {
        const LoadResult* load = find_load(target, protocol);
        out += fmt::format("{:>{}}", load != nullptr ? row.cell(*load) : "-", kColumn);
      }
      out += "\n";
    }
  }
  for (const TargetResult& target : result.targets) {
    for (const LoadResult& load : target.loads) {
      if (!load.partial.empty())
        out +=
            fmt::format("\n  {} of {} is partial: {}\n", load.protocol, target.name, load.partial);
    }
  }
  return out;
}

}  // namespace report
