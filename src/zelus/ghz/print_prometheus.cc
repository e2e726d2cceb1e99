// Prometheus' text format, as ghz's printer/prometheus.go has it, with what it documents: buckets
// are cumulative. Labels are in one order.
#include <fmt/format.h>
#include <rapidjson/document.h>

#include <map>

#include "codec/go_float.h"
#include "zelus/ghz/printers.h"

namespace zelus::ghz {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string value_text(const rapidjson::Value& value) {
  if (value.IsString()) return value.GetString();
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (value.IsInt64()) return fmt::format("{}", value.GetInt64());
  std::string list;
  if (value.IsArray()) {
    for (const auto& item : value.GetArray()) {
      if (!list.empty()) list += ',';
      list += item.GetString();
    }
  }
  return list;
}

/// The report's options as labels, without what may be long or secret.
std::string labels_of(const Report& report) {
  rapidjson::Document options;
  options.Parse(report.options_json.data(), report.options_json.size());
  std::map<std::string, std::string> labels{{"name", report.name},
                                            {"end_reason", report.end_reason}};
  const auto is_const = [&](const char* schedule) {
    return !options.HasMember(schedule) || options[schedule] == "const";
  };
  const bool const_load = is_const("load-schedule");
  const bool const_workers = is_const("concurrency-schedule");
  for (const auto& member : options.GetObject()) {
    std::string name = member.name.GetString();
    if (name == "data" || name == "metadata") continue;
    if (const_load && name.starts_with("load-")) continue;
    if (const_workers && name.starts_with("concurrency-")) continue;
    for (char& c : name) {
      if (c == '-') c = '_';
    }
    labels[name] = value_text(member.value);
  }
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out += fmt::format("{}=\"{}\"", name, escaped(value));
  }
  return out;
}

}  // namespace

std::string go_float(double value) {
  std::string out;
  bia::codec::append_go_float(out, value);
  return out;
}

std::string prometheus_text(const Report& report) {
  const std::string labels = labels_of(report);
  std::string out;
  const auto gauge = [&](std::string_view name, double value) {
    out += fmt::format("# TYPE ghz_run_{0} gauge\nghz_run_{0}{{{1}}} {2}\n", name, labels,
                       go_float(value));
  };
  gauge("count", static_cast<double>(report.count));
  gauge("total", static_cast<double>(report.total_ns));
  gauge("average", static_cast<double>(report.average_ns));
  gauge("fastest", static_cast<double>(report.fastest_ns));
  gauge("slowest", static_cast<double>(report.slowest_ns));
  gauge("rps", report.rps);
  const std::string sum = go_float(static_cast<double>(report.total_ns));
  out += "# TYPE ghz_run_histogram histogram\n";
  uint64_t below = 0;
  for (const Bucket& bucket : report.histogram) {
    below += bucket.count;
    out += fmt::format("ghz_run_histogram_bucket{{{},le=\"{}\"}} {}\n", labels,
                       go_float(bucket.mark_seconds), below);
  }
  out += fmt::format("ghz_run_histogram_bucket{{{},le=\"+Inf\"}} {}\n", labels, report.count);
  out += fmt::format("ghz_run_histogram_sum{{{0}}} {1}\nghz_run_histogram_count{{{0}}} {2}\n",
                     labels, sum, report.count);
  out += "# TYPE ghz_run_latency summary\n";
  for (const LatencyPercentile& row : report.percentiles) {
    out += fmt::format("ghz_run_latency{{{},quantile=\"{}\"}} {}\n", labels,
                       go_float(row.percentage / 100.0),
                       go_float(static_cast<double>(row.latency_ns)));
  }
  out += fmt::format("ghz_run_latency_sum{{{0}}} {1}\nghz_run_latency_count{{{0}}} {2}\n", labels,
                     sum, report.count);
  uint64_t errors = 0;
  for (const auto& [text, count] : report.error_distribution) errors += count;
  gauge("errors", static_cast<double>(errors));
  return out;
}

}  // namespace zelus::ghz
