#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "report/writers.h"

namespace report {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void text(Writer& writer, const char* key, const std::string& value) {
  writer.Key(key);
  writer.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
}
void number(Writer& writer, const char* key, double value) {
  writer.Key(key);
  writer.Double(value);
}
void integer(Writer& writer, const char* key, uint64_t value) {
  writer.Key(key);
  writer.Uint64(value);
}

void write_total(Writer& writer, const LoadResult& load) {
  const auto& total = load.total;
  integer(writer, "requests", total.count);
  integer(writer, "failed", total.failed);
  number(writer, "seconds", total.seconds);
  number(writer, "requests_per_second", load.requests_per_second());
  const std::pair<const char*, double> latencies[] = {
      {"avg", total.avg_ms}, {"min", total.min_ms}, {"med", total.med_ms}, {"max", total.max_ms},
      {"p90", total.p90_ms}, {"p95", total.p95_ms}, {"p99", total.p99_ms}};
  writer.Key("latency_ms");
  writer.StartObject();
  for (const auto& [name, value] : latencies) number(writer, name, value);
  writer.EndObject();
  writer.Key("latency_curve");
  writer.StartArray();
  for (const auto& [percentile, ms] : total.curve) {
    writer.StartArray();
    writer.Double(percentile);
    writer.Double(ms);
    writer.EndArray();
  }
  writer.EndArray();
  writer.Key("latency_histogram");
  writer.StartArray();
  for (const auto& [ms, count] : total.histogram) {
    writer.StartArray();
    writer.Double(ms);
    writer.Uint64(count);
    writer.EndArray();
  }
  writer.EndArray();
}

void write_load(Writer& writer, const LoadResult& load) {
  writer.StartObject();
  text(writer, "protocol", load.protocol);
  text(writer, "command", load.command);
  text(writer, "partial", load.partial);
  number(writer, "begin_seconds", load.begin_seconds);
  write_total(writer, load);
  number(writer, "server_cpu_seconds", load.server_cpu_seconds);
  number(writer, "server_cpu_percent", load.server_cpu_percent);
  number(writer, "server_cpu_us_per_request", load.server_cpu_us_per_request());
  number(writer, "requests_per_cpu_second", load.requests_per_cpu_second());
  number(writer, "load_cpu_us_per_request", load.load_cpu_us_per_request());
  integer(writer, "rss_peak_bytes", load.rss_peak_bytes);
  integer(writer, "anonymous_peak_bytes", load.anonymous_peak_bytes);
  writer.Key("points");
  writer.StartArray();
  for (const auto& point : load.points) {
    writer.StartObject();
    number(writer, "t", point.seconds);
    integer(writer, "count", point.count);
    integer(writer, "failed", point.failed);
    number(writer, "avg", point.avg_ms);
    number(writer, "p95", point.p95_ms);
    number(writer, "p99", point.p99_ms);
    writer.EndObject();
  }
  writer.EndArray();
  text(writer, "summary", load.summary);
  writer.EndObject();
}

void write_sample(Writer& writer, const TimedSample& sample) {
  writer.StartObject();
  number(writer, "t", sample.seconds);
  number(writer, "cpu_percent", sample.cpu_percent);
  integer(writer, "rss_bytes", sample.process.rss_bytes);
  integer(writer, "anonymous_bytes", sample.process.anonymous_bytes);
  integer(writer, "virtual_bytes", sample.process.virtual_bytes);
  integer(writer, "threads", sample.process.threads);
  integer(writer, "open_files", sample.process.open_files);
  integer(writer, "context_switches", sample.process.context_switches);
  integer(writer, "read_bytes", sample.process.read_bytes);
  integer(writer, "written_bytes", sample.process.written_bytes);
  writer.EndObject();
}

}  // namespace

const LoadResult* find_load(const TargetResult& target, std::string_view protocol) {
  for (const LoadResult& load : target.loads) {
    if (load.protocol == protocol) return &load;
  }
  return nullptr;
}

std::string to_json(const BenchResult& result) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.SetMaxDecimalPlaces(6);
  writer.StartObject();
  text(writer, "date", result.date);
  text(writer, "machine", result.machine);
  integer(writer, "users", result.users);
  integer(writer, "requests", result.requests);
  writer.Key("partial");
  writer.Bool(result.partial());
  writer.Key("targets");
  writer.StartArray();
  for (const TargetResult& target : result.targets) {
    writer.StartObject();
    text(writer, "name", target.name);
    text(writer, "where", target.where);
    writer.Key("loads");
    writer.StartArray();
    for (const LoadResult& load : target.loads) write_load(writer, load);
    writer.EndArray();
    writer.Key("samples");
    writer.StartArray();
    for (const TimedSample& sample : target.samples) write_sample(writer, sample);
    writer.EndArray();
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace report
