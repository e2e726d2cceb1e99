// `zelus pause`, `resume`, `scale`, `stats`, `status`: the REST API of a run that goes on.
#include <fmt/format.h>
#include <rapidjson/document.h>

#include "bia/http/client.h"
#include "zelus/metrics/go_float.h"
#include "zelus/options/duration.h"
#include "zelus/options/json.h"
#include "zelus/run/command.h"
#include "zelus/run/command_threads.h"
#include "zelus/run/flag_tables.h"
#include "zelus/run/log.h"
#include "zelus/run/settings.h"

namespace zelus::run {

using bia::Code;
using bia::Error;
using options::Flag;

namespace {

/// Whoever listens there may answer anything: null where there is no such member.
const rapidjson::Value& member(const rapidjson::Value& object, const char* key) {
  static const rapidjson::Value kNull;
  if (!object.IsObject()) return kNull;
  const auto found = object.FindMember(key);
  return found == object.MemberEnd() ? kNull : found->value;
}

std::string_view text_of(const rapidjson::Value& value) {
  return value.IsString() ? options::text_of(value) : std::string_view();
}

Error not_this_api() {
  return Error(Code::kUnknown, "BAD_ANSWER", "the answer is not that of the REST API of a run");
}

constexpr size_t kHelpColumns = 120;
constexpr bia::Duration kPatience = std::chrono::seconds(60);

struct RestCommand {
  std::string_view name;
  std::string_view help;
  std::string_view method;
  std::string_view path;
};
constexpr RestCommand kCommands[] = {
    {"status", "Show test status.", "GET", "/v1/status"},
    {"stats", "Show test metrics.", "GET", "/v1/metrics"},
    {"pause", "Pause a running test.", "PATCH", "/v1/status"},
    {"resume", "Resume a paused test.", "PATCH", "/v1/status"},
    {"scale", "Scale a running test.", "PATCH", "/v1/status"},
};

std::vector<Flag> own_flags(const RestCommand& command) {
  if (command.name != "scale") return {};
  return {{"vus", 'u', Flag::Kind::kInt, "1", "number of virtual users"},
          {"max", 'm', Flag::Kind::kInt, "", "max available virtual users"}};
}

std::string help_of(const RestCommand& command) {
  std::vector<Flag> own = own_flags(command);
  own.push_back({"help", 'h', Flag::Kind::kBool, "", "help for the command"});
  return fmt::format(
             "{}\n\n  Use the global --address flag to specify the URL to the API server.\n\n"
             "Usage:\n  zelus {} [flags]\n\nFlags:\n",
             command.help, command.name) +
         options::FlagSet::usages(own, kHelpColumns) + "\nGlobal Flags:\n" +
         options::FlagSet::usages(global_flags(), kHelpColumns);
}

Result<std::string> body_of(const RestCommand& command, const options::FlagSet& flags) {
  std::string attributes;
  if (command.name == "pause") attributes = R"("paused":true)";
  if (command.name == "resume") attributes = R"("paused":false)";
  if (command.name == "scale") {
    auto add = [&](const char* key, std::optional<int64_t> value) {
      if (value)
        attributes += fmt::format("{}\"{}\":{}", attributes.empty() ? "" : ",", key, *value);
    };
    add("vus", flags.integer("vus"));
    add("vus-max", flags.integer("max"));
    if (attributes.empty())
      return Error(Code::kInvalidArgument, "NOTHING_TO_DO", "Specify either -u/--vus or -m/--max");
  }
  if (attributes.empty()) return std::string();
  return fmt::format(R"({{"data":{{"type":"status","id":"default","attributes":{{{}}}}}}})",
                     attributes);
}

/// Suspends.
Result<rapidjson::Document> call(const std::string& address, const RestCommand& command,
                                 const std::string& body) {
  size_t colon = address.rfind(':');
  Result<int64_t> port = Error(Code::kInvalidArgument, "BAD_ADDRESS", "");
  if (colon != std::string::npos) port = options::parse_int(address.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535)
    return Error(Code::kInvalidArgument, "BAD_ADDRESS",
                 fmt::format("the address {} of the REST API has no port; write localhost:6565",
                             metrics::go_quote(address)));
  std::string host = address.substr(0, colon);
  if (host.empty()) host = "localhost";
  bia::http::Client client{bia::http::ClientOptions()};
  bia::http::ClientRequest request;
  request.method = command.method;
  request.host = host;
  request.port = static_cast<uint16_t>(*port);
  request.target = command.path;
  request.body = body;
  bia::http::Headers headers;
  if (!body.empty()) headers.set("Content-Type", "application/json");
  request.headers = &headers;
  bia::http::ClientResponse response;
  bia::http::Timings timings;
  auto sent = client.send(request, response, timings, bia::Deadline::after(kPatience));
  if (!sent)
    return Error(sent.error().code(), sent.error().reason(),
                 fmt::format("{} \"http://{}{}\": {}", command.method == "GET" ? "Get" : "Patch",
                             address, command.path, sent.error().message()));
  rapidjson::Document document;
  if (!options::parse_json(response.body, document) || !document.IsObject())
    return Error(Code::kUnknown, "BAD_ANSWER",
                 fmt::format("http://{}{} answered {} without JSON: is it the REST API of a run?",
                             address, command.path, response.status));
  auto errors = document.FindMember("errors");
  if (errors == document.MemberEnd()) return document;
  std::string text;
  if (!errors->value.IsArray()) return not_this_api();
  for (const auto& error : errors->value.GetArray()) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", text_of(member(error, "title")),
                        text_of(member(error, "detail")));
  }
  return Error(Code::kFailedPrecondition, "REFUSED", text);
}

