#include "zelus/ghz/options.h"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/read_file.h"
#include "base/text.h"
#include "zelus/ghz/tls.h"
#include "zelus/options/go_json_error.h"
#include "zelus/options/json.h"
#include "zelus/templates/number.h"

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

/// What ghz finds in a flag's value when the command line as such was good.
Error value_error(std::string message) {
  return Error(Code::kInvalidArgument, "BAD_VALUE", std::move(message));
}

/// The JSON object of strings that a flag holds.
Result<std::map<std::string, std::string>> string_map(std::string_view what,
                                                      const std::string& json) {
  std::map<std::string, std::string> map;
  if (bia::trim_space(json).empty()) return map;
  auto wrong = [&](std::string_view why) {
    return value_error(fmt::format("error unmarshaling {} '{}': {}", what, json, why));
  };
  if (auto problem = options::go_json_error(json)) return wrong(problem->text);
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  auto no_unmarshal = [&](const rapidjson::Value& value, std::string_view type) {
    return wrong(fmt::format("json: cannot unmarshal {} into Go value of type {}",
                             options::go_kind(value), type));
  };
  if (document.IsNull()) return map;
  if (!document.IsObject()) return no_unmarshal(document, "map[string]string");
  for (const auto& member : document.GetObject()) {
    if (!member.value.IsString()) return no_unmarshal(member.value, "string");
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

Result<DurationStop> parse_duration_stop(std::string_view typed) {
  const std::string text = bia::lower_case(typed);
  if (text == "close") return DurationStop::kClose;
  if (text == "wait") return DurationStop::kWait;
  if (text == "ignore") return DurationStop::kIgnore;
  return flag_error(fmt::format("--duration-stop must be close, wait or ignore, got '{}'", typed));
}

/// ghz takes any name, and runs on one address where it is none of grpc-go's: a typing mistake
/// would go unseen.
Result<Balance> parse_balance(std::string_view text) {
  if (text.empty() || text == "pick_first") return Balance::kPickFirst;
  if (text == "round_robin") return Balance::kRoundRobin;
  return flag_error(fmt::format("--lb-strategy must be pick_first or round_robin, got '{}'", text));
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

/// A text with template actions may become JSON only when they have run: it is let pass here.
Result<void> check_json(std::string_view what, const std::string& json) {
  if (bia::trim_space(json).empty() || json.find("{{") != std::string::npos) return {};
  if (auto problem = options::go_json_error(json))
    return value_error(fmt::format("error unmarshaling {} '{}': {}", what, json, problem->text));
  return {};
}

Result<void> read_payload(const ParsedFlags& flags, const std::function<std::string()>& read_stdin,
                          Options& options) {
  if (flags.has("binary-file")) {
    options.binary = BIA_TRY(read_file(std::string(flags.get("binary-file"))));
    if (options.binary.empty()) return setup_error("no data provided");
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
    BIA_TRY(check_json("data", options.data));
  }
  options.metadata = flags.has("metadata-file")
                         ? BIA_TRY(read_file(std::string(flags.get("metadata-file"))))
                         : std::string(flags.get("metadata"));
  // A file's text may be JSON only when its templates have run.
  if (!flags.has("metadata-file")) BIA_TRY(string_map("metadata", options.metadata));
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

Result<void> read_sizes(const ParsedFlags& flags, Options& options) {
  for (bool recv : {true, false}) {
    const std::string_view text =
        flags.get(recv ? "max-recv-message-size" : "max-send-message-size");
    if (text.empty()) continue;
    auto size = parse_bytes(text);
    if (!size)
      return value_error(fmt::format("invalid max call {} message size: {}", recv ? "recv" : "send",
                                     size.error().message()));
    (recv ? options.recv_bytes_max : options.send_bytes_max) = *size;
  }
  return {};
}

/// Whom to call, and how its connections are made.
void read_target(const ParsedFlags& flags, Options& options) {
  options.host = bia::trim_space(flags.host);
  options.proto = flags.get("proto");
  options.protoset = flags.get("protoset");
  options.call = bia::trim_space(flags.get("call"));
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
  options.output = bia::trim_space(flags.get("output"));
  options.series = flags.get("series");
  options.debug = flags.get("debug");
  options.balance = BIA_TRY(parse_balance(flags.get("lb-strategy")));
  options.skip_first = number(flags, "skipFirst");
  options.count_errors = flags.get("count-errors") == "true";
  options.name = bia::trim_space(flags.get("name"));
  options.cpus = number(flags, "cpus");
  options.template_functions = flags.get("disable-template-functions") != "true";
  options.template_data = flags.get("disable-template-data") != "true";
  BIA_TRY(read_sizes(flags, options));
  if (options.duration > bia::Duration::zero()) options.total = INT32_MAX;  // As ghz reports it.
  BIA_TRY(read_payload(flags, read_stdin, options));
  options.tls = BIA_TRY(make_tls(options));
  BIA_TRY(check(options));
  return std::move(options);
}

Result<uint64_t> parse_bytes(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789.,"), text.size());
  std::string number(text.substr(0, digits));
  std::erase(number, ',');
  const auto value = templates::parse_float(number);
  if (!value)
    return value_error(fmt::format("strconv.ParseFloat: parsing \"{}\": invalid syntax", number));
  // "kb" is 1000, "kib" and "ki" are 1024.
  std::string_view typed = bia::trim_space(text.substr(digits));
  std::string unit = bia::lower_case(typed);
  if (unit.ends_with('b')) unit.pop_back();
  const double base = unit.size() == 2 && unit[1] == 'i' ? 1024 : 1000;
  if (base == 1024) unit.pop_back();
  constexpr std::string_view kPrefixes = "kmgtpe";
  const size_t power = unit.empty() ? 0 : kPrefixes.find(unit) + 1;
  if (unit.size() > 1 || (!unit.empty() && power == 0))
    return value_error(fmt::format("unhandled size name: {}", bia::lower_case(typed)));
  const double bytes = *value * std::pow(base, static_cast<double>(power));
  if (bytes >= 0x1p64) return value_error(fmt::format("too large: {}", text));
  // No message is larger than 2 GiB.
  return static_cast<uint64_t>(std::min<double>(bytes, INT32_MAX));
}

}  // namespace zelus::ghz
