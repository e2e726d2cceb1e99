#include "zelus/ghz/payload.h"

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include "base/text.h"
#include "zelus/ghz/binary_payload.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;

/// Standard base64; nullopt-like false where it is none.
bool decode_base64(std::string_view text, std::string& out) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return false;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return true;
}

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

Result<Payload> Payload::create(const Options& options,
                                std::shared_ptr<const bia::codec::WireTable> input) {
  Payload payload;
  payload.input_ = std::move(input);
  auto functions = options.template_functions ? CallTemplate::Functions::kAllowed
                                              : CallTemplate::Functions::kDisabled;
  if (options.has_binary) {
    payload.messages_ = BIA_TRY(binary_messages(options.binary));
  } else if (bia::trim_space(options.data).empty() || bia::trim_space(options.data) == "null") {
    payload.messages_.emplace_back();
  } else {
    for (std::string_view element : BIA_TRY(array_elements(options.data))) {
      CallTemplate parsed;
      if (options.template_data) parsed = BIA_TRY(CallTemplate::parse(element, functions));
      if (parsed.is_plain()) {
        payload.messages_.push_back(BIA_TRY(encode(*payload.input_, element)));
      } else {
        payload.message_templates_.push_back(std::move(parsed));
      }
    }
    if (!payload.message_templates_.empty() && !payload.messages_.empty()) {
      return Error(Code::kInvalidArgument, "BAD_DATA",
                   "either all elements of the data array have template actions, or none");
    }
  }
  rapidjson::Document metadata;
  if (!options.metadata.empty()) metadata.Parse(options.metadata.data(), options.metadata.size());
  if (!metadata.IsObject()) return payload;
  for (const auto& member : metadata.GetObject()) {
    std::string key = member.name.GetString();
    for (char& c : key) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    std::string value(member.value.GetString(), member.value.GetStringLength());
    if (key.ends_with("-bin")) {
      std::string raw;
      if (!decode_base64(value, raw))
        return Error(Code::kInvalidArgument, "BAD_METADATA",
                     fmt::format("metadata {}: not base64: {}", key, value));
      payload.metadata_.emplace_back(key, raw);
      continue;
    }
    CallTemplate parsed;
    if (options.template_data) parsed = BIA_TRY(CallTemplate::parse(value, functions));
    if (parsed.is_plain()) {
      payload.metadata_.emplace_back(key, value);
    } else {
      payload.metadata_templates_.emplace_back(key, std::move(parsed));
    }
  }
  return payload;
}

Result<std::string_view> Payload::message_at(size_t index, const CallData& call,
                                             std::string& scratch) const {
  if (message_templates_.empty()) return std::string_view(messages_[index]);
  std::string json;
  message_templates_[index].render(call, json);
  scratch = BIA_TRY(encode(*input_, json));
  return std::string_view(scratch);
}

const bia::grpc::Metadata* Payload::metadata(const CallData& call,
                                             bia::grpc::Metadata& scratch) const {
  if (metadata_templates_.empty()) return metadata_.empty() ? nullptr : &metadata_;
  scratch = metadata_;
  for (const auto& [key, text] : metadata_templates_) {
    scratch.emplace_back(key, std::string());
    text.render(call, scratch.back().second);
  }
  return &scratch;
}

}  // namespace zelus::ghz
