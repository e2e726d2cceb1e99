#include "zelus/ghz/config_file.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <filesystem>

#include "base/read_file.h"
#include "base/text.h"
#include "bia/base/time.h"
#include "zelus/options/go_json_error.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;
using Kind = Flag::Kind;
using rapidjson::Value;

constexpr size_t kFileBytesMax = 64 << 20;

Error bad(std::string text) { return Error(Code::kInvalidArgument, "BAD_VALUE", std::move(text)); }

std::string_view go_kind(const Value& value) {
  if (value.IsObject()) return "object";
  if (value.IsArray()) return "array";
  if (value.IsString()) return "string";
  return value.IsBool() ? "bool" : "number";
}

Error type_error(const Value& value, std::string_view key, std::string_view type) {
  return bad(fmt::format("json: cannot unmarshal {} into Go struct field Config.{} of type {}",
                         go_kind(value), key, type));
}

std::string to_json(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

/// Go shows the number that does not fit.
Error number_error(const Value& value, std::string_view key, std::string_view type) {
  if (!value.IsNumber()) return type_error(value, key, type);
  return bad(
      fmt::format("json: cannot unmarshal number {} into Go struct field Config.{} of type {}",
                  to_json(value), key, type));
}

Result<std::string> duration_text(const Value& value, std::string_view key) {
  if (!value.IsString() && !value.IsNumber()) return type_error(value, key, "runner.Duration");
  std::string text = value.IsString() ? value.GetString() : to_json(value);
  auto parsed = bia::parse_go_duration(text);
  if (!parsed) return bad(parsed.error().message());
  return text;
}

/// An object, or an array of them that is not empty.
Result<std::string> data_text(const Value& value) {
  if (value.IsObject()) return to_json(value);
  if (!value.IsArray()) return bad("unsupported type for Data");
  if (value.Empty()) return bad("data array must not be empty");
  for (const Value& each : value.GetArray()) {
    if (!each.IsObject()) return bad("data array contains unsupported type");
  }
  return to_json(value);
}

Result<std::string> map_text(const Value& value, std::string_view key) {
  if (!value.IsObject()) return type_error(value, key, "map[string]string");
  for (const auto& member : value.GetObject()) {
    if (!member.value.IsString()) return type_error(member.value, key, "string");
  }
  return to_json(value);
}

Result<std::string> list_text(const Value& value, std::string_view key) {
  if (!value.IsArray()) return type_error(value, key, "[]string");
  std::string out;
  for (const Value& each : value.GetArray()) {
    if (!each.IsString()) return type_error(each, key, "string");
    out += fmt::format("{}{}", out.empty() ? "" : ",", each.GetString());
  }
  return out;
}

/// What the flag would have been given on the command line.
Result<std::string> flag_text(const Flag& flag, const Value& value) {
  if (flag.name == "data") return data_text(value);
  if (flag.name == "metadata" || flag.name == "tags" || flag.name == "reflect-metadata")
    return map_text(value, flag.name);
  if (flag.name == "import-paths") return list_text(value, flag.name);
  switch (flag.kind) {
    case Kind::kString:
      if (!value.IsString()) return type_error(value, flag.name, "string");
      return std::string(value.GetString(), value.GetStringLength());
    case Kind::kBool:
      if (!value.IsBool()) return type_error(value, flag.name, "bool");
      return std::string(value.GetBool() ? "true" : "false");
    case Kind::kUint:
      if (!value.IsUint()) return number_error(value, flag.name, "uint");
      return std::to_string(value.GetUint());
    case Kind::kInt:
      if (!value.IsInt()) return number_error(value, flag.name, "int");
      return std::to_string(value.GetInt());
    case Kind::kDuration:
      break;
  }
  return duration_text(value, flag.name);
}

Result<void> parse_config(const std::string& path, rapidjson::Document& document) {
  const auto read = bia::read_file(path);
  if (!read)
    return Error(Code::kNotFound, "NO_CONFIG",
                 fmt::format("Failed to find configuration {}", path));
  const std::string& text = *read;
  if (text.size() > kFileBytesMax)
    return bad(fmt::format("{}: more than {} bytes", path, kFileBytesMax));
  const std::string extension = bia::lower_case(std::filesystem::path(path).extension().string());
  Result<void> parsed;
  if (extension == ".toml") {
    parsed = parse_toml_config(text, document);
  } else if (extension == ".yaml" || extension == ".yml") {
    parsed = parse_yaml_config(text, document);
  } else if (extension == ".json") {
    document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
    if (auto problem = options::go_json_error(text))
      parsed = bad(problem->text);
    else if (document.HasParseError())
      parsed = bad(rapidjson::GetParseError_En(document.GetParseError()));
  } else {
    return bad(fmt::format("{}: a config file ends in .json, .toml, .yaml or .yml", path));
  }
  if (!parsed) return bad(fmt::format("{}: {}", path, parsed.error().message()));
  if (!document.IsObject())
    return bad(fmt::format("json: cannot unmarshal {} into Go value of type runner.Config",
                           go_kind(document)));
  return {};
}

const Flag* setting(std::string_view key) {
  for (const Flag& flag : flags()) {
    const bool of_command_line =
        flag.name == "config" || flag.name == "binary" || flag.name == "series";
    if (!of_command_line && bia::lower_case(flag.name) == bia::lower_case(key)) return &flag;
  }
  return nullptr;
}

}  // namespace

Result<void> apply_config_file(const std::string& path, ParsedFlags& flags, std::string& warning) {
  rapidjson::Document document;
  BIA_TRY(parse_config(path, document));
  for (const auto& member : document.GetObject()) {
    const std::string_view key(member.name.GetString(), member.name.GetStringLength());
    if (bia::lower_case(key) == "host") {
      if (!member.value.IsString()) return type_error(member.value, "host", "string");
      if (flags.host.empty()) flags.host = member.value.GetString();
      continue;
    }
    const Flag* flag = setting(key);
    if (flag == nullptr) {
      warning += fmt::format("{}: \"{}\" is no setting, and is ignored\n", path, key);
      continue;
    }
    if (member.value.IsNull()) continue;
    std::string text = BIA_TRY(flag_text(*flag, member.value));
    flags.values.emplace(flag->name, std::move(text));
  }
  // The only defaults that a file has of its own.
  flags.values.emplace("concurrency-start", "1");
  flags.values.emplace("concurrency-step", "0");
  return {};
}

}  // namespace zelus::ghz
