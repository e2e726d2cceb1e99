// InfluxDB's line protocol, as ghz's printer/influx.go has it: tags keep their quotes, and numbers
// are floats. What ghz leaves unescaped inside an error's text (invalid lines) is escaped here.
#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "zelus/ghz/printers.h"

namespace zelus::ghz {
namespace {

std::string json_string(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

std::string tag_value(std::string_view text) {
  std::string value;
  for (char c : json_string(text)) {
    if (c == ' ' || c == ',' || c == '=') value += '\\';
    value += c;
  }
  return value;
}

std::string json_of(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

/// The run's options as a report has them.
class OptionValues {
 public:
  explicit OptionValues(const std::string& json) { document_.Parse(json.data(), json.size()); }
  std::string text(const char* name) const {
    auto found = document_.FindMember(name);
    if (found == document_.MemberEnd()) return {};
    return found->value.IsString() ? found->value.GetString() : json_of(found->value);
  }
  int64_t integer(const char* name) const {
    auto found = document_.FindMember(name);
    return found != document_.MemberEnd() && found->value.IsInt64() ? found->value.GetInt64() : 0;
  }
  std::string seconds(const char* name) const {
    return go_float(static_cast<double>(integer(name)) / 1e9);
  }

 private:
  rapidjson::Document document_;
};

std::string tags_json(const std::map<std::string, std::string>& tags) {
  if (tags.empty()) return {};
  std::string json = "{";
  for (const auto& [name, value] : tags) {
    if (json.size() > 1) json += ',';
    json += json_string(name) + ':' + json_string(value);
  }
  return json + '}';
}

std::string load_tags(const OptionValues& options) {
  std::string out;
  const std::string workers = options.text("concurrency-schedule");
  if (workers.empty() || workers == "const") {
    out += fmt::format(",c={}", options.integer("concurrency"));
  } else {
    out += fmt::format(",concurrency-schedule={}", tag_value(workers));
    for (const char* name : {"concurrency-start", "concurrency-end", "concurrency-step",
                             "concurrency-step-duration", "concurrency-max-duration"})
      out += fmt::format(",{}={}", name, options.integer(name));
  }
  const std::string load = options.text("load-schedule");
  if (load.empty() || load == "const") return out + fmt::format(",rps={}", options.integer("rps"));
  out += fmt::format(",load-schedule={}", tag_value(load));
  for (const char* name :
       {"load-start", "load-end", "load-step", "load-step-duration", "load-max-duration"})
    out += fmt::format(",{}={}", name, options.integer(name));
  return out;
}

std::string common_tags(const Report& report) {
  const OptionValues options(report.options_json);
  std::string out;
  if (!report.name.empty()) out += ",name=" + tag_value(report.name);
  if (!options.text("proto").empty()) {
    out += ",proto=" + tag_value(options.text("proto"));
  } else if (!options.text("protoset").empty()) {
    out += ",protoset=" + tag_value(options.text("protoset"));
  }
  out += ",call=" + tag_value(options.text("call"));
  out += ",host=" + tag_value(options.text("host"));
  out += fmt::format(",n={}", options.integer("total"));
  out += load_tags(options);
  out += fmt::format(",z={},timeout={},dial_timeout={},keepalive={}", options.integer("duration"),
                     options.seconds("timeout"), options.seconds("dial-timeout"),
                     options.seconds("keepalive"));
  const std::string data = options.text("data");
  out += ",data=" + tag_value(data.empty() ? "null" : data);
  out += ",metadata=" + tag_value(options.text("metadata"));
  return out + ",tags=" + tag_value(tags_json(report.tags));
}

}  // namespace

std::string influx_summary_text(const Report& report) {
  uint64_t errors = 0;
  for (const auto& [text, count] : report.error_distribution) errors += count;
  std::string out = fmt::format(
      "ghz_run{},errors={},has_errors={} count={},total={},average={},fastest={},slowest={},"
      "rps={:.2f}",
      common_tags(report), errors, errors > 0, report.count, report.total_ns, report.average_ns,
      report.fastest_ns, report.slowest_ns, report.rps);
  for (const LatencyPercentile& row : report.percentiles) {
    if (row.percentage == 50) out += fmt::format(",median={}", row.latency_ns);
    if (row.percentage == 95) out += fmt::format(",p95={}", row.latency_ns);
  }
  return out + fmt::format(",errors={} {}", errors, report.date_unix_ns);
}

std::string influx_details_text(const Report& report) {
  const std::string tags = common_tags(report);
  std::string out;
  for (const Detail& detail : report.details) {
    const bool failed = detail.error != kNoError;
    out += fmt::format("ghz_detail{},hasError={} latency={},error={},status=\"{}\" {}\n", tags,
                       failed, detail.latency_ns,
                       json_string(failed ? report.errors[detail.error] : std::string()),
                       bia::code_camel_name(detail.code), detail.end_unix_ns);
  }
  return out;
}

}  // namespace zelus::ghz