int64_t integer_of(const rapidjson::Value& object, const char* key) {
  const rapidjson::Value& value = member(object, key);
  return value.IsInt64() ? value.GetInt64() : 0;
}

std::string quoted_bool(const rapidjson::Value& value) {
  return value.IsBool() ? (value.GetBool() ? "\"true\"" : "\"false\"") : "\"\"";
}

/// As Go's YAML writes k6's structures: nullable values are texts.
std::string status_yaml(const rapidjson::Value& attributes) {
  auto flag = [&](const char* key) {
    const rapidjson::Value& value = member(attributes, key);
    return value.IsBool() && value.GetBool() ? "true" : "false";
  };
  return fmt::format(
      "status: {}\npaused: {}\nvus: \"{}\"\nvus-max: \"{}\"\nstopped: {}\nrunning: {}\n"
      "tainted: {}\n",
      integer_of(attributes, "status"), quoted_bool(member(attributes, "paused")),
      integer_of(attributes, "vus"), integer_of(attributes, "vus-max"), flag("stopped"),
      flag("running"), flag("tainted"));
}

std::string stats_yaml(const rapidjson::Value& metrics) {
  std::string text;
  for (const auto& metric : metrics.GetArray()) {
    const auto& attributes = member(metric, "attributes");
    text += fmt::format("- name: {}\n", text_of(member(metric, "id")));
    for (const char* key : {"type", "contains"})
      text += fmt::format("  {}:\n    type: {}\n    valid: true\n", key,
                          text_of(member(attributes, key)));
    text += fmt::format("  tainted: {}\n  sample:\n", quoted_bool(member(attributes, "tainted")));
    const rapidjson::Value& sample = member(attributes, "sample");
    if (!sample.IsObject()) continue;
    for (const auto& value : sample.GetObject()) {
      if (value.value.IsNumber())
        text += fmt::format("    {}: {}\n", value.name.GetString(),
                            metrics::format_go_g(value.value.GetDouble()));
    }
  }
  return text.empty() ? "[]\n" : text;
}

/// Errors: an answer that is none of this API.
Result<std::string> yaml_of(const RestCommand& command, const rapidjson::Document& document) {
  auto data = document.FindMember("data");
  if (data != document.MemberEnd()) {
    if (command.name == "stats" && data->value.IsArray()) return stats_yaml(data->value);
    if (command.name != "stats" && member(data->value, "attributes").IsObject())
      return status_yaml(member(data->value, "attributes"));
  }
  return not_this_api();
}

Result<void> work(const RestCommand& command, const options::FlagSet& flags,
                  const GlobalSettings& global, Terminal& terminal) {
  std::string body = BIA_TRY(body_of(command, flags));
  if (global.address.empty())
    return Error(Code::kFailedPrecondition, "NO_ADDRESS",
                 "The REST API server is disabled, but this command needs it. Enable it by setting "
                 "--address or K6_ADDRESS, for the run and for this command.");
  Result<void> result;
  BIA_TRY(on_threads([&](bia::fiber::ThreadGroup&) {
    auto document = call(global.address, command, body);
    Result<std::string> text = document ? yaml_of(command, *document) : document.error();
    if (text) {
      terminal.write_out(*text);
    } else {
      result = std::move(text).error();
    }
  }));
  return result;
}

}  // namespace

int rest_command(std::string_view name, const std::vector<std::string>& arguments,
                 CommandContext& context) {
  const RestCommand* command = kCommands;
  while (command->name != name) ++command;
  std::vector<Flag> all = own_flags(*command);
  all.insert(all.end(), global_flags().begin(), global_flags().end());
  options::FlagSet flags(all);
  auto parsed = flags.parse(arguments);
  if (!parsed && parsed.error().reason() == "HELP") {
    context.terminal->write_out(help_of(*command));
    return 0;
  }
  GlobalSettings global = global_settings(flags, context.environment);
  auto log = Log::create({global.log_output, global.log_format, global.verbose, global.no_color},
                         *context.terminal);
  if (!log) return report_error(log.error(), **Log::create({}, *context.terminal));
  if (!parsed) return report_error(parsed.error(), **log);
  auto done = work(*command, flags, global, *context.terminal);
  return done ? 0 : report_error(done.error(), **log);
}

}  // namespace zelus::run
