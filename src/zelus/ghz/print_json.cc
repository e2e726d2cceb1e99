#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>

#include "zelus/ghz/printers.h"
#include "zelus/metrics/go_time.h"

namespace zelus::ghz {
namespace {

template <typename Writer>
class ReportWriter {
 public:
  ReportWriter(Writer& writer, const Report& report) : writer_(writer), report_(report) {}

  void write() {
    writer_.StartObject();
    text("date", metrics::rfc3339(report_.date_unix_ns, metrics::TimePrecision::kSeconds));
    if (!report_.name.empty()) text("name", report_.name);
    text("endReason", report_.end_reason);
    key("options");
    rapidjson::Document options;
    options.Parse(report_.options_json.data(), report_.options_json.size());
    options.Accept(writer_);
    key("count");
    writer_.Uint64(report_.count);
    integer("total", report_.total_ns);
    integer("average", report_.average_ns);
    integer("fastest", report_.fastest_ns);
    integer("slowest", report_.slowest_ns);
    number("rps", report_.rps);
    counts("errorDistribution", report_.error_distribution);
    counts("statusCodeDistribution", report_.status_distribution);
    percentiles();
    histogram();
    details();
    if (!report_.tags.empty()) {
      key("tags");
      writer_.StartObject();
      for (const auto& [name, value] : report_.tags) text(name, value);
      writer_.EndObject();
    }
    writer_.EndObject();
  }

 private:
  void key(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  }
  void text(std::string_view name, std::string_view value) {
    key(name);
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  void integer(std::string_view name, int64_t value) {
    key(name);
    writer_.Int64(value);
  }
  void number(std::string_view name, double value) {
    key(name);
    std::string shown = go_json_float(value);
    writer_.RawValue(shown.data(), shown.size(), rapidjson::kNumberType);
  }
  void counts(std::string_view name, const std::map<std::string, uint64_t>& rows) {
    key(name);
    writer_.StartObject();
    for (const auto& [what, count] : rows) integer(what, static_cast<int64_t>(count));
    writer_.EndObject();
  }
  void percentiles() {
    key("latencyDistribution");
    if (report_.percentiles.empty()) {
      writer_.Null();
      return;
    }
    writer_.StartArray();
    for (const LatencyPercentile& row : report_.percentiles) {
      writer_.StartObject();
      integer("percentage", row.percentage);
      integer("latency", row.latency_ns);
      writer_.EndObject();
    }
    writer_.EndArray();
  }
  void histogram() {
    key("histogram");
    if (report_.histogram.empty()) {
      writer_.Null();
      return;
    }
    writer_.StartArray();
    for (const Bucket& bucket : report_.histogram) {
      writer_.StartObject();
      number("mark", bucket.mark_seconds);
      integer("count", static_cast<int64_t>(bucket.count));
      number("frequency", bucket.frequency);
      writer_.EndObject();
    }
    writer_.EndArray();
  }
  void details() {
    key("details");
    writer_.StartArray();
    for (const Detail& detail : report_.details) {
      writer_.StartObject();
      text("timestamp", metrics::rfc3339(detail.end_unix_ns, metrics::TimePrecision::kNano));
      integer("latency", detail.latency_ns);
      text("error", detail.error == kNoError ? std::string_view()
                                             : std::string_view(report_.errors[detail.error]));
      text("status", bia::code_camel_name(detail.code));
      writer_.EndObject();
    }
    writer_.EndArray();
  }

  Writer& writer_;
  const Report& report_;
};

}  // namespace

std::string go_json_float(double value) {
  if (value == 0) return "0";
  double size = std::fabs(value);
  if (size >= 1e-6 && size < 1e21) {
    // The shortest digits that read back, never with an exponent.
    std::string shortest = fmt::format("{}", value);
    if (shortest.find('e') == std::string::npos) {
      return shortest.ends_with(".0") ? shortest.substr(0, shortest.size() - 2) : shortest;
    }
    for (int digits = 0; digits <= 25; ++digits) {
      std::string fixed = fmt::format("{:.{}f}", value, digits);
      if (std::stod(fixed) == value) return fixed;
    }
    return fmt::format("{:.0f}", value);
  }
  std::string text = fmt::format("{}", value);
  // Go writes e-7 where C writes e-07.
  size_t exponent = text.find("e-0");
  if (exponent != std::string::npos) text.erase(exponent + 2, 1);
  return text;
}

std::string json_text(const Report& report, Json layout) {
  rapidjson::StringBuffer buffer;
  if (layout == Json::kPretty) {
    rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
    writer.SetIndent(' ', 2);
    ReportWriter(writer, report).write();
  } else {
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    ReportWriter(writer, report).write();
  }
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace zelus::ghz
