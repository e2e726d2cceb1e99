#include "zelus/ghz/options.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <charconv>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/read_file.h"
#include "zelus/ghz/tls.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;

Error flag_error(std::string message) {
  return Error(Code::kInvalidArgument, "BAD_FLAG", std::move(message));
}
/// What ghz finds after its command line was read: printed without "ghz: error: ".
Error setup_error(std::string message) {
  return Error(Code::kInvalidArgument, "BAD_RUN", std::move(message));
}

uint64_t number(const ParsedFlags& flags, std::string_view name) {
  std::string_view text = flags.get(name);
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bia::Duration duration(const ParsedFlags& flags, std::string_view name) {
  auto parsed = bia::parse_go_duration(flags.get(name));
  return parsed.ok() ? *parsed : bia::Duration();  // Typed values were checked by the parser.
}

Result<std::string> read_file(const std::string& path) {
  auto text = bia::read_file(path);
  if (!text) return setup_error(text.error().message());
  return text;
}

/// The JSON object of strings that a flag holds.
Result<std::map<std::string, std::string>> string_map(std::string_view what,
                                                      const std::string& json) {
  std::map<std::string, std::string> map;
  if (json.empty()) return map;
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) {
    return flag_error(
        fmt::format("error unmarshaling {} '{}': {}", what, json,
                    document.HasParseError()
                        ? rapidjson::GetParseError_En(document.GetParseError())
                        : "json: cannot unmarshal into Go value of type map[string]string"));
  }
  for (const auto& member : document.GetObject()) {
    if (!member.value.IsString()) {
      return flag_error(fmt::format(
          "error unmarshaling {} '{}': json: cannot unmarshal {} into Go value of type string",
          what, json, member.value.IsNumber() ? "number" : "value"));
    }
    map.emplace(member.name.GetString(), member.value.GetString());
  }
  return map;
}

Result<Format> parse_format(std::string_view text) {
  constexpr std::pair<std::string_view, Format> kFormats[] = {
      {"summary", Format::kSummary},
      {"csv", Format::kCsv},
      {"json", Format::kJson},
      {"pretty", Format::kPretty},
      {"html", Format::kHtml},
      {"influx-summary", Format::kInfluxSummary},
      {"influx-details", Format::kInfluxDetails},
      {"prometheus", Format::kPrometheus}};
  for (const auto& [name, format] : kFormats) {
    if (name == text) return format;
  }
  return flag_error(
      fmt::format("enum value must be one of "
                  "summary,csv,json,pretty,html,influx-summary,influx-details,prometheus, got '{}'",
                  text));
}

Result<Schedule> read_schedule(const ParsedFlags& flags, const std::string& what) {
  Schedule schedule;
  const std::string_view shape = flags.get(what + "-schedule");
  schedule.shape = BIA_TRY(parse_shape(shape));
  schedule.start = number(flags, what + "-start");
  schedule.end = number(flags, what + "-end");
  const std::string_view step = flags.get(what + "-step");
  std::from_chars(step.data(), step.data() + step.size(), schedule.step);
  schedule.step_duration = duration(flags, what + "-step-duration");
  schedule.max_duration = duration(flags, what + "-max-duration");
  if (schedule.shape == Shape::kLine) schedule.step_duration = std::chrono::seconds(1);
  BIA_TRY(check_schedule(schedule, what));
  return schedule;
}

Result<DurationStop> parse_duration_stop(std::string_view text) {
  if (text == "close") return DurationStop::kClose;
  if (text == "wait") return DurationStop::kWait;
  if (text == "ignore") return DurationStop::kIgnore;
  return flag_error(fmt::format("--duration-stop must be close, wait or ignore, got '{}'", text));
}

std::vector<std::string> import_paths(const ParsedFlags& flags) {
  std::vector<std::string> paths;
  std::string folder =
      std::filesystem::path(std::string(flags.get("proto"))).parent_path().string();
  if (flags.has("proto") && !folder.empty() && folder != ".") paths.push_back(folder);
  paths.emplace_back(".");
  std::string_view rest = flags.get("import-paths");
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    if (comma != 0) paths.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return paths;
}

Result<void> read_payload(const ParsedFlags& flags, const std::function<std::string()>& read_stdin,
                          Options& options) {
  if (flags.has("binary-file")) {
    options.binary = BIA_TRY(read_file(std::string(flags.get("binary-file"))));
    options.has_binary = true;
  } else if (flags.get("binary") == "true") {
    options.binary = read_stdin();
    options.has_binary = true;
  } else if (flags.has("data-file")) {
    options.data = BIA_TRY(read_file(std::string(flags.get("data-file"))));
    if (options.data.empty()) return setup_error("no data provided");
  } else if (flags.get("data") == "@") {
    options.data = read_stdin();
    if (options.data.empty()) return setup_error("no data provided");
  } else {
    options.data = flags.get("data");
  }
  options.metadata = flags.has("metadata-file")
                         ? BIA_TRY(read_file(std::string(flags.get("metadata-file"))))
                         : std::string(flags.get("metadata"));
  BIA_TRY(string_map("metadata", options.metadata));
  options.reflect_metadata = flags.get("reflect-metadata");
  BIA_TRY(string_map("reflection metadata", options.reflect_metadata));
  options.tags = BIA_TRY(string_map("tags", std::string(flags.get("tags"))));
  return {};
}

