#include "zelus/ghz/payload.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include "base/text.h"
#include "zelus/ghz/binary_payload.h"
#include "zelus/templates/base64.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;

Result<std::string> encode(const bia::codec::WireTable& input, std::string_view json) {
  std::string wire;
  if (auto encoded = input.json_to_wire(json, wire); !encoded.ok()) {
    return Error(Code::kInvalidArgument, "BAD_DATA",
                 fmt::format("Error creating message from data. Data: '{}' Error: {}", json,
                             encoded.error().message()));
  }
  return wire;
}

}  // namespace

Result<std::vector<std::string_view>> array_elements(std::string_view json) {
  std::string_view text = bia::trim_space(json);
  std::vector<std::string_view> elements;
  if (!text.starts_with('[')) {
    elements.push_back(text);
    return elements;
  }
  int depth = 0;
  bool quoted = false;
  size_t begin = 1;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    bool ends = depth == 0 && i + 1 == text.size();
    if ((c == ',' && depth == 1) || ends) {
      std::string_view element = bia::trim_space(text.substr(begin, i - begin));
      if (!element.empty()) elements.push_back(element);
      begin = i + 1;
      if (ends) {
        if (elements.empty()) return Error(Code::kInvalidArgument, "BAD_DATA", "no data provided");
        return elements;
      }
    }
  }
  return Error(Code::kInvalidArgument, "BAD_DATA",
               fmt::format("error unmarshaling data '{}': unexpected end of JSON input", json));
}

namespace {

Result<templates::Template> parse_template(const Options& options, std::string_view text) {
  if (!options.template_data) return templates::Template();
  return templates::Template::parse(
      "call_template_data", text,
      options.template_functions ? templates::Functions::kAll : templates::Functions::kBuiltin);
}

/// Appends the entries of a JSON object of strings. Keys that end in -bin have base64.
Result<void> read_entries(std::string_view json, bia::grpc::Metadata& out) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  auto wrong = [json](std::string_view what) {
    return Error(Code::kInvalidArgument, "BAD_METADATA",
                 fmt::format("error unmarshaling metadata '{}': {}", json, what));
  };
  if (document.HasParseError()) return wrong(rapidjson::GetParseError_En(document.GetParseError()));
  if (!document.IsObject())
    return wrong("json: cannot unmarshal into Go value of type map[string]string");
  for (const auto& member : document.GetObject()) {
    std::string key = bia::lower_case({member.name.GetString(), member.name.GetStringLength()});
    if (!member.value.IsString())
      return wrong("json: cannot unmarshal into Go value of type string");
    std::string value(member.value.GetString(), member.value.GetStringLength());
    if (key.ends_with("-bin")) {
      templates::Decoded decoded = templates::base64_decode(value);
      if (!decoded.problem.empty())
        return Error(Code::kInvalidArgument, "BAD_METADATA",
                     fmt::format("metadata {}: {}", key, decoded.problem));
      value = std::move(decoded.bytes);
    }
    out.emplace_back(std::move(key), std::move(value));
  }
  return {};
}

}  // namespace

Result<Payload> Payload::create(const Options& options,
                                std::shared_ptr<const bia::codec::WireTable> input) {
  Payload payload;
  payload.input_ = std::move(input);
  BIA_TRY(payload.read_messages(options));
  BIA_TRY(payload.read_metadata(options));
  return payload;
}

Result<void> Payload::read_messages(const Options& options) {
  if (options.has_binary) {
    messages_ = BIA_TRY(binary_messages(options.binary));
    return {};
  }
  const std::string_view data = bia::trim_space(options.data);
  if (data.empty() || data == "null") {
    messages_.emplace_back();
    return {};
  }
  const auto elements = BIA_TRY(array_elements(data));
  std::vector<templates::Template> parsed;
  bool has_action = false;
  for (std::string_view element : elements) {
    parsed.push_back(BIA_TRY(parse_template(options, element)));
    has_action = has_action || parsed.back().has_action();
  }
  // As ghz: one action anywhere, and all are templates; none, and all are texts.
  if (has_action) {
    message_templates_ = std::move(parsed);
    return {};
  }
  for (std::string_view element : elements) messages_.push_back(BIA_TRY(encode(*input_, element)));
  return {};
}

Result<void> Payload::read_metadata(const Options& options) {
  const std::string_view text = bia::trim_space(options.metadata);
  if (text.empty() || text == "null") return {};
  metadata_template_ = BIA_TRY(parse_template(options, text));
  has_metadata_template_ = metadata_template_.has_action();
  if (has_metadata_template_) return {};
  return read_entries(text, metadata_);
}

Result<std::string_view> Payload::message_at(size_t index, const CallData& call,
                                             std::string& scratch) const {
  if (message_templates_.empty()) return std::string_view(messages_[index]);
  std::string json;
  BIA_TRY(message_templates_[index].execute(call, json));
  std::string_view element = json;
  if (message_templates_.size() == 1 && json.starts_with('[')) {
    const auto elements = BIA_TRY(array_elements(json));
    element = elements[call.request_number % elements.size()];
  }
  scratch = BIA_TRY(encode(*input_, element));
  return std::string_view(scratch);
}

Result<std::vector<std::string>> Payload::rendered(const CallData& call) const {
  std::vector<std::string> out;
  for (const templates::Template& each : message_templates_) {
    std::string json;
    BIA_TRY(each.execute(call, json));
    for (std::string_view element : BIA_TRY(array_elements(json)))
      out.push_back(BIA_TRY(encode(*input_, element)));
  }
  return out;
}

Result<const bia::grpc::Metadata*> Payload::metadata(const CallData& call,
                                                     bia::grpc::Metadata& scratch) const {
  if (!has_metadata_template_) return metadata_.empty() ? nullptr : &metadata_;
  std::string json;
  BIA_TRY(metadata_template_.execute(call, json));
  scratch.clear();
  BIA_TRY(read_entries(json, scratch));
  return &scratch;
}

}  // namespace zelus::ghz
