#include "zelus/options/json.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "zelus/options/go_json_error.h"

namespace zelus::options {

using bia::Code;
using bia::Error;

namespace {
constexpr size_t kJsonBytesMax = 256 * 1024 * 1024;
}

Result<void> parse_json(std::string_view text, rapidjson::Document& document) {
  if (text.size() > kJsonBytesMax)
    return Error(Code::kResourceExhausted, "JSON_TOO_LARGE", "more than 256 MiB of JSON");
  // Iterative: nesting must not use up a fiber's stack.
  constexpr unsigned kFlags = rapidjson::kParseFullPrecisionFlag | rapidjson::kParseIterativeFlag;
  document.Parse<kFlags>(text.data(), text.size());
  if (!document.HasParseError()) return {};
  auto go = go_json_error(text);
  std::string what = go ? std::move(go->text)
                        : fmt::format("invalid JSON at byte {}: {}", document.GetErrorOffset(),
                                      rapidjson::GetParseError_En(document.GetParseError()));
  return Error(Code::kInvalidArgument, "BAD_JSON", std::move(what));
}

std::string_view text_of(const JsonValue& value) {
  return {value.GetString(), value.GetStringLength()};
}

std::string go_kind(const JsonValue& value) {
  switch (value.GetType()) {
    case rapidjson::kNullType:
      return "null";
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return "bool";
    case rapidjson::kObjectType:
      return "object";
    case rapidjson::kArrayType:
      return "array";
    case rapidjson::kStringType:
      return "string";
    case rapidjson::kNumberType:
      break;
  }
  return "number";
}

std::string dump(const JsonValue& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::vector<JsonMember> members(const JsonValue& object) {
  std::vector<JsonMember> result;
  for (const auto& member : object.GetObject())
    result.push_back({text_of(member.name), &member.value});
  std::stable_sort(result.begin(), result.end(),
                   [](const JsonMember& a, const JsonMember& b) { return a.name < b.name; });
  return result;
}

bool same_name(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

Error type_error(const JsonValue& value, const Place& place, std::string_view type) {
  place.note(value);
  std::string where =
      place.field.empty() ? "Go value" : fmt::format("Go struct field {}", place.field);
  return Error(
      Code::kInvalidArgument, "BAD_OPTION_TYPE",
      fmt::format("json: cannot unmarshal {} into {} of type {}", go_kind(value), where, type));
}

}  // namespace zelus::options