Result<void> check(const Options& options) {
  if (options.host.empty()) return setup_error("host required");
  if (options.call.empty()) return setup_error("call required");
  if (options.connections > options.concurrency)
    return setup_error("number of connections cannot be greater than concurrency");
  if (options.connections == 0) return setup_error("number of connections must be at least 1");
  if (options.concurrency > kConcurrencyMax) {
    return setup_error(fmt::format("-c {} is above the limit of {} workers", options.concurrency,
                                   kConcurrencyMax));
  }
  if (options.total > 0 && options.skip_first > options.total)
    return setup_error("you cannot skip more requests than those run");
  if (options.rps > 1'000'000'000)
    return setup_error(fmt::format("-r {} is above 1000000000 requests per second", options.rps));
  if (!options.proto.empty() && !options.proto.ends_with(".proto")) {
    return setup_error(fmt::format("proto: must have .proto extension, got \"{}\"", options.proto));
  }
  if (options.has_binary && options.stream_dynamic_messages)
    return setup_error("cannot use dynamic messages with binary data");
  if (!options.insecure && !options.cname.empty() && !options.authority.empty() &&
      options.cname != options.authority) {
    return setup_error(
        fmt::format("ClientConn's authority from transport creds \"{}\" and dial option \"{}\" "
                    "don't match",
                    options.cname, options.authority));
  }
  return {};
}

/// Whom to call, and how its connections are made.
void read_target(const ParsedFlags& flags, Options& options) {
  options.host = flags.host;
  options.proto = flags.get("proto");
  options.protoset = flags.get("protoset");
  options.call = flags.get("call");
  options.import_paths = import_paths(flags);
  options.insecure = flags.get("insecure") == "true";
  options.cacert = flags.get("cacert");
  options.cert = flags.get("cert");
  options.key = flags.get("key");
  options.cname = flags.get("cname");
  options.skip_tls = flags.get("skipTLS") == "true";
  options.authority = flags.get("authority");
  options.stream_interval = duration(flags, "stream-interval");
  options.stream_call_duration = duration(flags, "stream-call-duration");
  options.stream_call_count = number(flags, "stream-call-count");
  options.stream_dynamic_messages = flags.get("stream-dynamic-messages") == "true";
  options.keepalive = duration(flags, "keepalive");
  options.compress = flags.get("enable-compression") == "true";
}

}  // namespace

Result<Options> make_options(const ParsedFlags& flags,
                             const std::function<std::string()>& read_stdin) {
  // Not on the stack, which it would fill.
  const auto made = std::make_unique<Options>();
  Options& options = *made;
  read_target(flags, options);
  options.rps = number(flags, "rps");
  options.async = flags.get("async") == "true";
  options.load = BIA_TRY(read_schedule(flags, "load"));
  options.workers = BIA_TRY(read_schedule(flags, "concurrency"));
  options.concurrency = number(flags, "concurrency");
  options.total = number(flags, "total");
  options.connections = number(flags, "connections");
  options.timeout = duration(flags, "timeout");
  options.duration = duration(flags, "duration");
  options.max_duration = duration(flags, "max-duration");
  options.connect_timeout = duration(flags, "connect-timeout");
  options.duration_stop = BIA_TRY(parse_duration_stop(flags.get("duration-stop")));
  options.format = BIA_TRY(parse_format(flags.get("format")));
  options.output = flags.get("output");
  options.series = flags.get("series");
  options.skip_first = number(flags, "skipFirst");
  options.count_errors = flags.get("count-errors") == "true";
  options.name = flags.get("name");
  options.cpus = number(flags, "cpus");
  options.template_functions = flags.get("disable-template-functions") != "true";
  options.template_data = flags.get("disable-template-data") != "true";
  if (flags.has("max-recv-message-size"))
    options.recv_bytes_max = BIA_TRY(parse_bytes(flags.get("max-recv-message-size")));
  if (flags.has("max-send-message-size"))
    options.send_bytes_max = BIA_TRY(parse_bytes(flags.get("max-send-message-size")));
  if (options.duration > bia::Duration::zero()) options.total = INT32_MAX;  // As ghz reports it.
  BIA_TRY(read_payload(flags, read_stdin, options));
  options.tls = BIA_TRY(make_tls(options));
  BIA_TRY(check(options));
  return std::move(options);
}

Result<uint64_t> parse_bytes(std::string_view text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1},         {"b", 1},         {"k", 1e3},           {"kb", 1e3},          {"m", 1e6},
      {"mb", 1e6},     {"g", 1e9},       {"gb", 1e9},          {"ki", 1024},         {"kib", 1024},
      {"mi", 1048576}, {"mib", 1048576}, {"gi", 1073741824.0}, {"gib", 1073741824.0}};
  double value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit;
  for (const char* p = end; p != text.data() + text.size(); ++p) {
    if (*p != ' ') unit += static_cast<char>(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
  }
  for (const auto& [name, factor] : kUnits) {
    if (problem == std::errc() && value >= 0 && name == unit && value * factor <= INT32_MAX)
      return static_cast<uint64_t>(value * factor);
  }
  return flag_error(fmt::format("unhandled size name or size above 2 GiB: {}", text));
}

}  // namespace zelus::ghz
