// What `zelus inspect` prints: Go's encoding of lib.Options.
#include <fmt/format.h>

#include <algorithm>

#include "zelus/options/fields.h"
#include "zelus/options/options.h"
#include "zelus/options/segment.h"

namespace zelus::options {

using bia::format_go_duration;

namespace {

/// encoding/json's string: HTML characters and U+2028/2029 escaped.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += {'\\', static_cast<char>(c)};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == '<' || c == '>' || c == '&') {
      out += fmt::format("\\u{:04x}", c);
    } else if (text.substr(i, 3) == "\xe2\x80\xa8" || text.substr(i, 3) == "\xe2\x80\xa9") {
      out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + '"';
}

bool is_system_tag(std::string_view name) {
  for (std::string_view other : {"vu", "iter", "ip", "ocsp_status"}) {
    if (name == other) return true;
  }
  const StringList& usual = default_system_tags();
  return std::find(usual.begin(), usual.end(), name) != usual.end();
}

class ObjectText {
 public:
  void add(std::string_view key, std::string value) {
    text_ += fmt::format("{}{}:{}", text_.empty() ? "" : ",", quoted(key), value);
  }
  std::string take() { return "{" + std::move(text_) + "}"; }

 private:
  std::string text_;
};

std::string json_of(const std::string& value) { return quoted(value); }
std::string json_of(bool value) { return value ? "true" : "false"; }
std::string json_of(int64_t value) { return fmt::format("{}", value); }
std::string json_of(Duration value) { return quoted(format_go_duration(value)); }

std::string json_of(const StringList& list);
std::string json_of(const StringMap& map);
std::string json_of(const std::vector<Stage>& stages);
std::string json_of(const ScenarioMap& scenarios);
std::string json_of(const TlsVersions& versions);
std::string json_of(const std::vector<TlsAuth>& all);
std::string json_of(const ThresholdMap& thresholds);
std::string json_of(const DnsOptions& dns);

template <typename T>
std::string json_of(const std::optional<T>& value) {
  return value ? json_of(*value) : "null";
}

std::string json_of(const StringList& list) {
  std::string out;
  for (const std::string& item : list) out += (out.empty() ? "" : ",") + quoted(item);
  return "[" + out + "]";
}

std::string json_of(const StringMap& map) {
  ObjectText object;
  for (const auto& [key, value] : map) object.add(key, quoted(value));
  return object.take();
}

std::string json_of(const std::vector<Stage>& stages) {
  std::string out;
  for (const Stage& stage : stages) {
    ObjectText object;
    object.add("duration", json_of(stage.duration));
    object.add("target", json_of(stage.target));
    out += (out.empty() ? "" : ",") + object.take();
  }
  return "[" + out + "]";
}

std::string json_of(const Scenario& s) {
  ObjectText object;
  object.add("executor", quoted(executor_name(s.kind)));
  object.add("startTime", json_of(s.start_time));
  object.add("gracefulStop", json_of(s.graceful_stop));
  object.add("env", s.env.empty() ? "null" : json_of(s.env));
  object.add("exec", json_of(s.exec));
  object.add("tags", s.tags.empty() ? "null" : json_of(s.tags));
  if (s.browser_json) object.add("options", R"({"browser":)" + *s.browser_json + "}");
  switch (s.kind) {
    case ExecutorKind::kSharedIterations:
    case ExecutorKind::kPerVuIterations:
      object.add("vus", json_of(s.vus));
      object.add("iterations", json_of(s.iterations));
      object.add("maxDuration", json_of(s.max_duration));
      break;
    case ExecutorKind::kConstantVus:
      object.add("vus", json_of(s.vus));
      object.add("duration", json_of(s.duration));
      break;
    case ExecutorKind::kRampingVus:
      object.add("startVUs", json_of(s.start_vus));
      object.add("stages", json_of(s.stages));
      object.add("gracefulRampDown", json_of(s.graceful_ramp_down));
      break;
    case ExecutorKind::kConstantArrivalRate:
      object.add("rate", json_of(s.rate));
      object.add("timeUnit", json_of(s.time_unit));
      object.add("duration", json_of(s.duration));
      object.add("preAllocatedVUs", json_of(s.pre_allocated_vus));
      object.add("maxVUs", json_of(s.max_vus));
      break;
    case ExecutorKind::kRampingArrivalRate:
      object.add("startRate", json_of(s.start_rate));
      object.add("timeUnit", json_of(s.time_unit));
      object.add("stages", json_of(s.stages));
      object.add("preAllocatedVUs", json_of(s.pre_allocated_vus));
      object.add("maxVUs", json_of(s.max_vus));
      break;
    case ExecutorKind::kExternallyControlled:
      object.add("vus", json_of(s.vus));
      object.add("duration", json_of(s.duration));
      object.add("maxVUs", json_of(s.max_vus));
      break;
  }
  return object.take();
}

std::string json_of(const ScenarioMap& scenarios) {
  ObjectText object;
  for (const auto& [name, scenario] : scenarios) object.add(name, json_of(scenario));
  return object.take();
}

std::string json_of(const TlsVersions& versions) {
  ObjectText object;
  object.add("min", quoted(versions.min));
  object.add("max", quoted(versions.max));
  return object.take();
}

std::string json_of(const std::vector<TlsAuth>& all) {
  std::string out;
  for (const TlsAuth& auth : all) {
    ObjectText object;
    object.add("cert", quoted(auth.cert));
    object.add("key", quoted(auth.key));
    object.add("password", json_of(auth.password));
    object.add("domains", auth.domains.empty() ? "null" : json_of(auth.domains));
    out += (out.empty() ? "" : ",") + object.take();
  }
  return "[" + out + "]";
}

std::string json_of(const ThresholdMap& thresholds) {
  ObjectText object;
  for (const auto& [metric, specs] : thresholds) {
    std::string list;
    for (const ThresholdSpec& spec : specs) {
      std::string item = quoted(spec.expression);
      if (spec.abort_on_fail || spec.delay_abort_eval != Duration(0)) {
        ObjectText full;
        full.add("threshold", quoted(spec.expression));
        full.add("abortOnFail", json_of(spec.abort_on_fail));
        full.add("delayAbortEval",
                 spec.delay_abort_eval == Duration(0) ? "null" : json_of(spec.delay_abort_eval));
        item = full.take();
      }
      list += (list.empty() ? "" : ",") + item;
    }
    object.add(metric, "[" + list + "]");
  }
  return object.take();
}

std::string json_of(const DnsOptions& dns) {
  ObjectText object;
  object.add("ttl", json_of(dns.ttl));
  object.add("select", json_of(dns.select));
  object.add("policy", json_of(dns.policy));
  return object.take();
}

}  // namespace

