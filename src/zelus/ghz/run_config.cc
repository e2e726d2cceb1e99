#include "zelus/ghz/run_config.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "bia/base/time.h"
#include "http/message/field_lines.h"

namespace zelus::ghz {
namespace {

using Kind = Flag::Kind;
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

/// In the order of ghz's Config; '?': left out where it is empty, '{': JSON.
constexpr std::string_view kSettings[] = {"proto",
                                          "protoset",
                                          "call",
                                          "cacert",
                                          "cert",
                                          "key",
                                          "count-errors",
                                          "skipTLS",
                                          "skipFirst",
                                          "cname",
                                          "authority",
                                          "?insecure",
                                          "total",
                                          "?async",
                                          "concurrency",
                                          "concurrency-schedule",
                                          "concurrency-start",
                                          "concurrency-end",
                                          "concurrency-step",
                                          "concurrency-step-duration",
                                          "concurrency-max-duration",
                                          "connections",
                                          "rps",
                                          "duration",
                                          "duration-stop",
                                          "max-duration",
                                          "timeout",
                                          "{data",
                                          "data-file",
                                          "binary-file",
                                          "{metadata",
                                          "metadata-file",
                                          "stream-interval",
                                          "stream-call-duration",
                                          "stream-call-count",
                                          "stream-dynamic-messages",
                                          "output",
                                          "format",
                                          "connect-timeout",
                                          "keepalive",
                                          "cpus",
                                          "?import-paths",
                                          "?name",
                                          "{tags",
                                          "{reflect-metadata",
                                          "?debug",
                                          "host",
                                          "?enable-compression",
                                          "load-schedule",
                                          "load-start",
                                          "load-end",
                                          "load-step",
                                          "load-step-duration",
                                          "load-max-duration",
                                          "lb-strategy",
                                          "max-recv-message-size",
                                          "max-send-message-size",
                                          "disable-template-functions",
                                          "disable-template-data"};

void string(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

/// A text that is no JSON becomes a string.
void json(Writer& writer, std::string_view text) {
  rapidjson::Document document;
  if (document.Parse(text.data(), text.size()).HasParseError())
    string(writer, text);
  else
    document.Accept(writer);
}

/// Secrets as in all lines; of what is no map of texts nothing is said.
void metadata(Writer& writer, std::string_view text) {
  rapidjson::Document document;
  if (document.Parse(text.data(), text.size()).HasParseError() || !document.IsObject())
    return string(writer, text.empty() ? text : "***");
  for (auto& member : document.GetObject()) {
    if (bia::http::is_secret_field({member.name.GetString(), member.name.GetStringLength()}))
      member.value.SetString("***");
  }
  document.Accept(writer);
}

void paths(Writer& writer, std::string_view list) {
  writer.StartArray();
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    string(writer, list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  writer.EndArray();
}

Kind kind_of(std::string_view name) {
  for (const Flag& flag : flags()) {
    if (flag.name == name) return flag.kind;
  }
  return Kind::kString;
}

void value(Writer& writer, std::string_view name, std::string_view text) {
  switch (kind_of(name)) {
    case Kind::kBool:
      writer.Bool(text == "true");
      return;
    case Kind::kUint:
    case Kind::kInt:
      return json(writer, text);
    case Kind::kDuration: {
      const auto duration = bia::parse_go_duration(text);
      return string(writer, duration ? bia::format_go_duration(*duration) : std::string(text));
    }
    case Kind::kString:
      break;
  }
  string(writer, text);
}

}  // namespace

std::string config_json(const ParsedFlags& flags) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  for (std::string_view name : kSettings) {
    const char mark = name[0] == '?' || name[0] == '{' ? name[0] : ' ';
    if (mark != ' ') name.remove_prefix(1);
    const std::string_view text = name == "host" ? flags.host : flags.get(name);
    if (mark != ' ' && (text.empty() || text == "false")) continue;
    writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    if (name.ends_with("metadata"))
      metadata(writer, text);
    else if (mark == '{')
      json(writer, text);
    else if (name == "import-paths")
      paths(writer, text);
    else
      value(writer, name, text);
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace zelus::ghz
