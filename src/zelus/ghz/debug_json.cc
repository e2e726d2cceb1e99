#include "zelus/ghz/debug_json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <map>
#include <vector>

#include "http/message/field_lines.h"
#include "zelus/ghz/report.h"
#include "zelus/templates/runes.h"

namespace zelus::ghz {

std::string_view call_type(const Target& target) {
  if (target.client_streaming) return target.server_streaming ? "bidi" : "client-streaming";
  return target.server_streaming ? "server-streaming" : "unary";
}

std::string message_json(const bia::codec::WireTable& table, std::string_view wire) {
  std::string json;
  bia::codec::WireToJsonOptions options;
  options.unpopulated = bia::codec::Unpopulated::kOmit;
  if (!table.wire_to_json(wire, json, options).ok()) return "null";
  return json;
}

std::string metadata_json(const bia::grpc::Metadata* metadata) {
  std::map<std::string, std::vector<std::string>> by_key;
  if (metadata != nullptr) {
    for (const auto& [key, value] : *metadata) {
      // Go writes U+FFFD for what is no UTF-8.
      by_key[key].push_back(
          bia::http::is_secret_field(key) ? "***" : templates::text_of(templates::runes_of(value)));
    }
  }
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  auto string = [&writer](const std::string& text) {
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  };
  writer.StartObject();
  for (const auto& [key, values] : by_key) {
    string(key);
    writer.StartArray();
    for (const std::string& value : values) string(value);
    writer.EndArray();
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string go_code_name(bia::Code code) {
  // "rpc error: code = X desc = "
  constexpr std::string_view kBefore = "rpc error: code = ";
  if (code == bia::Code::kOk) return "OK";
  const std::string text = rpc_error_text(code, "");
  return text.substr(kBefore.size(), text.find(" desc = ") - kBefore.size());
}

}  // namespace zelus::ghz