namespace {

/// `left_out`: names that are not written.
void add_fields(const Options& options, std::initializer_list<std::string_view> left_out,
                ObjectText& object) {
  for (const Field& field : fields()) {
    if (field.json.empty() || field.config_only) continue;
    if (std::find(left_out.begin(), left_out.end(), field.json) != left_out.end()) continue;
    if (field.json == "cloud") {
      if (options.cloud_json) object.add("cloud", *options.cloud_json);
    } else if (field.json == "ext") {
      ObjectText ext;
      for (const auto& [key, value] : options.ext ? *options.ext : StringMap()) ext.add(key, value);
      object.add("ext", options.ext ? ext.take() : "null");
    } else if (field.json == "executionSegment" && options.execution_segment) {
      auto segment = Segment::create(*options.execution_segment, "");
      object.add("executionSegment", segment ? quoted(segment->text()) : "null");
    } else if (field.json == "systemTags" && options.system_tags) {
      StringList known = *options.system_tags;
      std::erase_if(known, [](const std::string& tag) { return !is_system_tag(tag); });
      std::sort(known.begin(), known.end());
      object.add("systemTags", known.empty() ? "null" : json_of(known));
    } else {
      object.add(field.json,
                 std::visit([&](auto member) { return json_of(options.*member); }, field.member));
    }
  }
}

}  // namespace

std::string to_json(const Options& options) {
  ObjectText object;
  add_fields(options, {}, object);
  return object.take();
}

std::string to_script_json(const Options& options) {
  ObjectText object;
  add_fields(options, {"vus", "duration", "iterations", "stages"}, object);
  object.add("consoleOutput", json_of(options.console_output));
  object.add("localIPs", json_of(options.local_ips));
  return object.take();
}

}  // namespace zelus::options
