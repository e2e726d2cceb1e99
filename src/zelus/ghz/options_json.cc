#include <rapidjson/document.h>
#include <rapidjson/writer.h>
#include <sched.h>

#include <algorithm>

#include "zelus/ghz/options.h"

namespace zelus::ghz {
namespace {

enum class Zero { kShow, kOmit };

/// The members of the object `options` in ghz's JSON report: its names, its order, and which of
/// them it leaves out when they are empty.
class OptionsWriter {
 public:
  OptionsWriter() : writer_(buffer_) { writer_.StartObject(); }

  void text(std::string_view name, const std::string& value) {
    if (value.empty()) return;
    key(name);
    string(value);
  }
  void word(std::string_view name, std::string_view value) {
    key(name);
    string(value);
  }
  void integer(std::string_view name, int64_t value, Zero zero) {
    if (value == 0 && zero == Zero::kOmit) return;
    key(name);
    writer_.Int64(value);
  }
  void boolean(std::string_view name, bool value) {
    key(name);
    writer_.Bool(value);
  }
  /// `json` as it stands; a text that is no JSON becomes a string.
  void raw(std::string_view name, const std::string& json) {
    rapidjson::Document document;
    if (json.empty() || document.Parse(json.data(), json.size()).HasParseError())
      return text(name, json);
    key(name);
    document.Accept(writer_);
  }
  void strings(std::string_view name, const std::vector<std::string>& values) {
    key(name);
    writer_.StartArray();
    for (const std::string& value : values) string(value);
    writer_.EndArray();
  }
  std::string finish() {
    writer_.EndObject();
    return {buffer_.GetString(), buffer_.GetSize()};
  }

 private:
  void key(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  }
  void string(std::string_view value) {
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }

  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_;
};

void write_schedule(OptionsWriter& out, const std::string& what, const Schedule& schedule) {
  out.word(what + "-schedule", shape_name(schedule.shape));
  out.integer(what + "-start", static_cast<int64_t>(schedule.start), Zero::kShow);
  out.integer(what + "-end", static_cast<int64_t>(schedule.end), Zero::kShow);
  out.integer(what + "-step", schedule.step, Zero::kShow);
  out.integer(what + "-step-duration", schedule.step_duration.count(), Zero::kShow);
  out.integer(what + "-max-duration", schedule.max_duration.count(), Zero::kShow);
}

int64_t cpus_of(const Options& options) {
  if (options.cpus > 0) return static_cast<int64_t>(options.cpus);
  cpu_set_t allowed;
  return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

}  // namespace

std::string options_json(const Options& options) {
  OptionsWriter out;
  out.text("call", options.call);
  out.text("host", options.host);
  out.text("proto", options.proto);
  out.text("protoset", options.protoset);
  out.strings("import-paths", options.import_paths);
  if (options.compress) out.boolean("enable-compression", true);
  out.text("cacert", options.cacert);
  out.text("cert", options.cert);
  out.text("key", options.key);
  out.text("cname", options.cname);
  if (options.skip_tls) out.boolean("skipTLS", true);
  out.boolean("insecure", options.insecure);
  out.text("authority", options.authority);
  out.integer("rps", static_cast<int64_t>(options.rps), Zero::kOmit);
  write_schedule(out, "load", options.load);
  out.integer("concurrency", static_cast<int64_t>(options.concurrency), Zero::kOmit);
  write_schedule(out, "concurrency", options.workers);
  out.integer("total", static_cast<int64_t>(options.total), Zero::kOmit);
  if (options.async) out.boolean("async", true);
  out.integer("connections", static_cast<int64_t>(options.connections), Zero::kOmit);
  out.integer("duration", std::max(options.duration, options.max_duration).count(), Zero::kOmit);
  out.integer("timeout", options.timeout.count(), Zero::kOmit);
  out.integer("dial-timeout", options.connect_timeout.count(), Zero::kOmit);
  out.integer("keepalive", options.keepalive.count(), Zero::kOmit);
  if (!options.has_binary) out.raw("data", options.data);
  out.boolean("binary", options.has_binary);
  out.raw("metadata", options.metadata);
  out.integer("CPUs", cpus_of(options), Zero::kShow);
  out.text("name", options.name);
  out.integer("skipFirst", static_cast<int64_t>(options.skip_first), Zero::kOmit);
  if (options.count_errors) out.boolean("count-errors", true);
  return out.finish();
}

}  // namespace zelus::ghz
